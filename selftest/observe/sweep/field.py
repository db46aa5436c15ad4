"""The small network of the connect agent's tests, with a routed range behind its firewall: 198.51.101.0/24, 2001:db8:80::/64.

Every address of the range is answered for by the hosts' namespace: 25 and 119 are open on each, other ports on single ones.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from selftest.observe.agent.bed import Bed

RANGE4, RANGE6 = "198.51.101.", "2001:db8:80::"
EVERYWHERE = (25, 119)
ODD = ((3, 31337), (7, 61234), (9, 1), (9, 65535), (13, 49152), (13, 8080))
SERVED = (25, 119, 8080, 31337, 49152, 61234, 1, 65535)
SCOPE = {"allow": ["198.51.100.0/24", "198.51.101.0/24", "203.0.114.7/32", "2001:db8::/32"], "deny": ["198.51.100.1/32"]}
SERVE = "tcp dport { " + ", ".join(map(str, SERVED)) + " } accept;"


def four(count: int) -> list[str]:
    return [f"{RANGE4}{number}" for number in range(count)]


def six(count: int) -> list[str]:
    return [f"{RANGE6}{number + 1:x}" for number in range(count)]


def truth(count: int, last: int = 65535) -> set[tuple[str, int]]:
    """Open ports of the first so many addresses."""
    odd = {(number + step, port) for number, port in ODD for step in range(0, count, 16) if number + step < count}
    everywhere = {(number, port) for number in range(count) for port in EVERYWHERE}
    return {(f"{RANGE4}{number}", port) for number, port in odd | everywhere if port <= last}


class Field(Bed):
    def up(self) -> None:
        super().up()
        self.sh("fw", "ip", "route", "add", "198.51.101.0/24", "via", "198.51.100.5")
        self.sh("fw", "ip", "-6", "route", "add", "2001:db8:80::/64", "via", "2001:db8:100:1::5")
        self.sh("dmz", "ip", "route", "add", "local", "198.51.101.0/24", "dev", "lo")
        self.sh("dmz", "ip", "-6", "route", "add", "local", "2001:db8:80::/64", "dev", "lo")
        self.sh("dmz", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_nonlocal_bind; echo 1 > /proc/sys/net/ipv6/ip_nonlocal_bind")
        odd = [f"tcp,{RANGE4}{number + step},{port}" for number, port in ODD for step in range(0, 256, 16)]
        everywhere = [f"tcp,{address},{port}" for address in (*four(256), *six(16)) for port in EVERYWHERE]
        self.serve("dmz", *everywhere, *odd, "tcp,2001:db8:80::4,31337")

    def guard(self, rules: str = "") -> None:
        """Let through the served ports alone; `rules` come before."""
        self.filter(rules + SERVE)

    def lose(self, percent: int) -> None:
        """Drop so many of a hundred TCP packets each way, by chance."""
        self.also(f"""
            table inet l {{ chain pre {{ type filter hook prerouting priority -400;
              iifname {{ f0, f1 }} meta l4proto tcp numgen random mod 100 < {percent} counter drop; }}; }}""")

    def raw(self, job: dict[str, Any], timeout: float = 60, before: str = "") -> dict[str, Any]:
        """Sweep from the vantage; the last line, with the lines before it as "progress". `before` is Python, run first."""
        program = f"{before}\nfrom ordinance.observe.sweep.main import main\nmain()"
        argv = self.enter("out", sys.executable, "-c", program)
        line = json.dumps({"seconds": timeout, **job}) + "\n"
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            told, _ = process.communicate(line, timeout=timeout + 20)
        finally:
            process.kill()
        lines = [json.loads(text) for text in told.splitlines()]
        assert lines and lines[-1].get("done") is True, told
        return {**lines[-1], "progress": lines[:-1]}


@contextlib.contextmanager
def field() -> Iterator[Field]:
    made = Field()
    try:
        made.up()
        yield made
    finally:
        made.down()


CANARIES4 = [[address, port, 1] for address in four(4) for port in EVERYWHERE]
CANARIES6 = [[address, port, 1] for address in six(4) for port in EVERYWHERE]


def job(count: int = 16, **more: Any) -> dict[str, Any]:
    """A sweep of the first so many IPv4 addresses, as fast as the path bears."""
    return {
        "job": "sweep",
        "addresses": four(count),
        "canaries": CANARIES4,
        "canaries_per_round": {"4": 2000, "6": 2000},
        "miss_bound": 1e-4,
        "settle": 0.3,
        "scope": SCOPE,
        **more,
    }


def outcomes(seen: dict[str, Any], address: str) -> dict[int, tuple[Any, ...]]:
    """Port -> (answer, by, type, code, hops) of one address, silence left out."""
    return {
        port: (group["answer"], group["by"], group["type"], group["code"], group["hops"])
        for group in seen["answers"]
        if group["address"] == address and group["answer"] != "silent"
        for first, last in group["ports"]
        for port in range(first, last + 1)
    }


def opened(seen: dict[str, Any]) -> set[tuple[str, int]]:
    """What a sweep found open, the echo apart."""
    return {
        (group["address"], port)
        for group in seen["answers"]
        if group["answer"] == "open" and not group["echo"]
        for first, last in group["ports"]
        for port in range(first, last + 1)
    }
