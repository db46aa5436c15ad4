"""A firewall as it was read: rules in nft's own text, loaded and listed by nft in an empty network namespace."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from ipaddress import ip_address
from subprocess import run
from typing import Any

from msgspec.structs import replace as replaced

from ordinance.inventory.model import Authorisation, Inventory, Registers, RulesetSource
from ordinance.sight.listeners import HostListeners, Listener, ListenerSighting
from ordinance.sight.rulesets import Device, FirewallRules, Listing, RulesetSighting
from selftest.judge.perimeter_city import MAIL, NEWS, OUTER, WWW, inventory

TODAY = date(2026, 11, 25)
GOOD = f"""
    ip daddr {MAIL} tcp dport 25 accept
    ip daddr {NEWS} tcp dport 119 accept
    ip daddr {WWW} tcp dport {{ 80, 443 }} accept
"""
TELNET_FOR_ONE = GOOD + f"ip saddr 192.0.2.77 ip daddr {WWW} tcp dport 23 accept"
FTP_FOR_ONE = GOOD + f"ip saddr 192.0.2.30 ip daddr {WWW} tcp dport 21 accept"
TABLE = """
table inet city {{
    chain input {{ type filter hook input priority filter; policy drop; ct state established,related accept; {own} }}
    chain forward {{ type filter hook forward priority filter; policy drop;
        ct state established,related accept
        iifname "in0" accept
        {rules}
    }}
}}
"""
DEVICES = (
    Device(name="lo", index=1, addresses=("127.0.0.1",)),
    Device(name="out0", index=2, addresses=(OUTER,)),
    Device(name="in0", index=3, addresses=("198.51.100.1",)),
)


def city(*authorised: Authorisation, **more: Any) -> Inventory:
    """The small city, with a firewall that faces outside by `OUTER` and whose ruleset is declared."""
    plain = inventory()
    fw = replace(plain.hosts["fw"], outer_addresses=(ip_address(OUTER),), ruleset=RulesetSource("nftables", "/etc/nftables.conf"))
    return replace(plain, hosts={**plain.hosts, "fw": fw}, registers=Registers(authorisations=authorised), **more)


def authorisation(
    target: str = f"{WWW}:21/tcp", source: str = "192.0.2.30", until: date = date(2027, 1, 1), **more: Any
) -> Authorisation:
    values: dict[str, Any] = {"id": "web-upload", "control": "9.A.1/ftp-blocked", "approved_by": "Dana", "reason": "uploads"}
    return Authorisation(**{**values, "target": target, "until": until, "source": source, **more})


CITY = city()


def listing(rules: str = GOOD, before: str = "", own: str = "") -> Listing:
    """`own`: rules for packets to the firewall itself."""
    return listed(before + TABLE.format(rules=rules, own=own))


@cache
def listed(text: str) -> Listing:
    """A whole ruleset."""
    load = "nft -f - && nft -j list ruleset && echo ==== && nft --debug=netlink list ruleset"
    done = run(["unshare", "-n", "sh", "-c", load], input=text, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    listed, program = done.stdout.split("====\n")
    again = "nft -j -f - && nft --debug=netlink list ruleset"
    back = run(["unshare", "-n", "sh", "-c", again], input=listed, capture_output=True, text=True, timeout=60, check=False)
    assert back.returncode == 0, back.stderr
    return Listing(text=listed, program=program, reloaded=back.stdout, observations=("o-6",))


def seen(running: Listing | None = None, saved: Listing | None = None, **more: Any) -> RulesetSighting:
    values: dict[str, Any] = {
        "host": "fw",
        "reader": "nftables",
        "system": "Linux 6.1, nftables v1.0.6",
        "devices": DEVICES,
        "running": running or listing(),
        "saved": saved or listing(),
        "saved_file": "/etc/nftables.conf",
        "flows": (),
    }
    return RulesetSighting(firewalls=(FirewallRules(**{**values, **more}),))


BROKEN = Listing(text="{", program="", reloaded="", observations=("o-6",))
UNREAD = {"running": "vantage: fw is gone", "saved": "tool: no such file"}
NOT_READ = RulesetSighting(firewalls=(replaced(seen(BROKEN, BROKEN).firewalls[0], running=None, saved=None, unseen=UNREAD),))


def lying() -> Listing:
    """A listing of another program than the kernel runs."""
    good = listing()
    changed = good.program.replace("cmp eq reg 1 0x00001900", "cmp eq reg 1 0x00001700")
    assert changed != good.program
    return replaced(good, program=changed)


def other_program() -> RulesetSighting:
    """A kernel that runs another program than the listing says."""
    return seen(lying())


def to_nowhere() -> Listing:
    """A listing whose rule for telnet jumps to a chain that is not there: no kernel would load it."""
    good = listing("tcp dport 23 jump named", before="table inet city {\n chain named { }\n}\n")
    text = good.text.replace('"target": "named"', '"target": "nowhere"')
    assert text != good.text
    return replaced(good, text=text)


def heard(**changed: HostListeners) -> ListenerSighting:
    """Every host listens where it should, on ssh besides, and says so twice."""
    hosts = {"mail": (MAIL, 25), "news": (NEWS, 119), "www": (WWW, 80)}
    usual = {name: telling(name, listener(port), listener(22)) for name, (_, port) in hosts.items()}
    usual["fw"] = telling("fw", listener(22))
    usual["www"] = telling("www", listener(80), listener(443), listener(22))
    return ListenerSighting(hosts=tuple({**usual, **changed}.values()))


def listener(port: int, address: str = "0.0.0.0", process: str = "") -> Listener:
    return Listener(transport="tcp", address=address, port=port, process=process)


def telling(host: str, *listeners: Listener, **more: Any) -> HostListeners:
    values: dict[str, Any] = {"by_ssh": listeners, "by_snmp": listeners, "observations": ("o-7",)}
    return HostListeners(host=host, **{**values, **more})
