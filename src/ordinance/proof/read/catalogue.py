"""Makes `docs/rulesets.md`, what is read of each language, from the readers' own tables; a test keeps the two alike."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from ordinance.proof.masks import MOST_FREE_BITS
from ordinance.proof.read.asa import known as asa
from ordinance.proof.read.ios import entries as ios_entries
from ordinance.proof.read.ios import known as ios
from ordinance.proof.read.iptables import modules
from ordinance.proof.read.iptables.bind import PLACES
from ordinance.proof.read.iptables.targets import TAINTS
from ordinance.proof.read.text import MOST_CHARACTERS, MOST_IN_A_LINE, MOST_PROBLEMS

_HEAD = f"""# Rulesets that are read

Made from `src/ordinance/proof/read/` by `python -m ordinance.proof.read.catalogue > docs/rulesets.md`.

Everything that stands in a ruleset is one of these:

- **read**: it means to the proof exactly what it means to the device;
- **unknown**: a match that may hold or not, for all that is known; *fresh* if it may answer otherwise each time it is asked;
- **havoc**: a statement that may accept, drop, return or go on;
- **taint**: it may decide over packets in a way that is not followed; of no packet that met it is anything proved;
- **passed by**: it decides over no packet;
- **refused**: it is no line of the language. The message says where, what, and what would be right; exit code 4.

A mask of addresses may have any shape; one that leaves more than {MOST_FREE_BITS} bits free above its last tested one is an unknown.
Nothing is left out silently. A proof stands only if it holds whatever the unknowns are; a violation likewise.
A text of more than {MOST_CHARACTERS // 2**20} Mi characters or with a line of more than {MOST_IN_A_LINE // 2**10} Ki is refused;
at most {MOST_PROBLEMS} problems are listed at once.
"""
_IOS = """## Cisco IOS

| construct | |
|---|---|
| `access-list` 1-99, 1300-1999; 100-199, 2000-2699; `ip access-list standard`, `extended`; `ipv6 access-list` | read, in the order of their sequence numbers |
| `remark`; numbers of other protocols' lists | passed by |
| addresses: `any`, `host`, wildcard masks, IPv6 prefixes, `object-group` | read |
| `eq`, `neq` (several ports too), `lt`, `gt`, `range`; names of ports, protocols, types of ICMP | read |
| `established`, flags, `match-all`, `match-any` | read |
| later fragments, with and without `fragments` | read; of IPv6, whether a packet with an extension header is one is an unknown |
| `object-group network`, `service`, groups within groups | read; for packets to the router itself whether such an entry counts is an unknown |
| `time-range`: `periodic` | read, in the device's own zone; its last minute is an unknown |
| `time-range`: `absolute`, or one that is not in the text | unknown |
| `log`, `log-input`, `reflect` | passed by |
| `evaluate`; entries of `dynamic` lists | unknown |
| {options}; any other word | unknown |
| `ip access-group`, `ipv6 traffic-filter`, `in` and `out` | read; a list that is not there or is empty lets everything pass, and is noted |
| implicit deny; of IPv6 implicit permits of nd-na and nd-ns | read |
| beneath an interface: `zone-member`, `ip inspect`, `crypto map`, and whatever else is not known | taint of its packets |
| `ip nat inside source list`, pools | passed by: sources only |
| any other `ip nat` at the left margin | taint |
| other commands | passed by if they are among {known} that are known to decide over no packet; else a taint |
| NX-OS, IOS XR, `show access-lists` | refused |
"""
_ASA = """## Cisco ASA

Version 8.3 and newer. Packets of connections that exist pass; packets to the ASA itself are not judged (havoc).

| construct | |
|---|---|
| `access-list ... extended`, `line`, `log`, `inactive` | read; older versions' without `extended` too |
| `remark`; `standard`, `webtype`, `ethertype` lists | passed by |
| `any`, `any4`, `any6`, `host`, networks, `name`, `interface` (of an address in the text) | read |
| `object network` (`host`, `subnet`, `range`), `object service` | read |
| `object-group` `network`, `service` (both ways to write one), `protocol`, `icmp-type`, groups within groups | read |
| `fqdn`, `user`, `user-group`, `security-group`, their groups; the port `kerberos` (its number is disputed) | unknown |
| `time-range` | as of IOS |
| `access-group` `in`, `out`, `global` | read: interface, then global, then deny; both ways of a packet |
| security levels where nothing is bound; `same-security-traffic`; `management-only` | read |
| `per-user-override` | havoc before the list |
| `access-group ... control-plane` | passed by: of packets to the ASA itself |
| static NAT of an object, of one object to another; one port | read: access rules are of real addresses; whether a packet for the real one passes the reverse check is an unknown |
| dynamic NAT, PAT, identity NAT | passed by: sources only |
| any other `nat` | taint |
| tunnels: `crypto map`, `ikev1`, `ikev2`, `webvpn` at an interface without `no sysopt connection permit-vpn` | unknown: what came out of one passes |
| IPv6 before 9.0 | havoc |
| other commands | passed by if they are among {known} that are known to decide over no packet; else a taint |
| before 8.3; no interface with a `nameif` | refused |
"""


def page() -> str:
    """Write the text of `docs/rulesets.md`."""
    options = _code(ios_entries.UNKNOWN_OPTIONS)
    known = {"ios": len(ios.TOP | ios.IP | ios.INTERFACE | ios.INTERFACE_IP), "asa": len(asa.TOP | asa.INTERFACE)}
    parts = [_HEAD, _iptables(), _IOS.format(options=options, known=known["ios"]), _ASA.format(known=known["asa"])]
    return "\n".join(parts)


def _iptables() -> str:
    places = ", ".join(f"{table} {chain}" for table, chain in PLACES)
    havoc = [name for name in modules.UNKNOWN if name not in TAINTS]
    rows = [
        (f"tables and chains: {places}", "read; of others nothing decides over packets that come in or are forwarded"),
        (
            "`-s`, `-d` (lists, masks), `-i`, `-o` (`eth+`), `-p`, `-f`, `!` before or behind an option, counters",
            "read",
        ),
        (f"`-m` {_code(modules.READ)}", "read; but for options as `--tcp-option`, `--ctdir`, `--datestart`: unknown"),
        (f"`-m` {_code(modules.OPAQUE)}", "unknown"),
        (f"`-m` {_code(modules.FRESH)}, and every match that is not known", "unknown, fresh"),
        (
            "`-m set`",
            "read with `--ipset`, unless members expire or rules change it, or it is of MAC addresses or marks: unknown",
        ),
        (f"`-j` {_code(name for name in modules.DECIDING)}, chains, `-g`", "read"),
        (f"`-j` {_code(modules.PASSED_BY)}", "passed by"),
        (f"`-j` {_code(havoc)}, and every target that is not known", "havoc"),
        (f"`-j` {_code(sorted(TAINTS))}", "taint"),
        ("a host's name as an address; names of protocols and services that are not known", "unknown"),
        (
            "ports of later fragments",
            "never, of the legacy interface; of nf_tables an unknown; none is seen where connections are tracked",
        ),
        ("a family that is not given", "havoc"),
        ("`Table ... is incompatible` and the like, in a comment", "taint"),
        ("a table without COMMIT, circles of chains, `-I` and other commands", "refused"),
    ]
    table = "\n".join(f"| {what} | {how} |" for what, how in rows)
    text = "The texts are restored in an empty network namespace and saved once more; what comes back as something else is not proved."
    return f"## iptables-save, ip6tables-save, ipset save\n\n{text}\n\n| construct | |\n|---|---|\n{table}\n"


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    sys.stdout.write(page())
