"""A small good inventory as text, and how to spoil it."""

from __future__ import annotations

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBuZUz9FjNC8uf9ySkTmUl1kNddEemgBd4WOmlsPbqWE"

GOOD = f"""\
city: {{name: Smallville, timezone: America/Los_Angeles}}
all:
  vars: {{ansible_user: audit, ssh_key: env:AUDIT_KEY, host_keys: ["{KEY}"]}}
  children:
    rented:
      hosts:
        lookout: {{ansible_host: 203.0.113.20}}
    firewalls:
      hosts:
        fw:
          ansible_host: 192.0.2.1
          outer_addresses: [198.51.100.1]
          snmp: {{address: 192.0.2.1, user: audit, auth: env:A, priv: file:p}}
    mail_gateways:
      hosts:
        mail:
          ansible_host: 192.0.2.5
          addresses: [198.51.100.5]
          accounts: [dana]
    intranet_servers:
      hosts:
        intranet: {{ansible_host: 192.0.2.81, addresses: [192.0.2.81]}}
public:
  - name: public-ipv4
    ranges: [198.51.100.0/29]
  - name: public-ipv6
    addresses: ["2001:db8::5"]
services:
  - {{host: mail, address: 198.51.100.5, port: 25, protocol: smtp, identity: mail.city.example, seen_from: [outside]}}
vantages:
  here: {{zone: management}}
  outside: {{zone: outside, host: lookout}}
echo: [203.0.113.7]
scope:
  allow: [198.51.100.0/29, 192.0.2.0/24, 203.0.113.0/24, "2001:db8::/64"]
  deny: [192.0.2.240/28]
pace: {{per_host: 10, total: 100}}
probe_mailbox:
  address: probe@city.example
  user: probe
  password: env:PROBE
  gateway: 198.51.100.5
  submission: 198.51.100.5
  imap: 198.51.100.5
  server_name: mail.city.example
  second_recipient: probe2@city.example
  byte_budget: 1000000
mail_store: {{host: mail, mailboxes: [probe@city.example, a@city.example]}}
intranet:
  - {{host: intranet, addresses: [192.0.2.81], names: [in.city.example], port: 80, canary: CANARY-1234}}
public_dns:
  zone: city.example
  servers: [198.51.100.3]
  witness_name: www.city.example
  witness_address: 198.51.100.5
registers:
  authorisations:
    - {{id: a-1, control: 9.A.1/ftp-blocked, target: public-ipv4, approved_by: D, reason: R, until: 2027-01-31}}
  attestations:
    - {{clause: "1", by: M, given: 2026-09-01, reference: memo, until: 2027-08-31}}
  not_applicable:
    - {{control: 7.J/broadcast, decided_by: D, reason: R, until: 2027-01-31}}
"""


def spoiled(old: str, new: str) -> tuple[str, int]:
    """Replace `old`, which stands once, by `new`; return the text and the line that `#!` marks, else the first that differs."""
    assert GOOD.count(old) == 1, f"{old!r} stands {GOOD.count(old)} times"
    lines = GOOD.replace(old, new).splitlines()
    marked = [number for number, line in enumerate(lines, 1) if line.endswith("#!")]
    differs = next(number for number, (was, now) in enumerate(zip(GOOD.splitlines(), lines, strict=False), 1) if was != now)
    return "\n".join(lines) + "\n", marked[0] if marked else differs
