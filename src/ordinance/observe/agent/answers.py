"""What each port of each address answered, as the lanes of a sweep told it."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator
from typing import Any

from ordinance.observe.agent.ears import Ears
from ordinance.observe.agent.lane import FIRST_OUTCOMES, SILENT_CODE, UNASKED_CODE
from ordinance.observe.agent.wire import Outcome

UNHEARD = ("unasked", "silent", "mute")


class Answers:
    """The newest outcome of every port of `ports` at every one of `addresses`, which are known by their index."""

    def __init__(self, addresses: list[str], ports: range) -> None:
        self.addresses = addresses
        self.ports = ports
        self.states = {index: bytearray(65536) for index in range(len(addresses))}
        self.outcomes: list[Outcome] = list(FIRST_OUTCOMES)

    def take(self, result: dict[str, Any]) -> None:
        """Take over a lane's states; what it did not ask stays as it was."""
        codes = []
        for outcome in (Outcome(*told) for told in result["outcomes"]):
            if outcome not in self.outcomes:
                self.outcomes.append(outcome)
            codes.append(self.outcomes.index(outcome))
        table = bytes(codes) + bytes(256 - len(codes))
        for index, text in result["states"].items():
            mine = self.states[int(index)]
            theirs = zlib.decompress(base64.b64decode(text)).translate(table)
            for port in self.ports:
                if theirs[port] != UNASKED_CODE:
                    mine[port] = theirs[port]

    def unheard(self) -> Iterator[list[int]]:
        """List, for one address after the other, the ports from which nobody was heard yet."""
        codes = {code for code, outcome in enumerate(self.outcomes) if outcome.answer in UNHEARD}
        for states in self.states.values():
            yield [port for port in self.ports if states[port] in codes]

    def silent(self, index: int) -> list[int]:
        """List the ports of one address that were asked and silent."""
        return [port for port in self.ports if self.states[index][port] == SILENT_CODE]

    def told(self, ears: Ears, targets: int) -> list[dict[str, Any]]:
        """List the ports of each address that answered alike, as ranges; addresses after the first `targets` are echoes."""
        listed = []
        for index, name in enumerate(self.addresses):
            groups = self.alike(index, ears)
            listed += [dict(o._asdict(), address=name, echo=index >= targets, ports=runs(ports)) for o, ports in groups.items()]
        return listed

    def alike(self, index: int, ears: Ears) -> dict[Outcome, list[int]]:
        """Sort the ports of one address by outcome, refined by what was heard beside it."""
        name = self.addresses[index]
        groups: dict[Outcome, list[int]] = {}
        alike: dict[tuple[int, int], list[int]] = {}
        states, hops, late = self.states[index], ears.reset_hops.get(name, bytes(65536)), ears.late(name)
        for port in self.ports:
            kind = states[port], hops[port]
            held = None if port in late else alike.get(kind)
            if held is None:
                held = groups.setdefault(ears.refined(name, port, self.outcomes[kind[0]]), [])
                if port not in late:
                    alike[kind] = held
            held.append(port)
        return groups


def runs(ports: list[int]) -> list[list[int]]:
    """Fold ascending ports into [first, last] runs."""
    folded: list[list[int]] = []
    for port in ports:
        if folded and folded[-1][1] == port - 1:
            folded[-1][1] = port
        else:
            folded.append([port, port])
    return folded
