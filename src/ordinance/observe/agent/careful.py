"""Few ports asked with care: probe, control and decoy in rounds, until the control says that silence means something.

A router that says "host unreachable" for a port, and nothing for the decoy, may have let the packet through and found nobody;
or it refuses everything that way and its limit of one ICMP error a second ate the other answers. So the decoy is asked again,
slowly.
"""

from __future__ import annotations

import random
import select
import time
from collections.abc import Callable
from typing import Any

from ordinance.observe.agent.listener import RST_FLAG, SYN_FLAG, Listener
from ordinance.observe.agent.probe import Probe
from ordinance.observe.agent.wire import OPEN, SILENT, Outcome, own_towards

HOPELESS = 12  # rounds without any answer of the control
ONE_PACKET = 0.8  # seconds: TCP sends its SYN again after one
#: Seconds between decoys asked slowly (an ICMP error for an unreachable route costs Linux two seconds of its allowance), tries
#: for each, targets at most.
SLOWLY, SLOW_TRIES, SLOW_TARGETS = 2.5, 4, 4
#: (type, code): a router asked for the host by ARP or neighbour discovery and nobody answered, IPv4 and IPv6
NOBODY_HOME = {(3, 1), (3, 7), (1, 3)}
LATE = 4.0  # seconds a socket stays open for late answers: routers give up on ARP and ND after three


class Careful:
    """One careful job.

    Keys: targets of {address, ports, decoys, control}, miss_bound, timeout (of a round), late, least_rounds, most_rounds, rate
    (packets a second), seconds, seed.
    """

    def __init__(self, job: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> None:
        self.job, self.tell = job, tell
        self.chance = random.Random(job.get("seed", 0))  # noqa: S311 - order of asking, not a secret
        self.until = time.monotonic() + job.get("seconds", 300.0)
        self.late: float = job.get("late", LATE)
        self.hops: dict[tuple[bytes, int, int, bool], int] = {}  # flow and whether it was a reset -> hops
        self.errors: dict[tuple[bytes, int, int], Outcome] = {}
        self.listener = Listener(self.segment, self.unreachable)
        self.epoll = select.epoll()
        self.live: dict[int, Probe] = {}
        self.targets = [Target(target) for target in job["targets"]]
        self.own = {own_towards(target["address"]) for target in job["targets"]}

    def segment(self, address: bytes, port: int, own_port: int, flags: int, hops: int) -> None:
        """Book how far a reset or a SYN-ACK came."""
        self.hops[address, port, own_port, bool(flags & RST_FLAG) and not flags & SYN_FLAG] = hops

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
            if self.live[number].sock is None:
                del self.live[number]
        self.listener.drain_all()

    def expire(self, age: float) -> None:
        """Give up probes older than `age` seconds."""
        old = time.monotonic() - age
        for number in [number for number, probe in self.live.items() if probe.since <= old]:
            self.live.pop(number).close()

    def refined(self, probe: Probe) -> Outcome:
        """Name the outcome with what the raw sockets heard about its flow."""
        outcome = probe.outcome or self.errors.get(probe.key, SILENT)
        if outcome == SILENT and (*probe.key, False) in self.hops:
            outcome = OPEN
        if probe.udp or outcome.answer not in ("open", "rst"):
            return outcome
        return outcome._replace(hops=self.hops.get((*probe.key, outcome.answer == "rst")))


class Target:
    """One address while it is asked."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self.asked = asked
        self.probes: list[Probe] = []
        self.rounds = self.sent = self.answered = self.slow = 0
        self.miss_bound = 1.0

    def wants(self, least: int, bound: float) -> bool:
        """Whether another round is needed, and of any use."""
        if self.sent >= HOPELESS and not self.answered:
            return False
        return self.rounds < least or self.miss_bound > bound

    def probes_of_a_round(self) -> list[Probe]:
        """Make one probe for every port, decoy and the control."""
        roles = [("port", spec) for spec in self.asked["ports"]] + [("decoy", spec) for spec in self.asked.get("decoys", ())]
        roles += [("control", self.asked["control"])] if self.asked.get("control") else []
        made = [Probe(self.asked, spec, role) for role, spec in roles]
        self.probes += made
        return made

    def end_round(self, probes: list[Probe]) -> None:
        """Reckon the chance that an open port stayed silent in all rounds, from how often the control answered.

        The rate is taken pessimistically, (answered - 1) / (sent + 1), so that few rounds prove little.
        """
        controls = [probe for probe in probes if probe.role == "control"]
        self.rounds += 1
        self.sent += len(controls)
        self.answered += sum(1 for probe in controls if probe.outcome == OPEN)
        self.miss_bound = (1 - max(0.0, (self.answered - 1) / (self.sent + 1))) ** self.rounds

    def nobody_home(self, refined: Callable[[Probe], Outcome]) -> set[bool]:
        """Tell for which transports (True: UDP) a router found nobody for a port, and did not say so for the decoy."""

        def told(role: str) -> set[bool]:
            held = [(probe, refined(probe)) for probe in self.probes if probe.role == role]
            return {probe.udp for probe, outcome in held if (outcome.type, outcome.code) in NOBODY_HOME}

        return told("port") - told("decoy")

    def slow_decoys(self, refined: Callable[[Probe], Outcome]) -> list[Probe]:
        """Make one more probe of the decoys whose silence is in doubt."""
        wanted = self.nobody_home(refined)
        made = [Probe(self.asked, spec, "decoy") for spec in self.asked.get("decoys", ())]
        made = [probe for probe in made if probe.udp in wanted]
        self.probes += made
        self.slow += len(made)
        return made

    def result(self, refined: Callable[[Probe], Outcome]) -> dict[str, Any]:
        """Tell what was seen of it."""
        far = sorted(
            hops for hops in (refined(probe).hops for probe in self.probes if probe.role == "control") if hops is not None
        )
        control = {"sent": self.sent, "answered": self.answered, "hops": far[len(far) // 2] if far else None}
        return {
            "address": self.asked["address"],
            "rounds": self.rounds,
            "miss_bound": self.miss_bound,
            "slow_decoys": self.slow,
            "control": control,
            "ports": [self.port("port", spec, refined) for spec in self.asked["ports"]],
            "decoys": [self.port("decoy", spec, refined) for spec in self.asked.get("decoys", ())],
        }

    def port(self, role: str, spec: dict[str, Any], refined: Callable[[Probe], Outcome]) -> dict[str, Any]:
        """Fold the probes of one port into kinds of answers."""
        kinds: dict[Outcome, int] = {}
        for probe in self.probes:
            if probe.role == role and probe.spec is spec:
                outcome = refined(probe)
                kinds[outcome] = kinds.get(outcome, 0) + 1
        return {
            "transport": spec.get("transport", "tcp"),
            "port": spec["port"],
            "sent": sum(kinds.values()),
            "silent": kinds.pop(SILENT, 0),
            "replies": [dict(outcome._asdict(), times=times) for outcome, times in kinds.items()],
        }
