"""Probing from a vantage while every managed firewall is watched from within, by the packet agent on both."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from ordinance.inventory.model import Address, Host
from ordinance.observe.agent.call import believable, run_job
from ordinance.observe.api import CouldNotLook, Deadline, LookContext, Unseen, VantagePoint
from ordinance.sight.crossing import Watched

OWN_SECONDS = 20.0
#: The watcher says that it sees, or there is none.
READY_SECONDS = 15.0
#: Without any packet of ours for so long, the watcher goes home.
QUIET = 5.0

#: protocol, destination, mark (own port, or number of the packet)
Key = tuple[int, str, int]


@dataclass(slots=True)
class Eyes:
    """What all watched firewalls saw."""

    watched: list[Watched] = field(default_factory=list)
    counts: dict[Key, tuple[int, int]] = field(default_factory=dict)  #: arrived, left
    flows: set[tuple[int, str, int, int]] = field(default_factory=set)  #: protocol, destination, its port, own port

    def of(self, key: Key) -> tuple[int, int]:
        """How many copies arrived, and how many were sent on."""
        return self.counts.get(key, (0, 0))

    def take(self, last: Mapping[str, Any]) -> None:
        """Add what one firewall saw."""
        for protocol, to, mark, arrived, left in last["seen"]:
            before = self.of((protocol, to, mark))
            self.counts[protocol, to, mark] = (before[0] + arrived, before[1] + left)
        self.flows |= {(protocol, to, port, own) for protocol, to, port, own in last["flows"]}


def own_hex(vantage: VantagePoint, towards: Iterable[Address]) -> dict[int, str]:
    """Return the vantage's own address in hexadecimal, by family, on the way to the first address of each."""
    first: dict[int, str] = {}
    for address in towards:
        first.setdefault(address.version, str(address))
    last, observation = run_job(vantage, {"job": "own", "addresses": list(first.values())}, Deadline.after(OWN_SECONDS), _deaf)
    with believable(observation):
        return {version: str(last["own"][address]) for version, address in first.items()}


def _deaf(_: dict[str, Any]) -> None:
    """Hear nothing."""


def probe_while_watched(
    context: LookContext, vantage: VantagePoint, job: dict[str, Any], farewell: bytes, *,
    towards: Sequence[Address], on_line: Callable[[dict[str, Any]], None],
) -> tuple[dict[str, Any], str, Eyes]:  # fmt: skip
    """Run `job` (it has "seconds") at the vantage; its last line, the observation, and what the firewalls saw meanwhile."""
    firewalls = [host for host in context.inventory.with_role("firewalls") if host.ssh is not None]
    eyes = Eyes()
    own = own_hex(vantage, towards)
    watch = {
        "job": "watch", "own4_hex": own.get(4, ""), "own6_hex": own.get(6, ""), "farewell_hex": farewell.hex(), "quiet": QUIET,
        "seconds": job["seconds"] + 10.0, "patience": 30.0,
    }  # fmt: skip
    with ThreadPoolExecutor(max(1, len(firewalls)), thread_name_prefix="watch") as pool:
        watching = []
        for host in firewalls:
            ready = threading.Event()
            watching.append((host, ready, pool.submit(_watch, context, host, watch, ready)))
        for _, ready, _ in watching:
            ready.wait(READY_SECONDS)
        last, observation = run_job(vantage, job, Deadline.after(job["seconds"] + 30.0), on_line)
        for host, _, future in watching:
            eyes.watched.append(_taken(host, future, eyes))
    return last, observation, eyes


def _watch(context: LookContext, host: Host, job: dict[str, Any], ready: threading.Event) -> tuple[dict[str, Any], str]:
    """Watch on one firewall; `ready` is set once it sees, or cannot."""

    def told(line: dict[str, Any]) -> None:
        if line.get("ready"):
            ready.set()

    try:
        return run_job(context.door.host(host.name), job, Deadline.after(job["seconds"] + 30.0), told)
    finally:
        ready.set()


def _taken(host: Host, future: Future[tuple[dict[str, Any], str]], eyes: Eyes) -> Watched:
    try:
        last, observation = future.result()
        with believable(observation):
            eyes.take(last)
            return Watched(firewall=host.name, tracks=bool(last["tracks"]), lost=int(last["lost"]), observation=observation)
    except CouldNotLook as missed:
        if missed.reason is Unseen.HALTED:
            raise
        return Watched(firewall=host.name, unseen=str(missed), observation=missed.observation)
