"""The one SSH connection to a host: who it is is settled before anything secret is done, and it is made again when it dies."""

from __future__ import annotations

import base64
import hashlib
import io
import socket
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import paramiko

from ordinance.inventory.model import Endpoint, SecretRef
from ordinance.observe.api import CouldNotLook, Deadline, Unseen
from ordinance.observe.gate import Gate
from ordinance.observe.here import open_socket, target_of
from ordinance.observe.recorder import Attempt, Recorder
from ordinance.observe.ssh_stranger import StrangerSocket, read_banner
from ordinance.observe.ssh_transport import PinnedTransport

LOGIN_SECONDS = 15.0  #: from the first packet to the login
KEEPALIVE = 5  #: seconds
#: Seconds for which a host may acknowledge nothing: one that is cut off says no goodbye, and a look would wait to its deadline.
SILENCE = 20
REMEMBERED = 5.0  #: seconds for which a failure to connect is not tried again

_Transport = TypeVar("_Transport", bound=PinnedTransport)
_KEY_TYPES = (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey)
_RSA_NAMES = ("rsa-sha2-512", "rsa-sha2-256")
#: These say something lasting: trying again would send a second failed login, or trust to luck.
_LASTING = frozenset({Unseen.IDENTITY, Unseen.CREDENTIALS, Unseen.SCOPE, Unseen.HALTED})


class SshLink:
    """Holds the connection of one host. Threads share it; it is made on first use.

    `secret` resolves the reference of the private key.
    """

    def __init__(self, name: str, endpoint: Endpoint, gate: Gate, secret: Callable[[SecretRef], str]) -> None:
        self.name = name
        self._endpoint = endpoint
        self._gate = gate
        self._secret = secret
        self._lock = threading.Lock()
        self._transport: PinnedTransport | None = None
        self._worn: list[PinnedTransport] = []
        self._failure: CouldNotLook | None = None
        self._failed_at = 0.0
        self._closed = False

    def transport(self, deadline: Deadline, recorder: Recorder) -> PinnedTransport:
        """Return a live, identified, logged-in connection. IDENTITY, CREDENTIALS, SCOPE, HALTED or VANTAGE."""
        if not self._lock.acquire(timeout=deadline.left()):
            raise CouldNotLook(Unseen.VANTAGE, f"SSH to {self.name}: no connection by the deadline")
        try:
            self._retire()
            if self._transport is None or not self._transport.is_active():
                self._transport = self._dial(deadline, recorder)
            return self._transport
        finally:
            self._lock.release()

    def fresh(self, kind: type[_Transport], deadline: Deadline, recorder: Recorder) -> _Transport:
        """Return a connection of one's own, identified and logged in, which whoever asked for it closes.

        IDENTITY, CREDENTIALS, SCOPE, HALTED or VANTAGE. Only a failure is recorded: a sweep makes hundreds.
        """
        self._gate.switch.check()
        if self._failure is not None and self._failure.reason in _LASTING:
            raise CouldNotLook(self._failure.reason, self._failure.detail, self._failure.observation)
        place = target_of(self._endpoint.address, self._endpoint.port)
        within = Deadline(min(deadline.at, deadline.now() + LOGIN_SECONDS), deadline.now)
        try:
            return self._connected(kind, within)
        except CouldNotLook as refused:
            raise self._remember(refused, recorder.begin(self.name, place, "ssh-connect"), place) from refused

    def close(self) -> None:
        """Hang up. Does not wait for anybody: looks that are still at it see their connection break."""
        self._closed = True
        for transport in (self._transport, *self._worn):
            if transport is not None:
                transport.close()

    def _retire(self) -> None:
        """Put a worn connection aside, and hang up those nobody uses any more."""
        if self._transport is not None and self._transport.worn:
            self._worn.append(self._transport)
            self._transport = None
        for transport in [old for old in self._worn if old.idle or not old.is_active()]:
            transport.close()
            self._worn.remove(transport)

    def _dial(self, deadline: Deadline, recorder: Recorder) -> PinnedTransport:
        self._gate.switch.check()
        if self._closed:
            raise CouldNotLook(Unseen.HALTED, "the door is closed")
        failure = self._failure
        if failure is not None and (failure.reason in _LASTING or time.monotonic() - self._failed_at < REMEMBERED):
            raise CouldNotLook(failure.reason, failure.detail, failure.observation)
        place = target_of(self._endpoint.address, self._endpoint.port)
        attempt = recorder.begin(self.name, place, "ssh-connect")
        within = Deadline(min(deadline.at, deadline.now() + LOGIN_SECONDS), deadline.now)
        try:
            transport = self._login(within, attempt)
        except CouldNotLook as refused:
            raise self._remember(refused, attempt, place) from refused
        self._failure = None
        return transport

    def _remember(self, refused: CouldNotLook, attempt: Attempt, place: str) -> CouldNotLook:
        """Name the failure so that nobody takes it for an answer of a target behind this host."""
        reason = refused.reason if refused.reason in _LASTING else Unseen.VANTAGE
        told = refused.detail if reason is refused.reason else f"{refused.reason.value}: {refused.detail}"
        failure = attempt.failed(reason, f"SSH to {self.name} ({place}): {told}")
        # The kill switch may go away again; everything else that lasts, lasts.
        self._failure = None if reason is Unseen.HALTED else failure
        self._failed_at = time.monotonic()
        return failure

    def _login(self, deadline: Deadline, attempt: Attempt) -> PinnedTransport:
        transport = self._connected(PinnedTransport, deadline)
        key = transport.get_remote_server_key()
        seen = f"host key {key.get_name()} SHA256:{_fingerprint(key.asbytes())} is the pinned one; logged in"
        attempt.done("ok", seen, details={"host_key": f"{key.get_name()} {key.get_base64()}"})
        return transport

    def _connected(self, kind: type[_Transport], deadline: Deadline) -> _Transport:
        pinned = pinned_keys(self._endpoint.host_keys)
        check = self._gate.switch.check
        self._gate.admit(self._endpoint.address, deadline)
        sock = open_socket(self._endpoint.address, self._endpoint.port, deadline, check)
        transport: _Transport | None = None
        try:
            transport, stranger = _greet(sock, kind, deadline, check)
            _identify(transport, pinned, deadline)
            stranger.trust()
            _log_in(transport, self._endpoint.user, private_key(self._secret(self._endpoint.key), self._endpoint.key), deadline)
        except BaseException:
            if transport is not None:
                transport.close()
            sock.close()
            raise
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE * 1000)  # tcp(7), RFC 5482
        transport.set_keepalive(KEEPALIVE)
        return transport


def pinned_keys(lines: tuple[str, ...]) -> dict[str, set[bytes]]:
    """Key type -> keys, from lines as in known_hosts. IDENTITY when there are none, or one cannot be read."""
    found: dict[str, set[bytes]] = {}
    for line in lines:
        fields = line.split()
        try:
            found.setdefault(fields[0], set()).add(base64.b64decode(fields[1], validate=True))
        except (IndexError, ValueError) as error:
            raise CouldNotLook(Unseen.IDENTITY, "a pinned host key of the inventory cannot be read") from error
    if not found:
        raise CouldNotLook(Unseen.IDENTITY, "the inventory pins no host key; no credential was sent")
    return found


def private_key(text: str, reference: SecretRef) -> paramiko.PKey:
    """Return a private key without a passphrase. CREDENTIALS, naming the reference, when it is none."""
    for kind in _KEY_TYPES:
        try:
            return kind.from_private_key(io.StringIO(str(text)))
        except (paramiko.SSHException, ValueError, IndexError, TypeError):
            continue
    raise CouldNotLook(Unseen.CREDENTIALS, f"{reference} is no private key that can be used (Ed25519, ECDSA, RSA; no passphrase)")


def _greet(
    sock: socket.socket, kind: type[_Transport], deadline: Deadline, check: Callable[[], None]
) -> tuple[_Transport, StrangerSocket]:
    stranger = StrangerSocket(sock, read_banner(sock, deadline, check))
    transport = kind(stranger)
    transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = LOGIN_SECONDS
    return transport, stranger


def _identify(transport: PinnedTransport, pinned: dict[str, set[bytes]], deadline: Deadline) -> None:
    """Key exchange, in which the server proves that it holds its host key, and comparison. Nothing secret is sent."""
    options = transport.get_security_options()
    names = [name for kind in pinned for name in (_RSA_NAMES if kind == "ssh-rsa" else (kind,))]
    names = [name for name in names if name in options.key_types]
    if not names:
        raise CouldNotLook(Unseen.IDENTITY, "none of the pinned host keys is of a type that is understood here")
    options.key_types = names
    try:
        transport.start_client(timeout=deadline.left())
    except paramiko.ssh_exception.IncompatiblePeer as error:
        if "host key" in str(error):
            raise CouldNotLook(Unseen.IDENTITY, "the server has no host key of a pinned type; no credential was sent") from error
        raise CouldNotLook(Unseen.PROTOCOL, f"SSH without common ground: {error}") from error
    except (paramiko.SSHException, OSError, EOFError) as error:
        reason = Unseen.DEADLINE if deadline.passed else Unseen.PROTOCOL
        raise CouldNotLook(reason, f"SSH key exchange: {error or type(error).__name__}") from error
    except Exception as error:
        raise CouldNotLook(Unseen.PROTOCOL, f"SSH key exchange: {type(error).__name__}") from error
    if not transport.initial_kex_done:  # it only returns when its time is up
        raise CouldNotLook(Unseen.DEADLINE, "the SSH key exchange did not end")
    key = transport.get_remote_server_key().asbytes()
    if not any(key in keys for keys in pinned.values()):
        found = f"SHA256:{_fingerprint(key)}"
        raise CouldNotLook(Unseen.IDENTITY, f"the host key {found} is not the pinned one; no credential was sent")


def _log_in(transport: PinnedTransport, user: str, key: paramiko.PKey, deadline: Deadline) -> None:
    """One login by public key."""
    transport.auth_timeout = max(deadline.left(), 0.1)
    try:
        more = transport.auth_publickey(user, key)
    except paramiko.AuthenticationException as error:
        if not transport.is_active() or "timeout" in str(error).lower():
            raise CouldNotLook(Unseen.DEADLINE, f"SSH login: {error}") from error
        raise CouldNotLook(Unseen.CREDENTIALS, f"the login of {user} was refused") from error
    except (paramiko.SSHException, OSError, EOFError) as error:
        raise CouldNotLook(Unseen.PROTOCOL, f"SSH login: {error or type(error).__name__}") from error
    except Exception as error:
        raise CouldNotLook(Unseen.PROTOCOL, f"SSH login: {type(error).__name__}") from error
    if more or not transport.is_authenticated():
        raise CouldNotLook(Unseen.CREDENTIALS, f"the server wants more than the key of {user}")


def _fingerprint(key: bytes) -> str:
    return base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")
