"""The raw sweep: every port of every address by SYNs of our own making, in rounds until silence means something.

What it tells has the shape of the connect sweep's last line (`agent.sweep.Sweep`), so that a look can use either.

The scope is kept by `permit` before a frame can be made, and in the kernel by `agent.fence`, where that can hook the egress of
`devices`.
The reset that the vantage's kernel sends after a SYN-ACK it knows nothing of is welcome: it ends the target's half-open entry.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from typing import Any

from ordinance.observe.agent.unequal import loses_more
from ordinance.observe.sweep.air import Air
from ordinance.observe.sweep.arrays import np
from ordinance.observe.sweep.bounds import Bounds
from ordinance.observe.sweep.ledger import Ledger
from ordinance.observe.sweep.outcomes import SILENT_CODE, Outcomes
from ordinance.observe.sweep.pace import Pace
from ordinance.observe.sweep.plan import Plan
from ordinance.observe.sweep.result import last_line
from ordinance.observe.sweep.rounds import Rounds, Stop
from ordinance.observe.sweep.sources import choose, in_use, kernel_range
from ordinance.observe.sweep.targets import Targets
from ordinance.observe.sweep.ways import Way, ways_to
from ordinance.observe.sweep.witnesses import CLOSING, Witnesses

CALIBRATION, BRISK, GENTLE = 256, 4000.0, 400.0  # canaries, and a second: what the quiet path loses
TOO_BRISK = 0.05  # loss at which it may be the haste that loses them: they are asked again, gently
CLOSING_EACH = 16
AGAIN, AGAIN_RATE = 16, 20.0  # times, and a second: witnesses that loss alone may have kept silent
PATIENCE = 0.9  # seconds: after one second a server sends its SYN-ACK again, and loss would look like delay
EARLIEST, TIMES_SLOWEST = 0.03, 3
QUIET = 0.005  # loss below which an answer to the first round is awaited in the others
ECHO_TRIES, ECHO_PORTS, ECHO_RATE = 4, 4096, 1000.0
PROGRESS_SECONDS = 0.2
SWITCH = 0.0005  # seconds after which a thread gets the interpreter: sending must not wait while a table is filled


class RawSweep:
    """One sweep job; see `Plan`. NoRaw or PermissionError when this vantage cannot do it at all, before anything was sent."""

    def __init__(self, job: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> None:
        self.plan = Plan(job)
        self.tell = tell
        self.began = self.told = time.monotonic()
        chance = np.random.default_rng(self.plan.seed)
        self.sources = choose(random.SystemRandom(), kernel_range(), in_use())
        self.ledger = Ledger(Targets(len(self.plan.swept), self.plan.ports, chance), Outcomes())
        ways = ways_to(self.plan.a_port_of_each())
        index = {host: number for number, host in enumerate(self.plan.hosts)}
        known = [
            (index[address], port, weight if isinstance(ways[address], Way) else 0.0, self.plan.family(index[address]))
            for address, port, weight in self.plan.canaries
        ]
        self.witnesses = Witnesses(known, self.sources, chance)
        self.air = Air(self.plan.hosts, ways, self.plan.permit, self.sources, self.ledger, self.witnesses)
        self.devices = sorted({way.device for way in ways.values() if isinstance(way, Way)})
        self.lost_hosts = [host for host, name in enumerate(self.plan.swept) if not isinstance(ways[name], Way)]
        for host in self.lost_hosts:
            self.ledger.give_up(host, str(ways[self.plan.swept[host]]))
        self.pace = Pace(self.plan.rate, self.plan.per_host, len(self.plan.hosts), self.began)
        until = self.began + self.plan.seconds
        self.rounds = Rounds(self.ledger, self.witnesses, self.air, self.pace, until, self.progress)
        self.family = np.array([self.plan.family(host) for host in range(len(self.plan.swept))])
        self.bounds = Bounds({int(family) for family in self.family}, self.plan.miss_bound)
        self.quiet_loss = 0.0
        self.gave_up = ""
        self.awaited = False  # the late words of routers
        self.proxied = False  # witnesses answered with an empty window alone

    def run(self) -> dict[str, Any]:
        """Do the whole job and return the last line."""
        sys.setswitchinterval(SWITCH)
        try:
            self.calibrate()
            settled = self.sweep()
            self.rounds.rest(2 * self.rounds.early)
            self.close_canaries()
            self.ask_echo_again()
            self.rounds.rest(settled - time.monotonic())
        except Stop as why:
            self.gave_up = str(why)
        except OSError as error:
            self.gave_up = f"the vantage could not send: {error}"
        self.air.hear()
        drops = self.air.drops()
        self.air.close()
        return last_line(self, drops, time.monotonic() - self.began)

    # -- canaries alone ---------------------------------------------------------------------------------------------------------

    def calibrate(self) -> None:
        """Learn what the path loses when it is quiet, and how slow it is, so that windows are judged fairly."""
        if not self.witnesses.weight.any():
            if self.plan.canaries:
                raise Stop("the vantage has no way to any canary")
            return
        numbers = self.ask_canaries(CALIBRATION, BRISK)
        if self.witnesses.lost(numbers) > TOO_BRISK:
            numbers = self.ask_canaries(CALIBRATION, GENTLE)
        in_time = numbers[self.witnesses.okay[numbers] & (self.witnesses.delay[numbers] < PATIENCE)]
        self.quiet_loss = (len(numbers) - len(in_time) + 1) / (len(numbers) + 2)
        numbers = self.ask_silent_again(numbers)
        sent, answered = self.witnesses.tally(numbers)
        self.proxied = bool(self.witnesses.mute and ((sent > 0) & (answered == 0)).any())
        if self.proxied:
            raise Stop("a SYN proxy answers for known open ports, and says nothing of what is behind it")
        if not answered.sum():
            raise Stop(f"none of {sent.sum()} canaries answered before the sweep")
        # One that never answered would only void windows; what it said until now is kept for it.
        dead = (sent > 0) & (answered == 0)
        self.witnesses.weight[dead] = 0.0
        self.witnesses.round[numbers[dead[self.witnesses.who[numbers]]]] = CLOSING
        self.rounds.quiet = float(self.quiet_loss)
        slowest = float(self.witnesses.delay[in_time].max()) if len(in_time) else PATIENCE
        self.rounds.early = min(PATIENCE, max(EARLIEST, TIMES_SLOWEST * slowest))

    def ask_canaries(self, number: int, pace: float, among: Any = None) -> Any:
        """Ask about so many canaries (`among` some), every one at least once, at most `pace` a second; wait; their numbers."""
        witnesses = self.witnesses
        per_host = [self.plan.per_host * len(np.unique(witnesses.host))] if self.plan.per_host else []
        rate = min([pace, *per_host, *([self.plan.rate] if self.plan.rate else [])])
        usable = np.flatnonzero(self.air.front_of[witnesses.host] >= 0) if among is None else among
        weight = np.maximum(witnesses.weight[usable], 1e-9)
        number = int(min(number, max(20.0, rate * 5)))
        which = np.concatenate([usable, witnesses.chance.choice(usable, number, p=weight / weight.sum())])
        witnesses.chance.shuffle(which)
        start = witnesses.count
        for at in range(len(which)):
            columns = witnesses.deal(which[at : at + 1], time.monotonic())
            self.rounds.rest(self.pace.start(columns[0]) - time.monotonic())
            now = time.monotonic()
            witnesses.asked_at[witnesses.count - 1] = now
            self.pace.spend(columns[0], now)
            self.pace.due = max(self.pace.due, now + 1 / rate)
            self.air.send(*columns)
        numbers = np.arange(start, witnesses.count)
        end = time.monotonic() + PATIENCE
        while not witnesses.okay[numbers].all() and time.monotonic() < end:
            self.rounds.rest(0.005)
        return numbers

    def ask_silent_again(self, numbers: Any) -> Any:
        """Ask witnesses that gave no answer to these canaries again and again, gently: the numbers, and those of the others.

        Loss alone does not bar a witness. Where none answered, or all did, nothing is asked.
        """
        for _ in range(AGAIN):
            sent, answered = self.witnesses.tally(numbers)
            silent = np.flatnonzero((sent > 0) & (answered == 0))
            if not len(silent) or not answered.any():
                break
            numbers = np.concatenate([numbers, self.ask_canaries(0, AGAIN_RATE, silent)])
        return numbers

    def close_canaries(self) -> None:
        """Ask every witness again after the last port: a source barred half-way is seen here."""
        if len(self.air.fronts) and self.plan.canaries:
            numbers = self.ask_canaries(CLOSING_EACH * len(self.plan.canaries), BRISK)
            self.witnesses.round[self.ask_silent_again(numbers)] = CLOSING

    # -- rounds -----------------------------------------------------------------------------------------------------------------

    def sweep(self) -> float:
        """Ask in rounds until the miss bound is met; when late answers will have had their time."""
        first_end = time.monotonic()
        for number in range(1, self.plan.most + 1):
            families = [family for family in self.bounds.rounds if self.wants(family)]
            self.ledger.active = np.isin(self.family, families)
            wanted = self.ledger.count_wanted()
            if not wanted:
                break
            witnessed = [family for family in families if family in self.witnesses.families()]
            shares = {family: self.plan.per_round.get(family, 0.0) / wanted for family in witnessed}
            voided = self.rounds.run(number, shares)
            self.bounds.end_round(families, voided=voided)
            if number == 1:
                first_end = time.monotonic()
        lossless = self.quiet_loss < QUIET and self.rounds.voided == 0
        last_end = time.monotonic()
        self.awaited = not (lossless and self.rests_on_others())
        if not self.awaited:
            return last_end
        return (first_end if lossless else last_end) + self.plan.settle

    def rests_on_others(self) -> bool:
        """Whether nothing rests on a router's late word: on every address a host answers, and somebody else tells of the rest."""
        asked = range(len(self.plan.swept) - len(self.plan.echoes))
        return all(self.plan.swept[host] in self.plan.vouched and self.ledger.is_held(host) for host in asked)

    def wants(self, family: int) -> bool:
        """Whether another round of a family is needed, and of use: without a witness no number of rounds proves silence."""
        done = self.bounds.rounds[family]
        if done and family not in self.witnesses.families():
            return False
        if done < self.plan.least or self.bounds.of(family, self.witnesses) > self.plan.miss_bound:
            return True
        return loses_more(self.witnesses.told(family, self.plan.hosts), done, self.plan.most, self.plan.miss_bound)

    def ask_echo_again(self) -> None:
        """Ask the echo's silent ports a few times more; it is no target, its loss is nobody's finding."""
        echo = np.isin(np.arange(len(self.plan.swept)), list(self.plan.echoes))
        for number in range(ECHO_TRIES):
            silent = self.ledger.states.reshape(-1, len(self.plan.swept))[:, echo] == SILENT_CODE
            if not 0 < silent.sum() <= ECHO_PORTS:
                return
            self.ledger.active = echo
            self.rounds.void_windows = False
            self.pace.most = self.pace.rate = min(self.pace.rate, ECHO_RATE)
            self.rounds.run(self.plan.most + 1 + number, {})

    def progress(self, done: int, total: int, number: int, rate: float) -> None:
        """Tell how far it is, at most five times a second."""
        now = time.monotonic()
        if now - self.told >= PROGRESS_SECONDS:
            self.told = now
            self.tell({"done_ports": done, "total_ports": total, "round": number, "rate": round(rate)})
