"""What is compared with what, and the ratio that is to be reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.sweep.tools import Tool, connect, masscan, nmap, raw
from ordinance.observe.looks.perimeter_sweep import IN_FLIGHT, LANES, TIMEOUT
from ordinance.observe.sweep.plan import SETTLE
from selftest.observe.sweep.field import Field, job

RANGES = {4: "198.51.101.0/30", 16: "198.51.101.0/28", 256: "198.51.101.0/24"}
#: So many canaries, none lost, prove a miss bound of 1e-4 in one round: it is a whole sweep, not half of one.
ONE_ROUND = {"least_rounds": 1, "most_rounds": 1, "canaries_per_round": {"4": 10_300}, "settle": 0.0}
#: As a look asks for it: two rounds at least, and the time that a late answer has ("host unreachable" takes three seconds).
PRODUCTION: dict[str, Any] = {"least_rounds": 2, "canaries_per_round": {"4": 2000}, "settle": SETTLE}
#: The same where every firewall's ruleset is declared: no late word of a router is waited for where a host answered.
VOUCHED: dict[str, Any] = {**PRODUCTION, "vouched": job(16)["addresses"]}


@dataclass(frozen=True, slots=True)
class Case:
    """Our engine against yardsticks, over so many addresses; `most` is the ratio of wall times to reach with each."""

    name: str
    addresses: int
    filtered: bool
    engine: Tool
    yardsticks: Mapping[str, tuple[Tool, float]]

    def prepare(self, field: Field) -> None:
        """Set up the firewall: the compliant one, or none."""
        if self.filtered:
            field.guard()
        else:
            field.sh("fw", "nft", "flush", "ruleset")


def _masscan(addresses: int) -> Tool:
    return masscan(RANGES[addresses])


FAST = "nmap -sS -T5 --min-rate 100000"
FAST_NMAP = nmap(RANGES[16], "-sS", "-T5", "--min-rate", "100000")
CASES = (
    Case("drop-16", 16, True, raw(job(16, **ONE_ROUND)), {"masscan --wait 0": (_masscan(16), 0.9)}),
    Case("drop-256", 256, True, raw(job(256, **ONE_ROUND)), {"masscan --wait 0": (_masscan(256), 1.0)}),
    Case("two-rounds-16", 16, True, raw(job(16, **{**PRODUCTION, "settle": 0.0})), {FAST: (FAST_NMAP, 0.25)}),
    Case("production-16", 16, True, raw(job(16, **VOUCHED)), {FAST: (FAST_NMAP, 0.25)}),
    Case("unvouched-16", 16, True, raw(job(16, **PRODUCTION)), {FAST: (FAST_NMAP, 0.25)}),
    Case(
        "rst-16",
        16,
        False,
        raw(job(16, **{**PRODUCTION, "settle": 0.0})),
        {"nmap -sS -T4": (nmap(RANGES[16], "-sS", "-T4"), 0.7), "masscan --wait 0": (_masscan(16), 0.6)},
    ),
    Case(
        "connect-4",
        4,
        False,
        connect(job(4, timeout=TIMEOUT, in_flight=IN_FLIGHT, lanes=LANES, settle=0.0)),
        {"nmap -sT -T4": (nmap(RANGES[4], "-sT", "-T4"), 1.0)},
    ),
)
