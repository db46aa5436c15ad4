"""Hosts reached by SSH: one pinned connection each, shared by threads, that serves as vantage point and as way inside.

No agent, no search for keys, no shell that sees an inventory value. Whatever goes wrong with the connection itself is
VANTAGE (or IDENTITY, CREDENTIALS): it is never mistaken for an answer of the target behind it.
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import paramiko

from ordinance.inventory.model import Address
from ordinance.observe import shipping
from ordinance.observe.agent_run import STDERR_CAP, run_agent
from ordinance.observe.api import CommandResult, CouldNotLook, Deadline, Unseen
from ordinance.observe.gate import Gate
from ordinance.observe.here import target_of
from ordinance.observe.recorder import Recorder
from ordinance.observe.scope_guard import MUTE_PORTS
from ordinance.observe.ssh_bounds import hang_up, patient_until
from ordinance.observe.ssh_command import Kept, execute
from ordinance.observe.ssh_link import SshLink
from ordinance.observe.ssh_transport import PinnedTransport
from ordinance.observe.stream import Stream
from ordinance.observe.tunnel.run import run_tunnel

_GRACE = 0.5  #: seconds in which a dying connection admits that it is one
_Result = TypeVar("_Result")


class SshVantage:
    """A host over its SSH link, as one look sees it. Implements `VantagePoint`."""

    def __init__(self, name: str, link: SshLink, gate: Gate, recorder: Recorder) -> None:
        self.name = name
        self._link = link
        self._gate = gate
        self._recorder = recorder

    def reach(self, deadline: Deadline) -> None:
        """Connect and log in now. VANTAGE, IDENTITY, CREDENTIALS, SCOPE or HALTED."""
        self._link.transport(deadline, self._recorder)

    def connect(self, address: Address, port: int, deadline: Deadline) -> Stream:
        """Open TCP from that host. See `VantagePoint.connect`."""
        attempt = self._recorder.begin(self.name, target_of(address, port), "connect")
        check = self._gate.switch.check

        def opened(transport: PinnedTransport) -> paramiko.Channel:
            return transport.open_direct(address, port, deadline, check)

        try:
            self._gate.admit(address, deadline)
            channel = self._with_transport(deadline, opened)
        except CouldNotLook as failure:
            raise attempt.failed(failure.reason, failure.detail) from failure
        attempt.action = "dialogue"
        wire = ChannelWire(channel, deadline)
        return Stream(wire, attempt, self._recorder.vault, deadline, check=check, mute=port in MUTE_PORTS)

    def run(self, argv: Sequence[str], deadline: Deadline, *, stdin: bytes = b"", cap: int = 262_144) -> CommandResult:
        """Run a command there; a program that is missing gives exit status 127.

        TOO_MUCH when standard output exceeds `cap` bytes (what is cut off could not be judged), DEADLINE when it takes too
        long, TOOL when it is killed by a signal. Of standard error the first 64 KiB are kept.
        """
        command = shlex.join(argv)
        attempt = self._recorder.begin(self.name, self.name, "ssh-exec")
        out, err = Kept(cap, strict=True), Kept(STDERR_CAP)
        details: dict[str, Any] = {"argv": list(argv)}
        try:
            channel = self._session(deadline)
            status = execute(channel, command, deadline, self._gate.switch.check, out.take, err.take, stdin=stdin)
        except CouldNotLook as failure:
            raise attempt.failed(failure.reason, f"{argv[0]}: {failure.detail}", details=details) from failure
        except BaseException:
            attempt.failed(Unseen.HALTED, f"{argv[0]}: interrupted", details=details)
            raise
        details |= {"exit_status": status, "stdout_bytes": out.total, "stderr_bytes": err.total}
        text = f"$ {command}\nexit status {status}\n".encode() + out.data + _errors(err)
        return CommandResult(status, out.data, err.data, attempt.done("ok", text, raw=out.data, details=details))

    def agent(
        self, job: Mapping[str, Any], deadline: Deadline, on_line: Callable[[dict[str, Any]], None]
    ) -> tuple[dict[str, Any], str]:
        """Run the packet agent there. See `run_agent`."""

        def start(stdin: bytes, until: Deadline, out: Callable[[bytes], None], err: Callable[[bytes], None]) -> int:
            channel, check = self._session(until), self._gate.switch.check
            return execute(channel, shlex.join(shipping.argv()), until, check, out, err, stdin=stdin, hold_stdin=True)

        return run_agent(self.name, self._gate, self._recorder, job, deadline, on_line, start)

    def tunnel(
        self, job: Mapping[str, Any], deadline: Deadline, on_line: Callable[[dict[str, Any]], None]
    ) -> tuple[dict[str, Any], str]:
        """Do a sweep job through channels of that host's SSH server, which needs no program there. See `run_tunnel`."""
        return run_tunnel(self.name, self._link, self._gate, self._recorder, job, deadline, on_line)

    def _session(self, deadline: Deadline) -> paramiko.Channel:
        self._gate.switch.check()
        return self._with_transport(deadline, lambda transport: transport.open_session(deadline, self._gate.switch.check))

    def _with_transport(self, deadline: Deadline, action: Callable[[PinnedTransport], _Result]) -> _Result:
        """Do it on the shared connection; once more on a new one when that one turns out to be dead."""
        with patient_until(deadline):
            transport = self._link.transport(deadline, self._recorder)
            try:
                return action(transport)
            except CouldNotLook as failure:
                if failure.reason is not Unseen.VANTAGE or transport.is_active():
                    raise
            return action(self._link.transport(deadline, self._recorder))


class ChannelWire:
    """An SSH channel as a wire; the end of the SSH connection is not taken for the end of the peer's stream."""

    def __init__(self, channel: paramiko.Channel, deadline: Deadline) -> None:
        self._channel = channel
        self._deadline = deadline

    def settimeout(self, value: float) -> None:
        """Seconds for the next call."""
        self._channel.settimeout(value)

    def recv(self, most: int) -> bytes:
        """Return some bytes; b"" at the end of the peer's stream; VANTAGE when the SSH connection ended."""
        try:
            with patient_until(self._deadline):  # it also writes: that the window opens again
                data = self._channel.recv(most)
        except (paramiko.SSHException, EOFError) as error:
            raise CouldNotLook(Unseen.VANTAGE, "the SSH connection broke") from error
        if not data:
            self._check_alive()
        return data

    def send(self, data: bytes) -> int:
        """How much was sent. OSError when the peer closed, VANTAGE when the SSH connection ended."""
        try:
            with patient_until(self._deadline):
                return self._channel.send(data)
        except TimeoutError:
            raise
        except (paramiko.SSHException, EOFError) as error:
            raise CouldNotLook(Unseen.VANTAGE, "the SSH connection broke") from error
        except OSError:
            self._check_alive()
            raise

    def close(self) -> None:
        """Close the channel."""
        hang_up(self._channel)

    def _check_alive(self) -> None:
        if self._channel.eof_received:
            return
        end = time.monotonic() + _GRACE
        transport = self._channel.get_transport()
        while transport.is_active() and time.monotonic() < end:
            transport.join(0.05)
        if not transport.is_active():
            raise CouldNotLook(Unseen.VANTAGE, "the SSH connection broke")


def _errors(err: Kept) -> bytes:
    if not err.total:
        return b""
    return b"\n(standard error, %d bytes)\n" % err.total + err.data[:2000]
