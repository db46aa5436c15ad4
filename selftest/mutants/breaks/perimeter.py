"""What is open, and who speaks there."""

from __future__ import annotations

from selftest.mutants.mutant import Mutant

BREAKS = (
    Mutant(
        "open-without-listener",
        "a port let through to a host where nobody listens is no breach",
        "judge/inbound.py",
        "return {found.how: ports}",
        "return {}",
        "judge/test_inbound.py",
    ),
    Mutant(
        "web-always-allowed",
        "the profile's reading of the public web is not asked",
        "allowed/services.py",
        'if "internet_servers" in groups and profile.public_web == ALLOWED:',
        'if "internet_servers" in groups:',
        "judge/test_inbound.py",
    ),
    Mutant(
        "smtp-anywhere",
        "SMTP may come in to any host",
        "allowed/services.py",
        'if "mail_gateways" in groups:',
        "if True:",
        "judge/test_inbound.py",
    ),
    Mutant(
        "inbound-doubts-and",
        "`and` for `or` before compliant, inbound",
        "judge/inbound.py",
        "if doubts or not witnesses or not evidence:",
        "if doubts and not witnesses:",
        "judge/test_inbound.py",
    ),
    Mutant(
        "imposter-welcome",
        "a service need not say who it is",
        "judge/services.py",
        "elif service.identity not in talk.identities:",
        "elif False:",
        "judge/test_services.py",
    ),
    Mutant(
        "untalked-ports",
        "open ports nobody talked to are no doubt",
        "judge/services.py",
        "            if silent:\n",
        "            if False:\n",
        "judge/test_services.py",
    ),
    Mutant(
        "inside-sweep-incomplete",
        "an incomplete sweep vouches for the Intranet",
        "judge/coverage.py",
        "if not sweep.certificate.complete:",
        "if False:",
        "judge/test_intranet.py",
    ),
    Mutant(
        "inside-loss-ignored",
        "the miss bound is ignored for the Intranet",
        "judge/coverage.py",
        "    if silent and bound > profile.miss_bound:",
        "    if False:",
        "judge/test_intranet.py",
    ),
    Mutant(
        "inside-no-canary",
        "no canary has to answer until the end for the Intranet",
        "judge/coverage.py",
        "if not any(canary.late_answered for canary in canaries(version, sweep)):",
        "if False:",
        "judge/test_intranet.py",
    ),
    Mutant(
        "inside-mute-peer",
        "a port that says nothing serves nothing",
        "judge/coverage.py",
        "elif talk.protocol in MUTE:",
        "elif False:",
        "judge/test_intranet.py judge/test_internet_server.py",
    ),
)
