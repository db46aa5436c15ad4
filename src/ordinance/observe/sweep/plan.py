"""A sweep job, taken apart: whom to ask, who witnesses, how sure to be, how fast."""

from __future__ import annotations

from typing import Any

from ordinance.observe.agent.wire import version_of
from ordinance.observe.sweep.permit import Permit

LEAST_ROUNDS, MOST_ROUNDS = 2, 24
SETTLE = 3.5  # seconds: a router says "host unreachable" after three unanswered ARP or ND requests, one a second


class Plan:
    """One job. Keys as of the connect sweep (`agent.sweep.Sweep`), and `scope`, without which nothing is sent.

    Besides: least_rounds, most_rounds; vouched, addresses for which somebody else tells which ports are let through to
    nobody, so that no late word of a router is waited for once a host answered there. in_flight, lanes and
    timeout are the connect engine's and mean nothing here.
    OutOfScope when the job names an address that its scope does not admit.
    """

    def __init__(self, job: dict[str, Any]) -> None:
        targets: list[str] = list(job["addresses"])
        self.swept: list[str] = [*targets, *job.get("echo", ())]
        self.echoes = range(len(targets), len(self.swept))
        self.canaries: list[tuple[str, int, float]] = [(address, port, weight) for address, port, weight in job["canaries"]]
        self.hosts = list(dict.fromkeys([*self.swept, *(address for address, *_ in self.canaries)]))
        self.permit = Permit(job.get("scope"))
        self.permit.require(self.hosts)
        self.ports = range(job.get("first_port", 1), job.get("last_port", 65535) + 1)
        self.per_round = {int(version): float(number) for version, number in job.get("canaries_per_round", {}).items()}
        self.miss_bound: float = job["miss_bound"]
        self.rate: float | None = job.get("rate")
        self.per_host: float | None = job.get("per_host")
        self.seconds: float = job.get("seconds", 3600.0)
        self.settle: float = job.get("settle", SETTLE)
        self.vouched = frozenset(job.get("vouched", ()))
        self.least: int = job.get("least_rounds", LEAST_ROUNDS)
        self.most: int = job.get("most_rounds", MOST_ROUNDS)
        self.seed: int = job.get("seed", 0)
        if len(set(self.swept)) != len(self.swept):
            raise ValueError("an address is to be swept twice")

    def family(self, host: int) -> int:
        """4 or 6."""
        return version_of(self.hosts[host])

    def a_port_of_each(self) -> dict[str, int]:
        """For every host a port that it is asked anyway."""
        return {**dict.fromkeys(self.swept, self.ports.start), **{address: port for address, port, _ in self.canaries}}
