"""The connect sweep: every port of every address, in lanes side by side, in rounds until silence means something."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from typing import Any

from ordinance.observe.agent.answers import Answers
from ordinance.observe.agent.canaries import CanaryRound
from ordinance.observe.agent.ears import Ears
from ordinance.observe.agent.flight import files_allowed
from ordinance.observe.agent.lane import Lane
from ordinance.observe.agent.lanes import Attendance, fork_lane
from ordinance.observe.agent.reckoning import MOST_ROUNDS, Reckoning
from ordinance.observe.agent.wire import version_of

SETTLE = 4.0  # seconds: a router says "host unreachable" after three unanswered ARP or ND requests, one a second
CALIBRATION, BRISK, GENTLE = 200, 1000.0, 400.0  # canaries, and a second: what the quiet path loses
TOO_BRISK = 0.05  # loss at which it may be the haste that loses them: they are asked again, gently
CLOSING = 16  # canaries of each witness after the last port
GENTLE_SILENT = 20.0  # a second: those that did not answer then
WINDOW_CANARIES, SMALLEST_WINDOW, LARGEST_WINDOW = 32, 64, 5000
SHARE_FOR_PORTS = 0.9  # of the pace for a host; canaries take the rest
ECHO_TRIES, ECHO_PORTS = 4, 4096
TIMEOUT, LONGEST_TIMEOUT = 0.4, 3.0
PROGRESS_SECONDS = 0.2


class Sweep:
    """One sweep job.

    Keys: addresses, echo (addresses swept beside them), canaries ([address, port, weight]),
    canaries_per_round ({"4": n, "6": n}), miss_bound, rate and per_host (connects a second, null without limit), timeout,
    in_flight and lanes, seconds, settle,
    first_port, last_port, seed.
    """

    pace = BRISK  # of canaries on their own

    def __init__(self, job: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> None:
        self.job = job
        self.tell = tell
        self.addresses: list[str] = [*job["addresses"], *job.get("echo", ())]
        self.canaries: list[tuple[str, int, float]] = [(a, port, weight) for a, port, weight in job["canaries"]]
        self.ports = range(job.get("first_port", 1), job.get("last_port", 65535) + 1)
        self.chance = random.Random(job.get("seed", 0))  # noqa: S311 - order of asking, not a secret
        self.until = time.monotonic() + job.get("seconds", 3600.0)
        self.timeout: float = job.get("timeout", TIMEOUT)
        self.rate: float | None = job.get("rate")
        self.ears = self.make_ears([*self.addresses, *(canary[0] for canary in self.canaries)])
        self.answers = Answers(self.addresses, self.ports)
        self.reckoning = Reckoning(self.canaries, map(version_of, self.addresses), job["miss_bound"])
        self.tally = {"voided": 0, "requeued": 0, "local": 0, "probes": 0}
        self.quiet_loss = 0.0
        self.gave_up = ""
        self.told = 0.0

    def run(self) -> dict[str, Any]:
        """Do the whole job and return the last line."""
        started = time.monotonic()
        self.calibrate()
        for number in range(1, MOST_ROUNDS + 1):
            work = self.work()
            if self.gave_up or not work:
                break
            self.round(number, work)
        self.ears.listen(self.job.get("settle", SETTLE) if self.ears.listener.privileged else 0.0)
        if self.canaries and not self.gave_up:
            self.reckoning.late = self.ask_closing()
        self.ask_echo_again()
        return self.result(time.monotonic() - started)

    # -- what an engine with other means does in its own way ---------------------------------------------------------------------

    def make_ears(self, names: list[str]) -> Ears:
        """Hear what the kernel does not tell of these addresses."""
        return Ears(names)

    def canary_round(self, rate: float, timeout: float, order: list[int]) -> CanaryRound:
        """Ask canaries by their index, alone, `rate` a second."""
        return CanaryRound(self.canaries, rate, timeout, self.ears.listener).run(order)

    def lanes(self) -> int:
        """How many lanes go side by side."""
        return int(max(1, min(self.job.get("lanes", 2), os.cpu_count() or 1)))

    def most_in_flight(self) -> int:
        """How many connects of one lane may be under way."""
        return int(min(self.job.get("in_flight", 10000), files_allowed() - 64))

    # -- canaries alone ---------------------------------------------------------------------------------------------------------

    def calibrate(self) -> None:
        """Learn what the path loses when it is quiet, and how slow it is, so that windows are judged fairly."""
        if not self.canaries:
            return
        asked = self.ask_canaries(CALIBRATION)
        alive = [seen for seen in asked.counts if seen[1]]
        if self.pace > GENTLE and sum(seen[1] for seen in alive) < (1 - TOO_BRISK) * sum(seen[0] for seen in alive):
            self.pace = GENTLE
            asked = self.ask_canaries(CALIBRATION)
        sent, answered = (sum(column) for column in zip(*asked.counts))  # noqa: B905 - Python 3.7 has no strict
        self.quiet_loss = (sent - answered + 1) / (sent + 2)
        if answered == 0:
            self.gave_up = self.gave_up or f"none of {sent} canaries answered before the sweep"
        else:
            self.ask_silent_again(asked.counts, set(range(len(self.canaries))))
        self.reckoning.leave_out_dead(asked.counts)
        self.timeout = max(self.timeout, min(LONGEST_TIMEOUT, 3 * asked.slowest))

    def ask_canaries(self, number: int) -> CanaryRound:
        """Connect to about so many canaries, every one at least once, gently, within the pace and five seconds."""
        rate = self.gentle(self.pace)
        number = int(min(number, max(20.0, rate * 5)))
        order = self.chance.choices(range(len(self.canaries)), [canary[2] or 1.0 for canary in self.canaries], k=number)
        order += range(len(self.canaries))
        return self.canary_round(rate, min(LONGEST_TIMEOUT, 2 * self.timeout), order)

    def gentle(self, rate: float) -> float:
        """So many connects a second, or fewer where the pace says so."""
        paces: list[float] = [SHARE_FOR_PORTS * self.job["per_host"]] if self.job.get("per_host") else []
        return min([rate, *paces, *([self.rate] if self.rate else [])])

    def ask_closing(self) -> list[list[int]]:
        """Ask every canary after the last port; one that is silent again and again, so that loss alone does not bar it."""
        counts = self.ask_canaries(CLOSING * len(self.canaries)).counts
        self.ask_silent_again(counts, self.reckoning.alive())
        return counts

    def ask_silent_again(self, counts: list[list[int]], known: set[int]) -> None:
        """Ask those canaries of `known` that have not answered again and again, gently, and add to `counts`."""
        for _ in range(CLOSING):
            silent = [index for index, (_, answered) in enumerate(counts) if not answered and index in known]
            if not silent:
                return
            timeout = min(LONGEST_TIMEOUT, 2 * self.timeout)
            again = self.canary_round(self.gentle(GENTLE_SILENT), timeout, silent)
            for mine, more in zip(counts, again.counts):  # noqa: B905 - Python 3.7 has no strict
                mine[0] += more[0]
                mine[1] += more[1]

    # -- rounds -----------------------------------------------------------------------------------------------------------------

    def work(self) -> list[tuple[int, list[int]]]:
        """List the ports still to be asked, those of each address in an order of its own."""
        work = []
        for index, ports in enumerate(self.answers.unheard()):
            if ports and self.reckoning.wants_more(version_of(self.addresses[index])):
                self.chance.shuffle(ports)
                work.append((index, ports))
        return work

    def settings(self, lanes: int, ports: int) -> dict[str, Any]:
        """Tell each of so many lanes what to keep to, with so many ports among them all."""
        per_host = self.job.get("per_host")
        paces = [SHARE_FOR_PORTS * per_host * len(self.addresses)] if per_host else []
        paces += [self.rate] if self.rate else []
        wanted = {version: number / lanes for version, number in self.job.get("canaries_per_round", {}).items()}
        window = WINDOW_CANARIES * ports / lanes / max(1.0, sum(wanted.values()))
        return {
            "rate": min(paces) / lanes if paces else None,
            "per_host": per_host / lanes if per_host else None,
            "in_flight": self.most_in_flight(),
            "timeout": self.timeout,
            "canaries": wanted,
            "window": int(max(SMALLEST_WINDOW, min(LARGEST_WINDOW, window))),
            "quiet_loss": self.quiet_loss,
            "void": True,
            "until": self.until,
        }

    def round(self, number: int, work: list[tuple[int, list[int]]]) -> None:
        """Ask all of `work` once, in all lanes, and reckon how sure silence now is."""
        lanes = self.lanes()
        total = sum(len(ports) for _, ports in work)
        settings = self.settings(lanes, total)
        shares = [[(index, ports[lane::lanes]) for index, ports in work] for lane in range(lanes)]
        results = self.ask(shares, settings, self.canaries, lambda done, rate: self.progress(done, total, number, rate))
        counts = self.reckoning.count(results)
        voided = any(result["voided"] for result in results)
        rates = [result["rate"] for result in results if result["rate"]]
        if voided and rates:
            self.rate = min(rates) * lanes
        for version in {version_of(self.addresses[index]) for index, _ in work}:
            self.reckoning.reckon(version, counts, voided)

    def ask(
        self,
        shares: list[list[tuple[int, list[int]]]],
        settings: dict[str, Any],
        canaries: list[tuple[str, int, float]],
        progress: Callable[[int, int], None],
    ) -> list[dict[str, Any]]:
        """Run a lane for each share and merge what they saw."""
        pipes: list[int] = []
        for share in shares:
            pipes.append(fork_lane(Lane(self.addresses, canaries, share, settings, self.chance.random()), pipes))
        attendance = Attendance(pipes, self.ears, progress)
        attendance.run()
        self.gave_up = self.gave_up or attendance.died
        return self.take(attendance.results)

    def take(self, results: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Take over what lanes saw, and return it."""
        for result in results:
            self.answers.take(result)
            self.gave_up = self.gave_up or result["gave_up"]
            for key in self.tally:
                self.tally[key] += result[key]
        return results

    def ask_echo_again(self) -> None:
        """Ask the echo's silent ports a few times more; it is no target, its loss is nobody's finding."""
        for _ in range(ECHO_TRIES):
            echoes = range(len(self.job["addresses"]), len(self.addresses))
            work = [(index, ports) for index in echoes for ports in [self.answers.silent(index)] if ports]
            if self.gave_up or not work or sum(len(ports) for _, ports in work) > ECHO_PORTS:
                return
            settings = self.settings(1, ECHO_PORTS)
            settings.update(canaries={}, window=ECHO_PORTS, void=False, rate=min(settings["rate"] or 1000.0, 1000.0))
            self.ask([work], settings, [], lambda _done, _rate: None)

    def progress(self, done: int, total: int, number: int, rate: int) -> None:
        """Tell how far it is, at most five times a second."""
        now = time.monotonic()
        if now - self.told >= PROGRESS_SECONDS:
            self.told = now
            self.tell({"done_ports": done, "total_ports": total, "round": number, "rate": rate})

    # -- the result -------------------------------------------------------------------------------------------------------------

    def result(self, seconds: float) -> dict[str, Any]:
        """Answers as ranges, and all that the certificate needs."""
        return dict(
            self.tally,
            answers=self.answers.told(self.ears, len(self.job["addresses"])),
            **self.reckoning.told(self.ears),
            complete=not self.gave_up,
            why_incomplete=self.gave_up,
            quiet_loss=self.quiet_loss,
            privileged=self.ears.listener.privileged,
            seconds=seconds,
        )
