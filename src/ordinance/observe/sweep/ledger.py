"""What is known of every port: one byte each, in the order in which they are asked."""

from __future__ import annotations

from ordinance.observe.agent.wire import Outcome
from ordinance.observe.sweep.arrays import Array, np
from ordinance.observe.sweep.outcomes import ICMP_RANK, OPEN_RANK, SILENT_CODE, UNASKED_CODE, Outcomes
from ordinance.observe.sweep.targets import Targets


class Ledger:
    """States of `targets`; `active` says whose ports may be asked just now."""

    def __init__(self, targets: Targets, outcomes: Outcomes) -> None:
        self.targets = targets
        self.outcomes = outcomes
        self.states: Array = np.zeros(len(targets), np.uint8)
        self.active: Array = np.ones(targets.hosts, bool)
        self.contradictions = 0  # ports that answered in two ways

    def give_up(self, host: int, why: str) -> None:
        """Book all ports of a host that the vantage has no way to."""
        self.states[host :: self.targets.hosts] = self.outcomes.local(why)

    def wanted(self, first: int, last: int) -> Array:
        """Which of the places from `first` up to `last`, beginnings of rows, are still to be asked."""
        wanted = self.states[first:last] <= SILENT_CODE
        if not self.active.all():
            wanted &= np.tile(self.active, (last - first) // self.targets.hosts)
        return wanted

    def count_wanted(self) -> int:
        """How many ports are still to be asked."""
        rows = (self.states <= SILENT_CODE).reshape(-1, self.targets.hosts)
        return int(rows.sum(0)[self.active].sum())

    def ask(self, first: int, wanted: Array) -> None:
        """Book as silent what is being asked; an answer that came before it stays."""
        states = self.states[first : first + len(wanted)]
        states[wanted & (states == UNASKED_CODE)] = SILENT_CODE

    def void(self, first: int, last: int, *, refusals: bool) -> int:
        """Take back what was asked in vain, for asking again; how many that were.

        With `refusals`, also what was refused: somebody refused in the name of ports that are open.
        """
        states = self.states[first:last]
        if refusals:
            rank = self.outcomes.rank[states]
            states[(rank >= ICMP_RANK) & (rank < OPEN_RANK)] = SILENT_CODE
        wanted = self.wanted(first, last)
        states[wanted] = UNASKED_CODE
        return int(wanted.sum())

    def hear(self, hosts: Array, ports: Array, codes: Array) -> None:
        """Book answers. The weightier stays, whichever came first."""
        inside = (ports >= self.targets.ports.start) & (ports < self.targets.ports.stop)
        if not inside.all():
            hosts, ports, codes = hosts[inside], ports[inside], codes[inside]
        places = self.targets.places(hosts, ports)
        ranks = self.outcomes.rank[codes]
        if len(ranks) and (ranks != ranks[0]).any():  # of a repeated place numpy keeps the last
            order = np.argsort(ranks, kind="stable")
            places, codes, ranks = places[order], codes[order], ranks[order]
        before = self.states[places]
        better = ranks > self.outcomes.rank[before]
        self.contradictions += int(((before > SILENT_CODE) & (before != codes)).sum())
        self.states[places[better]] = codes[better]

    def is_held(self, host: int) -> bool:
        """Whether a port of this host is open: somebody is there."""
        return bool((self.outcomes.rank[self.states[host :: self.targets.hosts]] >= OPEN_RANK).any())

    def answers(self, host: int) -> list[tuple[Outcome, list[list[int]]]]:
        """What came from one host, as runs of ports."""
        column = self.states.reshape(-1, self.targets.hosts)[:, host][self.targets.row_of_port(host)]
        found: dict[Outcome, Array] = {}
        for code in np.unique(column):
            outcome = self.outcomes.named[code]
            found[outcome] = found.get(outcome, False) | (column == code)
        return [(outcome, _runs(held, self.targets.ports.start)) for outcome, held in found.items()]


def _runs(held: Array, start: int) -> list[list[int]]:
    """Fold a column of yes and no into [first, last] runs."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], held, [False]]).astype(np.int8))) + start
    return [[int(first), int(after) - 1] for first, after in edges.reshape(-1, 2)]
