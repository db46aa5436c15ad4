"""One address while it is asked with care: its probes, and what they say so far."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ordinance.observe.agent.probe import Probe
from ordinance.observe.agent.wire import OPEN, SILENT, Outcome

HOPELESS = 12  # rounds without any answer of the control
#: (type, code): a router asked for the host by ARP or neighbour discovery and nobody answered, IPv4 and IPv6
NOBODY_HOME = {(3, 1), (3, 7), (1, 3)}


class Target:
    """One address while it is asked."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self.asked = asked
        self.probes: list[Probe] = []
        self.rounds = self.sent = self.answered = self.slow = 0
        self.slow_ports: dict[int, int] = {}  # times a port was asked slowly, by its place among the ports
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

    def silent(self, refined: Callable[[Probe], Outcome]) -> list[dict[str, Any]]:
        """List its ports that brought nothing at all."""
        heard = {id(probe.spec) for probe in self.probes if refined(probe).answer not in ("silent", "mute")}
        return [spec for spec in self.asked["ports"] if id(spec) not in heard]

    def slow_port(self, spec: dict[str, Any]) -> Probe:
        """Make one more probe of a port."""
        place = next(place for place, held in enumerate(self.asked["ports"]) if held is spec)
        self.slow_ports[place] = self.slow_ports.get(place, 0) + 1
        self.probes.append(Probe(self.asked, spec, "port"))
        return self.probes[-1]

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
            "ports": [
                dict(self.port("port", spec, refined), slow=self.slow_ports.get(place, 0))
                for place, spec in enumerate(self.asked["ports"])
            ],
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
