"""The tunnel sweep: the rounds, canaries and reckoning of the connect sweep, its probes through an SSH server's channels."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from ordinance.observe.agent.lane import Lane
from ordinance.observe.agent.sweep import GENTLE, Sweep
from ordinance.observe.agent.wire import Outcome
from ordinance.observe.api import CouldNotLook, Deadline
from ordinance.observe.tunnel.burst import PATIENCE, Dial, burst
from ordinance.observe.tunnel.lane import FLIGHT, TunnelLane
from ordinance.observe.tunnel.meaning import outcome_of_refusal

#: Seconds until silence counts: a SYN that was lost is sent again by the vantage's kernel after one.
HOLD = 1.3
#: Connections side by side. Servers let ten strangers in at a time (MaxStartups 10:30:100), and each login takes a moment.
LANES = 4
_SLICE = 0.05


class Deaf:
    """Stands where the connect sweep has raw sockets: through channels no packet is heard."""

    privileged = False

    def __init__(self) -> None:
        self.reset_hops: dict[str, bytearray] = {}

    def late(self, name: str) -> set[int]:  # noqa: ARG002 - as Ears
        """No port is known more of."""
        return set()

    @property
    def listener(self) -> Deaf:
        """Nobody listens."""
        return self

    def listen(self, seconds: float) -> None:
        """Wait for nothing."""

    def refined(self, name: str, port: int, outcome: Outcome) -> Outcome:  # noqa: ARG002 - as Ears
        """Return the outcome as it is."""
        return outcome

    def usual_hops(self, name: str) -> None:
        """Nobody knows."""


class Asked:
    """What came of canaries asked alone: `counts` of sent and answered, and how slow the slowest was."""

    def __init__(self, canaries: int) -> None:
        self.counts = [[0, 0] for _ in range(canaries)]
        self.slowest = 0.0
        self.forbidden = ""


class TunnelSweep(Sweep):
    """One sweep job, as of `Sweep`. `dial` makes connections to the vantage; `check` raises when the run is over."""

    pace = GENTLE

    def __init__(
        self, job: dict[str, Any], tell: Callable[[dict[str, Any]], None], dial: Dial, check: Callable[[], None]
    ) -> None:  # fmt: skip
        super().__init__(job, tell)
        self.timeout = max(self.timeout, HOLD)
        self.dial = dial
        self.check = check
        self.stop = threading.Event()

    def make_ears(self, _names: list[str]) -> Any:
        """Nobody hears anything."""
        return Deaf()

    def lanes(self) -> int:
        """Connections side by side, whatever this machine's processors."""
        return LANES

    def most_in_flight(self) -> int:
        """Channels of one connection."""
        return FLIGHT

    def canary_round(self, rate: float, timeout: float, order: list[int]) -> Any:
        """Ask canaries alone, `rate` a second, as many as fit at a time."""
        asked = Asked(len(self.canaries))
        for first in range(0, len(order), FLIGHT):
            self.some_canaries(asked, order[first : first + FLIGHT], rate, max(timeout, self.timeout))
        if asked.forbidden and not any(answered for _, answered in asked.counts):
            self.gave_up = f"no canary could be asked: {asked.forbidden}"
        return asked

    def some_canaries(self, asked: Asked, order: list[int], rate: float, timeout: float) -> None:
        """Make one burst of canaries; a connection that dies asked nobody."""
        self.check()
        asks = ((place, *self.canaries[index][:2]) for place, index in self.at_rate(order, rate))
        found = burst(self.dial(), asks, timeout, Deadline(self.until + PATIENCE), self.halted)
        asked.slowest = max(asked.slowest, found.slowest if found.answers else 0.0)
        for place, code, text in found.answers:
            outcome = outcome_of_refusal(code, text) if code else None
            if code and (outcome is None or outcome.answer in ("unasked", "local")):
                asked.forbidden = f"({code}: {text})" if outcome is None else outcome.by
                continue
            asked.counts[order[place]][0] += 1
            asked.counts[order[place]][1] += not code
        for place in found.silent:
            asked.counts[order[place]][0] += 1

    def at_rate(self, order: list[int], rate: float) -> Any:
        """Give places and canaries, one by one, at that pace."""
        begin = time.monotonic()
        for place, index in enumerate(order):
            while time.monotonic() < begin + place / rate and not self.halted():
                time.sleep(0.002)
            yield place, index

    def halted(self) -> bool:
        """Whether the run is over; the exception that says so is raised by whoever waits."""
        try:
            self.check()
        except CouldNotLook:
            return True
        return self.stop.is_set()

    def ask(
        self, shares: list[list[tuple[int, list[int]]]], settings: dict[str, Any], canaries: list[tuple[str, int, float]],
        progress: Callable[[int, int], None],
    ) -> list[dict[str, Any]]:  # fmt: skip
        """Run a lane for each share in a thread and merge what they saw."""
        said: dict[int, dict[str, Any]] = {}
        results: dict[int, dict[str, Any]] = {}
        threads = []
        for number, share in enumerate(shares):
            lane = TunnelLane(self.addresses, canaries, share, settings, self.chance.random(), self.dial, self.stop.is_set)
            threads.append(threading.Thread(target=self.one_lane, args=(lane, number, said, results), daemon=True))
        try:
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads):
                self.check()
                time.sleep(_SLICE)
                told = list(said.values())
                progress(sum(line["done"] for line in told), round(sum(line["rate"] for line in told)))
        finally:
            if any(thread.is_alive() for thread in threads):
                self.stop.set()
        return self.merged([results[number] for number in sorted(results)], len(shares))

    def one_lane(self, lane: Lane, number: int, said: dict[int, dict[str, Any]], results: dict[int, dict[str, Any]]) -> None:
        """Run one lane; one that dies leaves no result."""
        results[number] = lane.run(lambda line: said.__setitem__(number, line))

    def merged(self, results: list[dict[str, Any]], lanes: int) -> list[dict[str, Any]]:
        """Take over what the lanes saw."""
        if len(results) < lanes:
            self.gave_up = self.gave_up or "a lane of the sweep died"
        return self.take(results)

    def result(self, seconds: float) -> dict[str, Any]:
        """As its base; ports that the server's policy forbids leave the sweep incomplete."""
        told = super().result(seconds)
        barred = [answer for answer in told["answers"] if answer["answer"] == "unasked" and answer["by"]]
        if barred and not told["why_incomplete"]:
            ports = sum(last - first + 1 for answer in barred for first, last in answer["ports"])
            told |= {"complete": False, "why_incomplete": f"{ports} ports were not probed: {barred[0]['by']}"}
        return told
