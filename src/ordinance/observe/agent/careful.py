"""Few ports asked with care: probe, control and decoy in rounds, until the control says that silence means something.

A router that says "host unreachable" for a port, and nothing for the decoy, may have let the packet through and found nobody;
or it refuses everything that way and its limit of one ICMP error a second ate the other answers. So the decoy is asked again,
slowly. Likewise a port of an address that nobody uses, where so many ICMP errors came that its own may have been among the eaten.
"""

from __future__ import annotations

import random
import select
import time
from collections.abc import Callable
from typing import Any

from ordinance.observe.agent.careful_target import NOBODY_HOME, Target
from ordinance.observe.agent.listener import RST_FLAG, SYN_FLAG, Listener
from ordinance.observe.agent.probe import Probe
from ordinance.observe.agent.wire import MUTE, OPEN, RESET, SILENT, Outcome, own_towards, version_of

ONE_PACKET = 0.8  # seconds: TCP sends its SYN again after one
#: Seconds between decoys asked slowly (an ICMP error for an unreachable route costs Linux two seconds of its allowance), tries
#: for each, targets at most.
SLOWLY, SLOW_TRIES, SLOW_TARGETS = 2.5, 4, 4
ICMP_BURST = 6  # ICMP errors a Linux router sends at once before its limit of one a second holds
SLOW_SECONDS = 180.0  # for silent ports that are asked slowly
LOOK_EVERY = 0.05  # seconds between looks at windows that are empty: nothing tells of one that opens
LATE = 4.0  # seconds a socket stays open for late answers: routers give up on ARP and ND after three


class Careful:
    """One careful job.

    Keys: targets of {address, ports, decoys, control}, miss_bound, timeout (of a round), late, least_rounds, most_rounds, rate
    (packets a second), seconds, seed, patient (ports of unused addresses may be asked slowly).
    """

    def __init__(self, job: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> None:
        self.job, self.tell = job, tell
        self.chance = random.Random(job.get("seed", 0))  # noqa: S311 - order of asking, not a secret
        self.until = time.monotonic() + job.get("seconds", 300.0)
        self.looked = 0.0
        self.late: float = job.get("late", LATE)
        self.hops: dict[tuple[bytes, int, int, bool], int] = {}  # flow and whether it was a reset -> hops
        self.proxied: set[tuple[bytes, int, int]] = set()  # flows taken with an empty window
        self.bare: dict[tuple[bytes, int, int], set[int]] = {}  # flow -> hops of what followed the handshake
        self.errors: dict[tuple[bytes, int, int], Outcome] = {}
        self.listener = Listener(self.segment, self.unreachable)
        self.epoll = select.epoll()
        self.live: dict[int, Probe] = {}
        self.targets = [Target(target) for target in job["targets"]]
        self.own = {own_towards(target["address"]) for target in job["targets"]}

    def segment(self, address: bytes, port: int, own_port: int, flags: int, hops: int, window: int) -> None:  # noqa: PLR0917 - a segment
        """Book how far a reset, a SYN-ACK or what followed came."""
        flow = address, port, own_port
        if not flags & (SYN_FLAG | RST_FLAG):
            self.bare.setdefault(flow, set()).add(hops)
            return
        self.hops[(*flow, bool(flags & RST_FLAG) and not flags & SYN_FLAG)] = hops
        if flags & SYN_FLAG and not window:
            self.proxied.add(flow)

    def unreachable(  # noqa: PLR0917 - what an ICMP error holds
        self, by: str, icmp_type: int, code: int, address: bytes, _protocol: int, port: int, own_port: int
    ) -> None:
        """Book an ICMP error by the flow it quotes."""
        own = by in self.own
        self.errors[address, port, own_port] = (
            Outcome("local", "ICMP of its own") if own else Outcome("icmp", by, icmp_type, code)
        )

    def run(self) -> dict[str, Any]:
        """Do the job and return the last line."""
        least, bound = self.job.get("least_rounds", 5), self.job.get("miss_bound", 1e-4)
        for number in range(1, self.job.get("most_rounds", 60) + 1):
            active = [target for target in self.targets if target.wants(least, bound)]
            if not active or time.monotonic() > self.until:
                break
            self.round(active)
            done = len(self.targets) - len(active)
            self.tell({"done_ports": done, "total_ports": len(self.targets), "round": number, "rate": 0})
        self.wait_for_late()
        self.second_look()
        if self.job.get("patient"):
            self.third_look()
        return {"targets": [target.result(self.refined) for target in self.targets], "privileged": self.listener.privileged}

    def wait_for_late(self) -> None:
        """Hear what still comes from sockets that are open."""
        end = time.monotonic() + self.late
        while self.live and time.monotonic() < end:
            self.collect(0.05)
        self.expire(0.0)  # what stays open sends again, and eats a router's allowance of ICMP errors

    def second_look(self) -> None:
        """Ask the decoys of targets at which nobody seems to be home again, so slowly that no limit on ICMP errors bites."""
        doubtful = [target for target in self.targets if target.nobody_home(self.refined)][:SLOW_TARGETS]
        for _ in range(SLOW_TRIES):
            for target in doubtful:
                for probe in target.slow_decoys(self.refined):
                    self.start(probe)
                    self.collect_until(time.monotonic() + ONE_PACKET)
                    self.expire(0.0)
                    self.collect_until(time.monotonic() + SLOWLY - ONE_PACKET)
        if doubtful:
            self.collect_until(time.monotonic() + self.late)

    def third_look(self) -> None:
        """Ask silent ports of unused addresses again, slowly, where a limit on ICMP errors may have eaten what they brought."""
        end = min(self.until, time.monotonic() + SLOW_SECONDS)
        doubtful = [
            (target, spec) for target in self.targets if self.is_held_back(target) for spec in target.silent(self.refined)
        ]
        for _ in range(SLOW_TRIES if self.listener.privileged else 0):
            for target, spec in doubtful:
                if spec in target.silent(self.refined) and time.monotonic() < end:
                    self.start(target.slow_port(spec))
                    self.collect_until(time.monotonic() + ONE_PACKET)
                    self.expire(0.0)
                    self.collect_until(time.monotonic() + SLOWLY - ONE_PACKET)
        if doubtful:
            self.collect_until(time.monotonic() + self.late)

    def is_held_back(self, target: Target) -> bool:
        """Whether a target has no control of its own, and more refusals by ICMP came in its family than come at once."""
        family = version_of(target.asked["address"])
        if not target.asked.get("control") or target.asked["control"]["address"] == target.asked["address"]:
            return False
        asked = (probe for other in self.targets if version_of(other.asked["address"]) == family for probe in other.probes)
        told = (self.refined(probe) for probe in asked)
        return sum(outcome.answer == "icmp" and (outcome.type, outcome.code) not in NOBODY_HOME for outcome in told) > ICMP_BURST

    def round(self, active: list[Target]) -> None:
        """Ask every port, decoy and control of the active targets once, in random order, and wait."""
        probes = [(target, probe) for target in active for probe in target.probes_of_a_round()]
        self.chance.shuffle(probes)
        begin = time.monotonic()
        for number, (_, probe) in enumerate(probes):
            self.collect_until(begin + number / (self.job.get("rate") or 500.0))
            self.start(probe)
        self.collect_until(time.monotonic() + self.job.get("timeout", 0.5))
        self.expire(self.late)
        for target in active:
            target.end_round([probe for other, probe in probes if other is target])

    def start(self, probe: Probe) -> None:
        """Start one probe and keep it under watch."""
        probe.start()
        if probe.outcome is None and probe.sock is not None:
            self.live[probe.sock.fileno()] = probe
            self.epoll.register(probe.sock.fileno(), select.EPOLLIN if probe.udp else select.EPOLLOUT)

    def collect_until(self, moment: float) -> None:
        """Take answers until a moment on the monotonic clock."""
        while time.monotonic() < moment:
            self.collect(max(0.0, min(moment - time.monotonic(), 0.05)))

    def collect(self, wait: float) -> None:
        """Take the answers that are there, or come within `wait` seconds."""
        for number, _ in self.epoll.poll(wait, 1024):
            self.live[number].ready()
            self.tidy(number)
        if time.monotonic() - self.looked > LOOK_EVERY:
            self.looked = time.monotonic()
            for number in [number for number, probe in self.live.items() if probe.mute]:
                self.live[number].ready()
                self.tidy(number)
        self.listener.drain_all()

    def tidy(self, number: int) -> None:
        """Be done with a probe that is over; of one whose window is empty only what comes is of interest."""
        probe = self.live[number]
        if probe.sock is None:
            del self.live[number]
        elif probe.mute:
            self.epoll.modify(number, select.EPOLLIN)

    def expire(self, age: float) -> None:
        """Give up probes older than `age` seconds."""
        old = time.monotonic() - age
        for number in [number for number, probe in self.live.items() if probe.since <= old]:
            self.live.pop(number).give_up()

    def refined(self, probe: Probe) -> Outcome:
        """Name the outcome with what the raw sockets heard about its flow."""
        outcome = probe.outcome or self.errors.get(probe.key, SILENT)
        if outcome == SILENT and (*probe.key, False) in self.hops:
            outcome = MUTE._replace(by="the handshake came late") if probe.key in self.proxied else OPEN
        if outcome.answer == "mute":  # whatever else came tells more
            outcome = RESET if (*probe.key, True) in self.hops else self.errors.get(probe.key, outcome)
        if probe.udp or outcome.answer not in ("open", "rst", "mute"):
            return outcome
        if outcome.answer == "open" and probe.key in self.proxied:
            return outcome._replace(hops=self.behind(probe.key))
        return outcome._replace(hops=self.hops.get((*probe.key, outcome.answer == "rst")))

    def behind(self, flow: tuple[bytes, int, int]) -> int | None:
        """How far the host is for which a SYN proxy shook hands: the nearest that was heard from beyond the proxy."""
        near = self.hops[(*flow, False)]
        return min((hops for hops in self.bare.get(flow, ()) if hops > near), default=None)
