"""An SSH server that holds the pinned key and then misbehaves: at login, at a command, below the protocol."""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Callable

import paramiko
from paramiko.common import MSG_CHANNEL_DATA, MSG_CHANNEL_WINDOW_ADJUST, MSG_IGNORE, MSG_KEXINIT, MSG_USERAUTH_BANNER

from selftest.observe.hostile.bounds import Peer
from selftest.observe.sshd import HOST_KEY

Misdeed = Callable[[paramiko.Transport, paramiko.Channel, Peer], None]
PIECE = b"A" * 32_000


class _Server(paramiko.ServerInterface):
    def __init__(self, peer: Peer, login: Callable[[Peer], int], accepts: Callable[[Peer], int], says_yes: bool) -> None:
        self.peer, self.login, self.accepts, self.says_yes = peer, login, accepts, says_yes
        self.asked = threading.Event()

    def check_auth_publickey(self, username, key):
        return self.login(self.peer)

    def get_allowed_auths(self, username):
        return "publickey"

    def check_channel_request(self, kind, chanid):
        return self.accepts(self.peer)

    def check_channel_exec_request(self, channel, command):
        self.asked.set()
        return self.says_yes


def admit(peer: Peer) -> int:
    return paramiko.AUTH_SUCCESSFUL


def accept(peer: Peer) -> int:
    return paramiko.OPEN_SUCCEEDED


def never(peer: Peer) -> int:
    """Think about it until the other end is gone."""
    peer.hold()
    return paramiko.AUTH_FAILED


def serving(misdeed: Misdeed, *, login=admit, accepts=accept, says_yes=True, prepare=lambda transport: None):
    """A behaviour for `hostile`: SSH, whose `misdeed` is done once a command was asked for."""

    def behave(peer: Peer) -> None:
        transport = paramiko.Transport(peer.sock)
        transport.add_server_key(HOST_KEY)
        prepare(transport)
        server = _Server(peer, login, accepts, says_yes)
        try:
            transport.start_server(server=server, event=threading.Event())
            channel = None
            while transport.is_active() and not peer.over.is_set():
                channel = channel or transport.accept(0.05)
                if channel is not None and server.asked.wait(0.05):
                    time.sleep(0.05)  # the yes to the request goes first
                    misdeed(transport, channel, peer)
                    peer.over.wait(10)
        except (paramiko.SSHException, OSError, EOFError):
            pass
        finally:
            transport.close()
            transport.join(2)

    return behave


def says_without_end(send: str) -> Misdeed:
    def misdeed(transport, channel, peer):
        while not peer.over.is_set():
            getattr(channel, send)(PIECE)

    return misdeed


def ends_without_status(transport, channel, peer):
    channel.close()


def says_nothing(transport, channel, peer):
    peer.over.wait(10)


def message(kind: int, *parts: int | bytes | str) -> paramiko.Message:
    made = paramiko.Message()
    made.add_byte(bytes([kind]))
    for part in parts:
        made.add_int(part) if isinstance(part, int) else made.add_string(part)
    return made


def pours_past_the_window(transport, channel, peer):
    """Data for a channel, whatever its window, and whether or not it was closed."""
    while not peer.over.is_set() and transport.is_active():
        transport._send_user_message(message(MSG_CHANNEL_DATA, channel.remote_chanid, PIECE))


def opens_its_window_wide_and_reads_no_more(transport, channel, peer):
    """Whatever is sent now fills the kernel's buffers and stays there."""
    transport._send_user_message(message(MSG_CHANNEL_WINDOW_ADJUST, channel.remote_chanid, 1 << 30))
    transport.packetizer.read_message = lambda: peer.over.wait(20) or peer.hold()


def exchanges_keys_for_ever(transport, channel, peer):
    """It begins a new key exchange and says no more: until that ends nobody may send anything (RFC 4253 section 7.1)."""
    transport._send_kex_init()
    transport._send_message = lambda message: None


def ignores_for_ever(transport, channel, peer):
    while not peer.over.is_set() and transport.is_active():
        transport._send_user_message(message(MSG_IGNORE, PIECE))


def announces_a_packet_of_2_gib(transport, channel, peer):
    """The length of an encrypt-then-MAC packet stands in the clear; what follows is poured without end."""
    transport.packetizer.write_all(struct.pack(">I", 0x7FFFFFF0))
    while not peer.over.is_set():
        transport.packetizer.write_all(PIECE)


def encrypt_then_mac(transport: paramiko.Transport) -> None:
    transport._preferred_macs = ("hmac-sha2-256-etm@openssh.com",)


def greets_before_login_for_ever(peer: Peer) -> int:
    transport = threading.current_thread()  # paramiko asks in the thread that reads
    while not peer.over.is_set():
        transport._send_message(message(MSG_USERAUTH_BANNER, PIECE, ""))
    return paramiko.AUTH_FAILED


def raw_ssh(*pieces: bytes, flood: bytes = b"") -> Callable[[Peer], None]:
    """An identification line, then packets in the clear."""

    def behave(peer: Peer) -> None:
        peer.say(b"SSH-2.0-x\r\n")
        for piece in pieces:
            peer.say(piece)
        if flood:
            peer.flood(flood)
        peer.hold()

    return behave


def packet(kind: int, body: bytes) -> bytes:
    """A packet before any key is agreed on (RFC 4253 section 6)."""
    padding = 8 - (len(body) + 6) % 8 + 4
    padding += (-(5 + 1 + len(body) + padding)) % 8
    return struct.pack(">IB", 2 + len(body) + padding, padding) + bytes([kind]) + body + bytes(padding)


IGNORE = packet(MSG_IGNORE, struct.pack(">I", 1000) + bytes(1000))
KEXINIT = packet(MSG_KEXINIT, bytes(16) + struct.pack(">I", 0) * 10 + bytes(5))
