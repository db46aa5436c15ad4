"""What the raw sockets heard during a sweep, by address and port."""

from __future__ import annotations

import selectors
import socket
import time
from collections.abc import Iterable

from ordinance.observe.agent.listener import RST_FLAG, SYN_FLAG, Listener
from ordinance.observe.agent.wire import OPEN, RESET, Outcome, own_towards, packed


class Ears:
    """Hops of resets and SYN-ACKs, and answers that came after a connect had been given up."""

    def __init__(self, addresses: Iterable[str]) -> None:
        self.names = {packed(name): name for name in addresses}
        self.own = {"127.0.0.1", "::1"} | {own_towards(name) for name in self.names.values()}
        self.reset_hops: dict[str, bytearray] = {}  # hops + 1, by port
        self.open_hops: dict[str, dict[int, int]] = {}  # address -> hops -> times
        self.proxy_hops: dict[str, dict[int, int]] = {}  # of SYN-ACKs with an empty window: a SYN proxy's
        self.bare_hops: dict[str, set[int]] = {}  # of segments that followed a handshake
        self.opened: set[tuple[str, int]] = set()
        self.errors: dict[tuple[str, int], Outcome] = {}
        self.listener = Listener(self.segment, self.unreachable)

    def segment(self, address: bytes, port: int, _own_port: int, flags: int, hops: int, window: int) -> None:
        """Book a reset, a SYN-ACK, or what followed one."""
        name = self.names.get(address)
        if name is None:
            return
        if not flags & (RST_FLAG | SYN_FLAG):
            self.bare_hops.setdefault(name, set()).add(hops)
        elif flags & RST_FLAG:
            if name not in self.reset_hops:
                self.reset_hops[name] = bytearray(65536)
            self.reset_hops[name][port] = hops + 1
        else:
            seen = (self.open_hops if window else self.proxy_hops).setdefault(name, {})
            seen[hops] = seen.get(hops, 0) + 1
            if window:
                self.opened.add((name, port))

    def unreachable(  # noqa: PLR0917 - what an ICMP error holds
        self, by: str, icmp_type: int, code: int, address: bytes, protocol: int, port: int, _own_port: int
    ) -> None:
        """Book an ICMP error about a TCP segment to a swept address."""
        name = self.names.get(address)
        if name is not None and protocol == socket.IPPROTO_TCP and by not in self.own:
            self.errors[name, port] = Outcome("icmp", by, icmp_type, code)

    def refined(self, name: str, port: int, outcome: Outcome) -> Outcome:
        """Add hops to an outcome; replace silence by what was heard late."""
        if outcome.answer == "silent" and (name, port) in self.opened:
            outcome = OPEN
        resets = self.reset_hops.get(name)
        far = resets[port] - 1 if resets and resets[port] else None
        if outcome.answer in ("silent", "mute") and far is not None:
            outcome = RESET
        if outcome.answer in ("silent", "mute"):
            outcome = self.errors.get((name, port), outcome)
        if outcome.answer == "mute":
            return outcome._replace(hops=usual(self.proxy_hops.get(name, {})))
        if outcome.answer == "rst":
            return outcome._replace(hops=far)
        return outcome._replace(hops=self.usual_hops(name)) if outcome.answer == "open" else outcome

    def late(self, name: str) -> set[int]:
        """Ports of an address of which more is known than a connect's outcome and a reset's distance."""
        return {port for held, port in (*self.opened, *self.errors) if held == name}

    def usual_hops(self, name: str) -> int | None:
        """How far SYN-ACKs of this address came, most often; behind a SYN proxy, what came from beyond it. None: nobody knows."""
        near = usual(self.proxy_hops.get(name, {}))
        if near is None:
            return usual(self.open_hops.get(name, {}))
        return min((hops for hops in self.bare_hops.get(name, ()) if hops > near), default=None)

    def register(self, selector: selectors.BaseSelector) -> None:
        """Have a selector watch the raw sockets, with `self` as their data."""
        for sock in self.listener.sockets:
            selector.register(sock, selectors.EVENT_READ, self)

    def listen(self, seconds: float) -> None:
        """Hear what still comes."""
        end = time.monotonic() + seconds
        self.listener.drain_all()
        with selectors.DefaultSelector() as selector:
            self.register(selector)
            while self.listener.sockets and time.monotonic() < end:
                selector.select(max(0.0, end - time.monotonic()))
                self.listener.drain_all()


def usual(seen: dict[int, int]) -> int | None:
    """What was seen most often; None when nothing was."""
    return max(seen, key=lambda hops: seen[hops]) if seen else None
