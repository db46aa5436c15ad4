"""How the policy is read where it is silent or in tension, in words, for the report. Chosen by the profile."""

from __future__ import annotations

from ordinance.law.model import Profile

_TENSION = "9.A.2 lets in only e-mail (SMTP) and newsgroups (NNTP), while 9.A.3 sends the public through the Internet server."


def readings(profile: Profile) -> list[str]:
    """Every declared reading of the policy under this profile."""
    return [
        _public_web(profile),
        _public_dns(profile),
        "9.A.1 and 9.A.2: a packet must not cross the firewall. A reset or any other reply from the end host shows that it "
        "crossed, even when nothing listens there.",
        "9.A.1 “except where authorized by ITD” is the register of authorisations in the inventory: each entry names the "
        "control, the target, who approved it, why, and its last day. An expired entry excuses nothing.",
        "Numbers that the policy leaves to ITD (limits, ages, days) are parameters of the profile, listed in this report.",
    ]


def _public_web(profile: Profile) -> str:
    ports = _ports(profile.web_ports)
    if profile.public_web == "allowed":
        return f"{_TENSION} Read together: the public web (TCP {ports}) on the Internet server, and only there, is allowed."
    return f"{_TENSION} Read strictly: public web (TCP {ports}) violates 9.A.2, on the Internet server too."


def _public_dns(profile: Profile) -> str:
    ports = _ports(profile.dns_ports)
    what = f"name service for the public zone (port {ports}) on the declared name server"
    if profile.public_dns == "allowed":
        return f"9.A.2 does not mention DNS, without which mail and web cannot be reached: {what} is allowed."
    return f"9.A.2 does not mention DNS. Read strictly: {what} violates it."


def _ports(ports: tuple[int, ...]) -> str:
    return ", ".join(str(port) for port in ports)
