"""Who refused."""

from __future__ import annotations

from selftest.mutants.mutant import Mutant

BREAKS = (
    Mutant(
        "reset-is-the-firewalls",
        "every reset comes from the firewall",
        "judge/attribution.py",
        "if reply.hops < host_hops:",
        "if True:",
        "judge/test_blocked.py judge/test_inbound.py",
    ),
    Mutant(
        "reset-as-far-as-the-host",
        "a reset from as far as the host is still on the way",
        "judge/attribution.py",
        "if reply.hops < host_hops:",
        "if reply.hops <= host_hops:",
        "judge/test_blocked.py judge/test_inbound.py",
    ),
    Mutant(
        "empty-window-is-the-proxys",
        "every handshake with an empty window comes from a proxy on the way",
        "judge/attribution.py",
        "nearer = reply.hops < host_hops",
        "nearer = True",
        "judge/test_blocked.py judge/test_inbound.py judge/test_intranet.py",
    ),
    Mutant(
        "more-than-a-handshake",
        "what follows a handshake with an empty window does not matter",
        "judge/attribution.py",
        "if is_firewall or reply.by or reply.hops is None or host_hops is None:",
        "if is_firewall or reply.hops is None or host_hops is None:",
        "judge/test_blocked.py judge/test_intranet.py",
    ),
    Mutant(
        "reset-without-hops",
        "a reset from nobody knows where was stopped",
        "judge/attribution.py",
        'return Attribution(Where.UNKNOWN, "refused by a reset, and who sent it cannot be told")',
        'return Attribution(Where.STOPPED, "refused by a reset")',
        "judge/test_blocked.py judge/test_inbound.py",
    ),
    Mutant(
        "icmp-from-behind",
        "an ICMP error of a host behind the firewall was stopped on the way",
        "judge/attribution.py",
        'return "firewalls" not in sender.groups',
        "return False",
        "judge/test_blocked.py judge/test_inbound.py",
    ),
    Mutant(
        "icmp-without-sender",
        "an ICMP error of nobody knows whom was stopped on the way",
        "judge/attribution.py",
        'return Attribution(Where.UNKNOWN, "an ICMP error, and who sent it cannot be told")',
        'return Attribution(Where.STOPPED, "an ICMP error")',
        "judge/test_blocked.py judge/test_inbound.py",
    ),
    Mutant(
        "nobody-home-is-blocked",
        "a router that looked for the host and found nobody blocked the packet",
        "judge/attribution.py",
        'return Attribution(Where.CROSSED, f"let through, nobody is there: {named}")',
        'return Attribution(Where.STOPPED, f"nobody is there: {named}")',
        "judge/test_blocked.py judge/test_inbound.py",
    ),
    Mutant(
        "cannot-send-is-blocked",
        "the vantage's own refusal to send counts as the firewall's",
        "judge/attribution.py",
        'return Attribution(Where.UNKNOWN, f"the vantage itself could not send',
        'return Attribution(Where.STOPPED, f"the vantage itself could not send',
        "judge/test_blocked.py",
    ),
    Mutant(
        "firewalls-own-refusal",
        "the firewall's own address refusing was stopped by its filter",
        "judge/attribution.py",
        "return Attribution(Where.UNKNOWN, \"the firewall's own address refused, which",
        "return Attribution(Where.STOPPED, \"the firewall's own address refused, which",
        "judge/test_blocked.py judge/test_inbound.py",
    ),
)
