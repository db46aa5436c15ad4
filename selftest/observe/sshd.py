"""SSH servers on loopback, made of paramiko: an honest one with commands and forwarding, and one that is somebody else."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import shlex
import socket
import subprocess
import threading
from collections.abc import Iterator

import paramiko
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


def make_key(seed: str) -> tuple[paramiko.Ed25519Key, str]:
    """A key and its private half as text."""
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest())
    text = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    ).decode()
    return paramiko.Ed25519Key.from_private_key(io.StringIO(text)), text


HOST_KEY, _ = make_key("host")
OTHER_KEY, _ = make_key("impostor")
USER_KEY, USER_TEXT = make_key("user")


def pinned(key: paramiko.PKey) -> tuple[str, ...]:
    return (f"{key.get_name()} {base64.b64encode(key.asbytes()).decode()}",)


class Server(paramiko.ServerInterface):
    """Runs commands for whoever has the user's key; books every attempt to log in."""

    def __init__(self, log: list[str], forward):
        self.log = log
        self.forward = forward

    def check_auth_none(self, username):
        self.log.append(f"none {username}")
        return paramiko.AUTH_FAILED

    def check_auth_password(self, username, password):
        self.log.append(f"password {username}")
        return paramiko.AUTH_SUCCESSFUL

    def check_auth_publickey(self, username, key):
        self.log.append(f"key {username}")
        return paramiko.AUTH_SUCCESSFUL if key == USER_KEY else paramiko.AUTH_FAILED

    def get_allowed_auths(self, username):
        return "publickey,password"

    def check_channel_request(self, kind, chanid):
        return paramiko.OPEN_SUCCEEDED

    def check_channel_direct_tcpip_request(self, chanid, origin, destination):
        self.log.append(f"direct {destination}")
        return self.forward(destination)

    def check_channel_exec_request(self, channel, command):
        self.log.append(f"exec {command.decode()}")
        # Only once paramiko has said yes to the request, as a real server does.
        threading.Timer(0.05, run, args=(channel, command.decode())).start()
        return True

    def check_global_request(self, kind, msg):
        return False


def run(channel, command):
    process = subprocess.Popen(
        shlex.split(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
    ) if shlex.split(command)[0] != "no-such-program" else None  # fmt: skip
    if process is None:
        channel.sendall_stderr(b"not found\n")
        channel.send_exit_status(127)
        channel.close()
        return

    def feed():
        with contextlib.suppress(OSError):
            while data := channel.recv(32768):
                process.stdin.write(data)
        with contextlib.suppress(OSError):
            process.stdin.close()

    def copy(source, send):
        with contextlib.suppress(OSError):
            while data := source.read(32768):
                send(data)

    threads = [
        threading.Thread(target=copy, args=(process.stdout, channel.sendall)),
        threading.Thread(target=copy, args=(process.stderr, channel.sendall_stderr)),
    ]
    for thread in [*threads, threading.Thread(target=feed, daemon=True)]:
        thread.start()
    for thread in threads:
        thread.join()
    status = process.wait()
    with contextlib.suppress(OSError, EOFError):
        channel.shutdown_write()
        if status >= 0:
            channel.send_exit_status(status)
    channel.close()


def bridge(transport, server):
    """Connect every forwarded channel to where it wants to go."""
    kept = []  # paramiko closes a channel that nobody holds
    while transport.is_active():
        channel = transport.accept(0.2)
        kept.append(channel)
        if channel is not None and getattr(server, "targets", None):
            threading.Thread(target=carry, args=(channel, server.targets.pop(0)), daemon=True).start()


def carry(channel, place):
    with contextlib.suppress(OSError), socket.create_connection(place) as sock:

        def back():
            with contextlib.suppress(OSError):
                while data := sock.recv(32768):
                    channel.sendall(data)
                channel.shutdown_write()

        threading.Thread(target=back, daemon=True).start()
        while data := channel.recv(32768):
            sock.sendall(data)


class Sshd:
    """One server; `log` says who tried what."""

    def __init__(self, key=HOST_KEY, forward=None):
        self.key = key
        self.log: list[str] = []
        self.transports: list[paramiko.Transport] = []
        self._forward = forward
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=20)
        self._socket.settimeout(0.1)
        self.port = self._socket.getsockname()[1]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while not self._over.is_set():
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                continue
            transport = paramiko.Transport(connection)
            transport.add_server_key(self.key)
            server = Server(self.log, None)
            server.targets = []  # where to, in the order the channels come

            def forward(destination, server=server):
                if self._forward is not None:
                    return self._forward(destination)
                server.targets.append(destination)
                return paramiko.OPEN_SUCCEEDED

            server.forward = forward
            with contextlib.suppress(paramiko.SSHException, EOFError):
                transport.start_server(server=server, event=threading.Event())
            self.transports.append(transport)
            threading.Thread(target=bridge, args=(transport, server), daemon=True).start()

    def close(self):
        self._over.set()
        self._thread.join(2)
        self._socket.close()
        for transport in self.transports:
            transport.close()


@contextlib.contextmanager
def sshd(key=HOST_KEY, forward=None) -> Iterator[Sshd]:
    server = Sshd(key, forward)
    try:
        yield server
    finally:
        server.close()
