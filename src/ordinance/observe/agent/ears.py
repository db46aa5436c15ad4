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
        self.opened: set[tuple[str, int]] = set()
        self.errors: dict[tuple[str, int], Outcome] = {}
        self.listener = Listener(self.segment, self.unreachable)

    def segment(self, address: bytes, port: int, _own_port: int, flags: int, hops: int) -> None:
        """Book a reset or a SYN-ACK."""
        name = self.names.get(address)
        if name is None:
            return
        if flags & RST_FLAG:
            if name not in self.reset_hops:
                self.reset_hops[name] = bytearray(65536)
            self.reset_hops[name][port] = hops + 1
        elif flags & SYN_FLAG:
            seen = self.open_hops.setdefault(name, {})
            seen[hops] = seen.get(hops, 0) + 1
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
        if outcome.answer == "silent" and far is not None:
            outcome = RESET
        if outcome.answer == "silent":
            return self.errors.get((name, port), outcome)
        if outcome.answer == "rst":
            return outcome._replace(hops=far)
        return outcome._replace(hops=self.usual_hops(name)) if outcome.answer == "open" else outcome

    def late(self, name: str) -> set[int]:
        """Ports of an address of which more is known than a connect's outcome and a reset's distance."""
        return {port for held, port in (*self.opened, *self.errors) if held == name}

    def usual_hops(self, name: str) -> int | None:
        """How far SYN-ACKs of this address came, most often; None when none was heard."""
        seen = self.open_hops.get(name, {})
        return max(seen, key=lambda hops: seen[hops]) if seen else None

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
