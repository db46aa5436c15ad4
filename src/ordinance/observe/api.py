"""What looking is made of: the interfaces that looks are written against, and the reasons for not having seen.

The one implementation that reaches a network is `ordinance.observe.door`. Looks get a `LookContext`, tests give a fake one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from ordinance.inventory.model import Address, Inventory
from ordinance.law.model import Profile
from ordinance.sight.perimeter import SweepSighting


class Unseen(StrEnum):
    """Why something could not be seen."""

    REFUSED = "refused"  #: RST, or the connection was refused on the way (not attributed)
    UNREACHABLE = "unreachable"  #: ICMP said so
    NO_ANSWER = "no-answer"
    DEADLINE = "deadline"
    TOO_MUCH = "too-much"  #: the peer sent more than the cap
    PROTOCOL = "protocol"  #: the peer does not speak what it should
    IDENTITY = "identity"  #: host key, engine id or TLS name is not the pinned one; no credential was sent
    CREDENTIALS = "credentials"  #: ours were refused, missing or expired
    SCOPE = "scope"  #: the inventory does not admit it; nothing was sent
    VANTAGE = "vantage"  #: the vantage itself is not usable
    TOOL = "tool"  #: a program needed over there is missing or failed
    HALTED = "halted"  #: the kill-switch file, or the run was interrupted
    UNRECORDED = "unrecorded"  #: in a replay alone: the records do not hold it, or not in a form that can be read


class CouldNotLook(Exception):
    """Something could not be seen. `observation` is the journal id of the attempt."""

    def __init__(self, reason: Unseen, detail: str, observation: str = "") -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail
        self.observation = observation


class TurnedAway(CouldNotLook):
    """A TLS server says by a fatal alert that it will not serve the name it was asked for: an answer, unlike hanging up."""


@dataclass(frozen=True, slots=True)
class Deadline:
    """An absolute moment on the monotonic clock; drips do not move it."""

    at: float
    now: Callable[[], float] = time.monotonic

    @classmethod
    def after(cls, seconds: float, now: Callable[[], float] = time.monotonic) -> Deadline:
        """So many seconds from now."""
        return cls(now() + seconds, now)

    def left(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.at - self.now())

    @property
    def passed(self) -> bool:
        """Whether the moment is over."""
        return self.now() >= self.at


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What a command on a host gave."""

    exit_status: int
    stdout: bytes
    stderr: bytes
    observation: str


class Dialogue(Protocol):
    """A bounded conversation with one TCP peer. Use as a context manager; its whole text is one observation.

    Line, reply and total size are capped (4 KiB, 64 KiB, 256 KiB); beyond: CouldNotLook(TOO_MUCH).
    """

    observation: str  #: journal id, known after close (leaving the with block)

    def __enter__(self) -> Dialogue: ...
    def __exit__(self, *exc: object) -> None: ...

    def read_line(self) -> bytes:
        """One line without its end; b"" at the end of the stream."""
        ...

    def read_some(self, most: int = 4096) -> bytes:
        """Whatever comes first, at most so many bytes; b"" at the end of the stream."""
        ...

    def write(self, data: bytes) -> None:
        """Send all of it before the deadline."""
        ...

    def start_tls(self, server_name: str, ca: bytes | None, *, verify: bool = True) -> TlsPeer:
        """Go on inside TLS. IDENTITY when the certificate is not the named server's; unverified only to read its names."""
        ...

    def secret(self, value: str) -> None:
        """This text must never be recorded."""
        ...


@dataclass(frozen=True, slots=True)
class TlsPeer:
    """Who the TLS peer says it is."""

    version: str
    names: tuple[str, ...]  #: subjectAltName dNSName and iPAddress, and the common name
    sha256: str  #: of the leaf certificate
    verified: bool


class VantagePoint(Protocol):
    """A place to look from, or a host to look at from inside (the same SSH connection serves both)."""

    name: str

    def connect(self, address: Address, port: int, deadline: Deadline) -> Dialogue:
        """Open TCP to `address`; raises CouldNotLook with REFUSED, UNREACHABLE, NO_ANSWER, SCOPE or VANTAGE."""
        ...

    def run(self, argv: Sequence[str], deadline: Deadline, *, stdin: bytes = b"", cap: int = 262_144) -> CommandResult:
        """Run a command there (SSH vantages and hosts only). No shell sees an inventory value."""
        ...

    def agent(
        self, job: Mapping[str, Any], deadline: Deadline, on_line: Callable[[dict[str, Any]], None]
    ) -> tuple[dict[str, Any], str]:
        """Run the packet agent there with python3, nothing installed; returns its last line and the observation id."""
        ...

    def tunnel(
        self, job: Mapping[str, Any], deadline: Deadline, on_line: Callable[[dict[str, Any]], None]
    ) -> tuple[dict[str, Any], str]:
        """Do a sweep job through channels of its SSH server (SSH vantages only); as `agent`, and slower."""
        ...


class Door(Protocol):
    """The one door to the network: scope, pace, deadline, caps, safe text, recording."""

    def at(self, vantage: str) -> VantagePoint:
        """The vantage of that name in the inventory; CouldNotLook(VANTAGE) when it cannot be used."""
        ...

    def host(self, name: str) -> VantagePoint:
        """A managed host over its pinned SSH endpoint."""
        ...

    def testinfra(self, name: str) -> Any:
        """A `testinfra.host.Host` for a managed host, on the door's own SSH connection."""
        ...

    def snmp_get(
        self,
        host: str,
        oids: Sequence[str],
        deadline: Deadline,
        *,
        community: str | None = None,
        version: str = "3",
        level: str = "authPriv",
        address: Address | None = None,
    ) -> tuple[dict[str, str], str]:
        """SNMP GET from here: oid -> value, and the observation id. v3 uses the host's user; v1/v2c a `community`."""
        ...

    def snmp_walk(self, host: str, oid: str, deadline: Deadline, most: int = ...) -> tuple[dict[str, str], str]:
        """SNMPv3 walk below `oid` from here, at most `most` rows: oid -> value, and the observation id."""
        ...

    def note(
        self,
        *,
        vantage: str,
        target: str,
        action: str,
        outcome: str,
        seen: str,
        raw: bytes = b"",
        details: Mapping[str, Any] | None = None,
    ) -> str:
        """Record an observation made by other means than the calls above; returns its journal id."""
        ...

    def secret(self, reference: Any) -> str:
        """Resolve a SecretRef; CouldNotLook(CREDENTIALS) when it is not there."""
        ...


@dataclass(frozen=True, slots=True)
class Night:
    """What an earlier run swept. `linked`: verified, and so is every night since; else `why` says why not."""

    run: str
    linked: bool
    why: str
    sweep: SweepSighting


@dataclass(slots=True)
class LookContext:
    """What one look is given."""

    door: Door
    inventory: Inventory
    profile: Profile
    sight: Callable[[str], Any]  #: another look's result (waits for it; re-raises its CouldNotLook)
    progress: Callable[[int, int, str], None] = lambda *_: None
    halted: Callable[[], bool] = lambda: False
    clock: Callable[[], float] = time.time  #: seconds since 1970 (UTC) by the clock of the machine that runs the audit
    seed: int = 0
    earlier: Callable[[], Sequence[Night]] = tuple  #: what earlier runs swept, newest first; reads and verifies the reports
    extra: dict[str, Any] = field(default_factory=dict)


Look = Callable[[LookContext], Any]
LOOKS: dict[str, Look] = {}


def look(name: str) -> Callable[[Look], Look]:
    """Register a look by name. Looks run side by side, each in a thread of its own, once a run."""

    def register(function: Look) -> Look:
        if name in LOOKS:
            raise ValueError(f"two looks are named {name}")
        LOOKS[name] = function
        return function

    return register


def lines(text: bytes) -> Iterator[str]:
    """Decoded lines of command output; undecodable bytes are escaped."""
    yield from text.decode("utf-8", "backslashreplace").splitlines()
