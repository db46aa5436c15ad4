"""Every way an inventory can be wrong: the file, the line, what is wrong, what would be right.

`#!` marks the line that must be named; without it, it is the first that was changed.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from inventory_text import GOOD, KEY, spoiled

from ordinance.errors import DataError
from ordinance.inventory.load import load

PROBE = "  password: env:PROBE\n"
SERVICE = "seen_from: [outside]}\n"
VANTAGE = "outside: {zone: outside, host: lookout}"
SCOPE_V6 = '"2001:db8::/64"]\n'
AUTHORISATION = "reason: R, until: 2027-01-31}\n  attestations"
ATTESTATION = "given: 2026-09-01, reference: memo, until: 2027-08-31}"
SNMP = "auth: env:A, priv: file:p}"
MAIL = "          ansible_host: 192.0.2.5\n"

# old, new (`#!` ends the line that must be named), what, right
CASES = {
    # keys
    "unknown key": ("echo: [203", "ecko: [203.0.113.8] #!\necho: [203", 'unknown key "ecko"', 'did you mean "echo"?'),
    "unknown key of a host": (MAIL, MAIL + "          colour: red #!\n", 'unknown key "colour"', "known keys: ansible_host"),
    "misspelt key of a host": (MAIL, MAIL + "          host_key: [] #!\n", 'unknown key "host_key"', '"host_keys"?'),
    "unknown key of a group": ("    rented:\n", "    rented:\n      vers: {} #!\n", 'unknown key "vers"', '"vars"?'),
    "duplicate key": (MAIL, MAIL + "          ansible_host: 192.0.2.6 #!\n", 'the key "ansible_host" stands twice', "keep one"),
    "duplicate host": (
        "    firewalls:\n      hosts:\n",
        "    firewalls:\n      hosts:\n        fw: {}\n",
        'the key "fw" stands',
        "one",
    ),
    "Ansible boolean": (MAIL, MAIL + "          ansible_become: yes #!\n", "`yes` is a boolean to some", "write true"),
    "no city": ("city: {name: Smallville, timezone: America/Los_Angeles}\n", "\n", 'the key "city" is missing', "write city"),
    "no scope": ("scope:\n  allow", "scape: #!\n  allow", 'unknown key "scape"', '"scope"?'),
    # single values
    "time zone": ("timezone: America/Los_Angeles}", "timezone: Mars/Olympus} #!", "is not a time zone", "America/Los_Angeles"),
    "address": (MAIL, "          ansible_host: 192.0.2.500 #!\n", '"192.0.2.500" is not an IP address', "IPv4 or IPv6"),
    "name for an address": (MAIL, "          ansible_host: mail.x.org #!\n", "is not an IP address", "IPv4 or IPv6"),
    "octal address": (MAIL, "          ansible_host: 192.0.02.5 #!\n", "is not an IP address", "IPv4 or IPv6"),
    "multicast": ("echo: [203.0.113.7]", "echo: [224.0.0.1] #!", "is a multicast", "the address of one machine"),
    "unspecified": ("echo: [203.0.113.7]", "echo: [0.0.0.0] #!", "is a multicast, unspecified", "one machine"),
    "mapped": ("echo: [203.0.113.7]", 'echo: ["::ffff:203.0.113.7"] #!', "IPv4 address in IPv6 clothing", "write 203.0.113.7"),
    "zone index": ("echo: [203.0.113.7]", 'echo: ["fe80::1%eth0"] #!', "has a zone index", "leave out what follows"),
    "port 0": ("port: 25, protocol: smtp,", "port: 0, protocol: smtp, #!\n  ", "expected int >= 1", "1 to 65535"),
    "port 65536": (PROBE, PROBE + "  imap_port: 65536 #!\n", "expected int <= 65535", "1 to 65535"),
    "port as text": (PROBE, PROBE + '  imap_port: "993" #!\n', "expected a whole number, got text", "1 to 65535"),
    "underscore in a host": (
        "        lookout: {",
        "        look_out: {} #!\n        lookout: {",
        '"look_out" is not a host',
        "1123",
    ),
    "host of hyphens": ("        lookout: {", "        -lookout: {} #!\n        lookout: {", "is not a host name", "RFC 1123"),
    "host range": ("        lookout: {", '        "w[01:50]": {} #!\n        lookout: {', "is not a host name", "RFC 1123"),
    "host of digits": ("        lookout: {", '        "10.0.0.1": {} #!\n        lookout: {', "is not a host name", "RFC 1123"),
    "server name": ("server_name: mail.city.example", "server_name: mail..example #!", "is not a host name", "RFC 1123"),
    "protocol": ("protocol: smtp,", "protocol: stmp, #!\n  ", "not one of the words", 'did you mean "smtp"?'),
    "empty identity": ("identity: mail.city.example,", 'identity: "", #!\n  ', "length >= 4", "only this service says"),
    "short canary": ("canary: CANARY-1234}", "canary: hi} #!", "length >= 8", "Intranet pages only"),
    "zone": ("{zone: management}", "{zone: mgmt} #!", "not one of the words", "outside or inside or management"),
    "mail address": ("address: probe@city.example", "address: probe #!", '"probe" is not a mail address', "probe@city.example"),
    "mail address with a newline": ("address: probe@city.example", 'address: "probe@city.example\\nx" #!', "U+000A", "one line"),
    "account": ("accounts: [dana]", 'accounts: ["dana; rm"] #!', "is not an account name", "name of an account"),
    "public group name": ("name: public-ipv4", "name: Public IPv4 #!", "is not a short name", "small letters"),
    "reverse zone": (
        "  zone: city.example\n",
        "  zone: city.example\n  reverse_zones: [x.org] #!\n",
        "is not a reverse zone",
        "in-addr",
    ),
    # host keys and secrets
    "host key": (MAIL, MAIL + "          host_keys: [ssh-ed25519 AAAA] #!\n", "not an OpenSSH public key", "AAAA..."),
    "host key type": (
        MAIL,
        MAIL + "          host_keys: [ssh-dss AAAAB3NzaC1kc3M=] #!\n",
        "of a type that is accepted",
        "ssh-ed25519",
    ),
    "fingerprint for a key": (MAIL, MAIL + '          host_keys: ["SHA256:abc"] #!\n', "not an OpenSSH public key", "AAAA..."),
    "password in clear": (PROBE, "  password: hunter2 #!\n", "a secret stands here in clear", "env:NAME, file:PATH"),
    "key path without scheme": (
        "ssh_key: env:AUDIT_KEY,",
        "ssh_key: /etc/hunter2, #!\n   ",
        "a secret stands here",
        "file:PATH",
    ),
    "environment name": (PROBE, "  password: env:hunter2-x #!\n", "the name after env: is malformed", "env:NAME"),
    "Ansible password": (
        MAIL,
        MAIL + "          ansible_password: hunter2 #!\n",
        "ansible_password holds a secret",
        "take it out",
    ),
    "Ansible become password": (MAIL, MAIL + "          ansible_become_pass: 12345 #!\n", "ansible_become_pass holds", "take it"),
    "lab secret": (PROBE, "  password: lab:probe-password #!\n", "a lab: reference outside the embedded city", "env:NAME"),
    # scope
    "whole Internet": ("deny: [192.0.2.240/28]", "deny: [0.0.0.0/0] #!", "is wider than any city", "/8 or narrower"),
    "whole IPv6": (SCOPE_V6, '"2001:db8::/64", "::/0"] #!\n', "is wider than any city", "/32 or narrower"),
    "half the Internet": ("deny: [192.0.2.240/28]", "deny: [128.0.0.0/1] #!", "is wider than any city", "/8 or narrower"),
    "multicast scope": (SCOPE_V6, '"2001:db8::/64", 224.0.0.0/8] #!\n', "holds multicast", "single machines"),
    "unspecified scope": (SCOPE_V6, '"2001:db8::/64", 0.0.0.0/8] #!\n', "unspecified", "single machines"),
    "mapped scope": (SCOPE_V6, '"2001:db8::/64", "::ffff:0:0/96"] #!\n', "IPv6 clothing", "IPv4 networks as such"),
    "host bits": ("deny: [192.0.2.240/28]", "deny: [192.0.2.241/28] #!", "has bits set beyond", "write 192.0.2.240/28"),
    "not a network": ("deny: [192.0.2.240/28]", "deny: [192.0.2.0/33] #!", "is not a network", "a network or an address"),
    "public out of scope": (
        "  - name: public-ipv6\n",
        "  - {name: x, ranges: [198.51.100.64/30]} #!\n  - name: public-ipv6\n",
        "198.51.100.64 is out of scope",
        "add it to scope.allow",
    ),
    "echo out of scope": ("echo: [203.0.113.7]", "echo: [203.0.114.7] #!", "203.0.114.7 is out of scope", "scope.allow"),
    "host out of scope": (MAIL, "          ansible_host: 192.0.3.5 #!\n", "host mail: 192.0.3.5 is out of scope", "scope.allow"),
    "host denied": (MAIL, "          ansible_host: 192.0.2.241 #!\n", "192.0.2.241 is out of scope", "not to scope.deny"),
    "SNMP out of scope": (
        "snmp: {address: 192.0.2.1,",
        "snmp: {address: 10.1.1.1,",
        "host fw: 10.1.1.1 is out of scope",
        "scope",
    ),
    "outer out of scope": (
        "outer_addresses: [198.51.100.1]",
        "outer_addresses: [8.8.8.8] #!",
        "8.8.8.8 is out of",
        "scope.allow",
    ),
    "name server out of scope": (
        "servers: [198.51.100.3]",
        "servers: [198.51.100.33] #!",
        "198.51.100.33 is out of",
        "scope.allow",
    ),
    "gateway out of scope": ("  gateway: 198.51.100.5", "  gateway: 198.51.100.55 #!", "198.51.100.55 is out of", "scope.allow"),
    # the public range
    "address twice": (
        "ranges: [198.51.100.0/29]",
        "ranges: [198.51.100.0/29]\n    addresses: [198.51.100.5] #!",
        '198.51.100.5 is already in the public group "public-ipv4"',
        "once",
    ),
    "group twice": ("name: public-ipv6", "name: public-ipv4 #!", 'two public groups are named "public-ipv4"', "its own name"),
    "IPv6 range": ('addresses: ["2001:db8::5"]', 'ranges: ["2001:db8::/120"] #!', "is an IPv6 range", "below addresses"),
    "range too wide": ("ranges: [198.51.100.0/29]", "ranges: [192.0.0.0/19] #!", "wider than a /20", "split it"),
    "empty public group": (
        '    addresses: ["2001:db8::5"]\n',
        "",
        'the public group "public-ipv6" holds no address',
        "list ranges",
    ),
    # names that refer
    "service host": (
        "{host: mail, address: 198.51.100.5, port",
        "{host: mial, address: 198.51.100.5, port",
        'no host is named "mial"',
        'did you mean "mail"?',
    ),
    "service address": ("addresses: [198.51.100.5]\n", "addresses: [198.51.100.6]\n", "is not an address of mail", "list it in"),
    "service twice": (
        SERVICE,
        SERVICE + "  - {host: mail, address: 198.51.100.5, port: 25, protocol: smtp, identity: mail, seen_from: [inside]} #!\n",
        "198.51.100.5 port 25 is declared twice",
        "one service",
    ),
    "service seen from nowhere": ("seen_from: [outside]}", "seen_from: []} #!", "seen from nowhere", "outside, inside"),
    "vantage host": (VANTAGE, "outside: {zone: outside, host: lokout} #!", 'no host is named "lokout"', '"lookout"?'),
    "vantage without host": (VANTAGE, "outside: {zone: outside} #!", "the vantage outside names no host", "write host:"),
    "vantage without SSH": (
        "lookout: {ansible_host: 203.0.113.20}",
        "lookout: {}",
        "lookout cannot be reached by SSH",
        "ansible_host",
    ),
    "vantage in the city": (
        VANTAGE,
        "outside: {zone: outside, host: mail} #!",
        "stands in the city's own public range",
        "outside",
    ),
    "here with a host": ("{zone: management}", "{zone: management, host: fw} #!", "here is the audit process", "leave host out"),
    "echo in the city": ("echo: [203.0.113.7]", "echo: [198.51.100.2] #!", "is in the city's own public range", "rented"),
    "no user": ("ansible_user: audit, ", "", "no ansible_user says who logs in", "write ansible_user"),
    "no host key": (f', host_keys: ["{KEY}"]', "", "no host key is pinned", "write host_keys"),
    "two hosts at one place": (
        "{ansible_host: 192.0.2.81,",
        "{ansible_host: 192.0.2.5,",
        "is already where intranet is",
        "own address",
    ),
    "firewall without outside": (
        "          outer_addresses: [198.51.100.1]\n",
        "",
        "firewall without outer_addresses",
        "face the Internet",
    ),
    "mail store host": ("mail_store: {host: mail,", "mail_store: {host: imap,", 'no host is named "imap"', "stands below all"),
    "no mailboxes": ("[probe@city.example, a@city.example]}", "[]}", "is not in mail_store.mailboxes", "list it there"),
    "mailbox twice": ("a@city.example]}", "probe@city.example]} #!", 'the mailbox "probe@city.example" stands twice', "keep one"),
    "probe unknown": (
        "[probe@city.example, a@",
        "[p@city.example, a@",
        "probe@city.example is not in mail_store",
        "list it there",
    ),
    "intranet role": (
        "{host: intranet, addresses",
        "{host: fw, addresses",
        "fw is not in the group intranet_servers",
        "put it there",
    ),
    "intranet address": (
        "addresses: [192.0.2.81], names",
        "addresses: [192.0.2.82], names",
        "is not an address of intranet",
        "list it",
    ),
    "intranet without names": ("names: [in.city.example]", "names: []", "without addresses or names", "its names"),
    "witness elsewhere": (
        "witness_name: www.city.example",
        "witness_name: www.example #!",
        "is not in the zone",
        ".city.example",
    ),
    "group in itself": (
        "    rented:\n",
        "    rented: #!\n      children: {rented: {}}\n",
        'the group "rented" is inside itself',
        "take it",
    ),
    # pace
    "no pace": ("pace: {per_host: 10, total: 100}", "pace: {per_host: 10} #!", "pace.total has no limit", "embedded city"),
    "pace of nothing": ("per_host: 10,", "per_host: 0,", "expected int >= 1", "new connections a second"),
    "pace upside down": ("per_host: 10,", "per_host: 101,", "pace.per_host is above pace.total", "at most the total"),
    # registers
    "authorisation for ever": (AUTHORISATION, "reason: R} #!\n  attestations", 'the key "until" is missing', "YYYY-MM-DD"),
    "attestation for ever": (ATTESTATION, "given: 2026-09-01, reference: memo} #!", 'the key "until" is missing', "YYYY-MM-DD"),
    "exemption for ever": ("decided_by: D, reason: R, until: 2027-01-31}", "decided_by: D, reason: R} #!", '"until" is', "YYYY"),
    "no such day": (
        ATTESTATION,
        "given: 2026-09-31, reference: m, until: 2027-08-31} #!",
        '"2026-09-31" is not a day',
        "YYYY-MM-DD",
    ),
    "day in another order": (ATTESTATION, "given: 01.09.2026, reference: m, until: 2027-08-31} #!", "is not a day", "YYYY-MM-DD"),
    "ends before it begins": (
        ATTESTATION,
        "given: 2026-09-01, reference: m, until: 2026-08-31} #!",
        "until is before given",
        "last day",
    ),
    "authorisation twice": (
        AUTHORISATION,
        "reason: R, until: 2027-01-31}\n    - {id: a-1, control: x, target: t, approved_by: D, "
        "reason: R, until: 2027-01-31} #!\n  attestations",
        'the authorisation "a-1" stands twice',
        "keep one",
    ),
    "nobody approved": ("approved_by: D,", 'approved_by: "",', "length >= 1", "some text"),
}

#: Where the fault shows on a line other than the one that was changed.
ELSEWHERE = {
    "duplicate host": 11,
    "no city": 2,
    "empty public group": 26,
    "service address": 29,
    "vantage without SSH": 32,
    "no user": 17,
    "no host key": 17,
    "two hosts at one place": 17,
    "firewall without outside": 10,
    "no mailboxes": 39,
    "probe unknown": 39,
}


@pytest.mark.parametrize("case", CASES)
def test_a_wrong_inventory_is_refused_with_its_line(tmp_path: Path, case: str) -> None:
    old, new, what, right = CASES[case]
    text, line = spoiled(old, new)
    line = ELSEWHERE.get(case, line)
    path = tmp_path / "city.yml"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        load(path)
    found = [problem for problem in caught.value.problems if what in problem.what and right in problem.right]
    assert found, str(caught.value)
    assert {problem.file for problem in found} == {str(path)}
    assert line in {problem.line for problem in found}, str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_the_good_inventory_is_good(tmp_path: Path) -> None:
    path = tmp_path / "city.yml"
    path.write_text(GOOD)
    assert load(path).city == "Smallville"


def test_a_service_seen_from_outside_must_be_public(tmp_path: Path) -> None:
    service = "  - {host: intranet, address: 192.0.2.81, port: 80, protocol: http, identity: words, seen_from: [outside]} #!\n"
    text, line = spoiled(SERVICE, SERVICE + service)
    path = tmp_path / "city.yml"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        load(path)
    (problem,) = caught.value.problems
    assert (problem.line, problem.what) == (line, "192.0.2.81 is seen from outside but stands in no public group")


def test_faults_of_form_are_all_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "city.yml"
    text = GOOD.replace("192.0.2.5\n", "192.0.2.500\n").replace("total: 100", "totl: 100").replace("env:PROBE", "hunter2")
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        load(path)
    assert [problem.line for problem in caught.value.problems] == [17, 37, 41]


def test_faults_between_the_parts_are_all_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "city.yml"
    path.write_text(
        GOOD.replace("host: lookout", "host: nobody").replace("203.0.113.7]", "8.8.8.8]").replace("10, total", "200, total")
    )
    with pytest.raises(DataError) as caught:
        load(path)
    assert len(caught.value.problems) == 3
