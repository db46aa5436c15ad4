"""Looking from the audit process itself: addresses only, and the exact reason when a connection is not to be had."""

from __future__ import annotations

import errno
import os
import select
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv6Address
from typing import Any

from ordinance.inventory.model import Address
from ordinance.observe import shipping
from ordinance.observe.agent_run import run_agent
from ordinance.observe.api import CommandResult, CouldNotLook, Deadline, Unseen
from ordinance.observe.gate import Gate
from ordinance.observe.here_run import run_here
from ordinance.observe.recorder import Recorder
from ordinance.observe.scope_guard import MUTE_PORTS
from ordinance.observe.stream import SLICE, Stream

_REASONS = {
    errno.ECONNREFUSED: Unseen.REFUSED,
    errno.ECONNRESET: Unseen.REFUSED,
    errno.EHOSTUNREACH: Unseen.UNREACHABLE,
    errno.ENETUNREACH: Unseen.UNREACHABLE,
    errno.EACCES: Unseen.UNREACHABLE,
    errno.EHOSTDOWN: Unseen.UNREACHABLE,
    errno.ENONET: Unseen.UNREACHABLE,
    errno.ENOPROTOOPT: Unseen.UNREACHABLE,
    errno.ETIMEDOUT: Unseen.NO_ANSWER,
}


def target_of(address: Address, port: int, transport: str = "tcp") -> str:
    """`198.51.100.5:25/tcp`, `[2001:db8::1]:25/tcp`."""
    return f"[{address}]:{port}/{transport}" if isinstance(address, IPv6Address) else f"{address}:{port}/{transport}"


def open_socket(address: Address, port: int, deadline: Deadline, check: Callable[[], None] = lambda: None) -> socket.socket:
    """Return a connected socket. REFUSED, UNREACHABLE, NO_ANSWER by the deadline, or VANTAGE when this machine itself cannot."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6  # noqa: PLR2004
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise CouldNotLook(Unseen.VANTAGE, f"no socket is to be had here: {error.strerror}") from error
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _connect(sock, (str(address), port), deadline, check)
    except BaseException:
        sock.close()
        raise
    return sock


def _connect(sock: socket.socket, place: tuple[str, int], deadline: Deadline, check: Callable[[], None]) -> None:
    code = sock.connect_ex(place)
    if code == errno.EINPROGRESS:
        code = _await(sock, deadline, check)
    if code:
        # EPERM (dropped on the way out), no ports or descriptors left: this machine's fault, and no word about the target.
        raise CouldNotLook(_REASONS.get(code, Unseen.VANTAGE), os.strerror(code))
    if sock.getsockname() == sock.getpeername():
        raise CouldNotLook(Unseen.REFUSED, "the connection met itself: nothing listens there")


def _await(sock: socket.socket, deadline: Deadline, check: Callable[[], None]) -> int:
    poller = select.poll()
    poller.register(sock, select.POLLOUT)
    while not poller.poll(min(deadline.left(), SLICE) * 1000):
        check()
        if deadline.passed:
            raise CouldNotLook(Unseen.NO_ANSWER, "nothing came back by the deadline")
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


class HereVantage:
    """The audit process as a vantage point: it connects, and runs nothing but the packet agent."""

    def __init__(self, name: str, gate: Gate, recorder: Recorder) -> None:
        self.name = name
        self._gate = gate
        self._recorder = recorder

    def connect(self, address: Address, port: int, deadline: Deadline) -> Stream:
        """Open TCP. See `VantagePoint.connect`."""
        attempt = self._recorder.begin(self.name, target_of(address, port), "connect")
        try:
            self._gate.admit(address, deadline)
            sock = open_socket(address, port, deadline, self._gate.switch.check)
        except CouldNotLook as failure:
            raise attempt.failed(failure.reason, failure.detail) from failure
        attempt.action = "dialogue"
        check = self._gate.switch.check
        return Stream(sock, attempt, self._recorder.vault, deadline, check=check, mute=port in MUTE_PORTS)

    def run(
        self,
        argv: Sequence[str],
        deadline: Deadline,  # noqa: ARG002 - the interface's
        *,
        stdin: bytes = b"",  # noqa: ARG002
        cap: int = 262_144,  # noqa: ARG002
    ) -> CommandResult:
        """Refused: commands are run on managed hosts, never on the auditor's machine."""
        raise self._not_here(" ".join(argv[:1]))

    def agent(
        self, job: Mapping[str, Any], deadline: Deadline, on_line: Callable[[dict[str, Any]], None]
    ) -> tuple[dict[str, Any], str]:
        """Run the packet agent beside the audit process, as that user. See `run_agent`."""

        def start(stdin: bytes, until: Deadline, out: Callable[[bytes], None], err: Callable[[bytes], None]) -> int:
            return run_here(shipping.argv(sys.executable), until, self._gate.switch.check, out, err, stdin=stdin)

        return run_agent(self.name, self._gate, self._recorder, job, deadline, on_line, start)

    def tunnel(
        self,
        job: Mapping[str, Any],  # noqa: ARG002 - the interface's
        deadline: Deadline,  # noqa: ARG002
        on_line: Callable[[dict[str, Any]], None],  # noqa: ARG002
    ) -> tuple[dict[str, Any], str]:
        """Refused: there is no SSH server in between."""
        raise self._not_here("a sweep through channels")

    def _not_here(self, what: str) -> CouldNotLook:
        attempt = self._recorder.begin(self.name, self.name, "ssh-exec")
        return attempt.failed(Unseen.VANTAGE, f"{what} cannot be run from here: it needs a vantage or a host reached by SSH")
