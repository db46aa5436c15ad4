"""`ordinance prove` of Cisco's configurations: the verdict, its sentence and its exit code."""

from pathlib import Path

import pytest

from ordinance.cli import main

POLICY = """outside: [{}]
inbound:
  - {{to: [198.51.100.5, "2001:db8:100:1::5"], protocol: tcp, ports: [25], why: SMTP on a mail gateway}}
"""
IOS = """version 15.2
ip access-list extended IN
 deny ip any any fragments
 permit tcp any host 198.51.100.5 eq smtp
 permit tcp any any established
ipv6 access-list IN6
 deny ipv6 any any fragments
 permit tcp any host 2001:db8:100:1::5 eq smtp
interface GigabitEthernet0/0
 ip access-group IN in
 ipv6 traffic-filter IN6 in
end
"""
ASA = """ASA Version 9.8(4)
interface GigabitEthernet0/0
 nameif outside
 security-level 0
interface GigabitEthernet0/1
 nameif inside
 security-level 100
object network MAIL
 host 198.51.100.5
 nat (inside,outside) static 203.0.113.5
access-list OUT extended permit tcp any object MAIL eq smtp
access-group OUT in interface outside
: end
"""
CASES = [
    (IOS, (), 0, "proved: of all packets from outside, by IPv4 and by IPv6"),
    (IOS.replace(" deny ip any any fragments\n", ""), (), 1, "a later fragment (offset 8 bytes) of a TCP packet"),
    (IOS.replace("eq smtp", "eq telnet"), (), 1, "to 198.51.100.5 port 23 (in by Gi0/0)"),
    (IOS.replace(" deny ipv6 any any fragments\n", ""), (), 6, "the packet is a later fragment of IPv6"),
    (IOS.replace(" ipv6 traffic-filter IN6 in\n", ""), (), 1, "IPv6"),
    (IOS.replace("established\n", "established\n permit udp any any eq 53 dscp ef\n"), (), 6, '"dscp ef"'),
    (IOS.replace("IN in\n", "IN in\n zone-member security Z\n"), (), 6, "zone-member security Z"),
    (IOS.replace("end\n", "frobnicate\nend\n"), (), 6, "frobnicate"),
    (IOS.replace("eq smtp", "eq smpt"), (), 4, 'rules:4: no port is called "smpt"; write its number'),
    (ASA, ("--hook", "forward"), 0, "proved: of all packets from outside"),
    (ASA, (), 6, "access to the ASA itself is not read"),
    (ASA.replace("eq smtp", "eq telnet"), ("--hook", "forward"), 1, "rules:11: access-list OUT extended permit tcp any"),
    (ASA.replace("access-group", "!"), ("--hook", "forward"), 0, "proved"),
    (ASA.replace("level 0", "level 100").replace("access-group", "!"), ("--hook", "forward"), 0, "proved"),
    (ASA.replace("level 100", "level 0").replace(": end", "same-security-traffic permit inter-interface\n: end").replace(
        "access-group", "!"), ("--hook", "forward"), 1, "implicit permit: from outside, security level 0, to no higher one"),
    (ASA.replace(": end", "crypto map M interface outside\n: end"), ("--hook", "forward"), 6, "it came out of a VPN tunnel"),
    (ASA.replace("object MAIL", "object MAUL"), (), 4, 'rules:11: no network object is called "MAUL"; define it'),
]  # fmt: skip


@pytest.mark.parametrize(("text", "more", "code", "said"), CASES, ids=range(len(CASES)))
def test_the_verdict_on_a_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, more: tuple[str, ...], code: int, said: str
) -> None:
    (tmp_path / "rules").write_text(text)
    (tmp_path / "policy.yml").write_text(POLICY.format("Gi0/0" if text.startswith("version") else "outside"))
    assert main(["prove", str(tmp_path / "rules"), "--policy", str(tmp_path / "policy.yml"), *more]) == code
    shown = capsys.readouterr()
    assert said in shown.out + shown.err
