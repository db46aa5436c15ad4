"""An SNMP agent that is somebody else: it answers discovery under an engine id of its choice and keeps every packet it gets."""

import contextlib
import socket
import threading
from dataclasses import dataclass, field

UNKNOWN_ENGINE_IDS = bytes((0x2B, 6, 1, 6, 3, 15, 1, 1, 4, 0))  # usmStatsUnknownEngineIDs.0, RFC 3414 section 5
REPORT, COUNTER32 = 0xA8, 0x41


def parts(data: bytes) -> list[bytes]:
    """The contents of what stands side by side in BER."""
    found = []
    while data:
        length, start = data[1], 2
        if length & 0x80:
            start += length & 0x7F
            length = int.from_bytes(data[2:start], "big")
        found.append(data[start : start + length])
        data = data[start + length :]
    return found


def put(tag: int, *content: bytes) -> bytes:
    text = b"".join(content)
    return bytes((tag, len(text)) if len(text) < 128 else (tag, 0x81, len(text))) + text


def number(value: int) -> bytes:
    return put(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


@dataclass(frozen=True)
class Message:
    """What an SNMPv3 message gives away (RFC 3412 section 6, RFC 3414 section 2.4)."""

    raw: bytes
    number: int
    flags: int
    engine: bytes
    user: bytes
    digest: bytes

    @classmethod
    def of(cls, data: bytes) -> "Message":
        (whole,) = parts(data)
        _, header, security, _ = parts(whole)
        ((engine, _, _, user, digest, _),) = (parts(inner) for inner in parts(security))
        identifier, _, flags, _ = parts(header)
        return cls(data, int.from_bytes(identifier, "big", signed=True), flags[0], engine, user, digest)

    @property
    def gives_away(self) -> bool:
        """Whether it holds a user's name, a digest made with its key, or anything encrypted."""
        return bool(self.user or self.digest or self.flags & 3)


@dataclass
class Impostor:
    """`engines` are the ids it claims, one an answer, the last one for good."""

    engines: list[bytes]
    messages: list[Message] = field(default_factory=list)
    others: list[bytes] = field(default_factory=list)  #: v1, v2c and what else came
    port: int = 0

    def answer(self, data: bytes) -> bytes:
        try:
            message = Message.of(data)
        except (ValueError, IndexError):
            self.others.append(data)
            return b""
        self.messages.append(message)
        engine = self.engines.pop(0) if len(self.engines) > 1 else self.engines[0]
        return report(message, engine)


def report(message: Message, engine: bytes) -> bytes:
    binding = put(0x30, put(6, UNKNOWN_ENGINE_IDS), put(COUNTER32, b"\1"))
    pdu = put(REPORT, number(message.number), number(0), number(0), put(0x30, binding))
    header = put(0x30, number(message.number), number(65_507), put(4, b"\0"), number(3))
    usm = put(4, put(0x30, put(4, engine), number(1), number(100), put(4), put(4), put(4)))
    return put(0x30, number(3), header, usm, put(0x30, put(4, engine), put(4), pdu))


@contextlib.contextmanager
def impostor(*engines: str):
    """Runs on loopback; `port` says where."""
    mine = Impostor([bytes.fromhex(engine) for engine in engines])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(0.1)
        mine.port = sock.getsockname()[1]
        over = threading.Event()

        def serve():
            while not over.is_set():
                with contextlib.suppress(TimeoutError):
                    data, peer = sock.recvfrom(4096)
                    if answer := mine.answer(data):
                        sock.sendto(answer, peer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield mine
        over.set()
        thread.join()
