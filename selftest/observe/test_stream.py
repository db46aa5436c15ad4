"""Bounds of a conversation on a wire and a clock made of values: each cap has its own word, and no byte moves the deadline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ordinance.observe.api import CouldNotLook, Deadline, Unseen
from ordinance.observe.memory import MemoryJournal
from ordinance.observe.recorder import Recorder
from ordinance.observe.secret import Vault
from ordinance.observe.stream import Caps, Stream

MOST = 1_000_000  #: bytes, or answers, after which a peer that should have been cut off gives up


class Peer:
    """Says `text` each time it is read, and lets `seconds` pass."""

    def __init__(self, text: bytes, seconds: float = 0.0) -> None:
        self.text = text
        self.seconds = seconds
        self.now = 0.0
        self.said = 0

    def settimeout(self, value: float) -> None:
        assert value > 0

    def recv(self, most: int) -> bytes:
        assert self.said < MOST, "nobody cut this peer off"
        self.now += self.seconds
        self.said += len(self.text)
        return self.text[:most]

    def send(self, data: bytes) -> int:
        self.now += self.seconds
        return 1 if self.seconds else len(data)

    def close(self) -> None:
        pass


def stream(peer: Peer, seconds: float = 10.0, **more: Any) -> tuple[Stream, MemoryJournal]:
    journal, vault = MemoryJournal(), Vault()
    attempt = Recorder(journal, vault, "a-look").begin("here", "198.51.100.5:25/tcp", "dialogue")
    return Stream(peer, attempt, vault, Deadline(seconds, lambda: peer.now), **more), journal


def cut_off(doing: Callable[[], object]) -> CouldNotLook:
    with pytest.raises(CouldNotLook) as caught:
        doing()
    return caught.value


def read_all(talking: Stream) -> None:
    while talking.read_line():
        talking.write(b"more\r\n")  # each answer may be as long as an answer may be


@pytest.mark.parametrize(("length", "reason"), [(4096, None), (4097, "a line of more than 4096 bytes")])
def test_a_line_has_its_own_bound(length: int, reason: str | None) -> None:
    """Far below what a reply or the whole may hold, so that nothing else cuts it off."""
    talking, _ = stream(Peer(b"x" * length + b"\n"))
    if reason is None:
        assert talking.read_line() == b"x" * length
    else:
        missed = cut_off(talking.read_line)
        assert (missed.reason, missed.detail) == (Unseen.TOO_MUCH, reason)


def test_a_line_without_an_end_is_read_no_further_than_its_bound() -> None:
    peer = Peer(b"x" * 1000)
    missed = cut_off(stream(peer)[0].read_line)
    assert missed.detail == "a line of more than 4096 bytes"
    assert peer.said == 5000


def test_a_reply_has_its_own_bound() -> None:
    """Short lines without end, between two of our own words."""
    peer = Peer(b"250-more\r\n" * 100)
    talking, _ = stream(peer)

    def read() -> None:
        while talking.read_line():
            pass

    missed = cut_off(read)
    assert (missed.reason, missed.detail) == (Unseen.TOO_MUCH, "a reply of more than 65536 bytes")
    assert peer.said <= 67_000


def test_everything_together_has_its_own_bound() -> None:
    """Every single reply is short; there is no end of them."""
    peer = Peer(b"250 ok\r\n")
    missed = cut_off(lambda: read_all(stream(peer)[0]))
    assert (missed.reason, missed.detail) == (Unseen.TOO_MUCH, "more than 262144 bytes in all")
    assert peer.said <= 262_144 + len(peer.text)


def test_other_bounds_can_be_given() -> None:
    missed = cut_off(lambda: read_all(stream(Peer(b"250 ok\r\n"), caps=Caps(total=100))[0]))
    assert missed.detail == "more than 100 bytes in all"


def test_bytes_that_drip_do_not_move_the_deadline() -> None:
    peer = Peer(b"x", seconds=1.0)
    missed = cut_off(stream(peer, 10.0)[0].read_line)
    assert (missed.reason, missed.detail) == (Unseen.DEADLINE, "the deadline passed while receiving, after 10 bytes")
    assert peer.now == 10.0


def test_whole_lines_that_drip_do_not_move_it_either() -> None:
    peer = Peer(b"250-more\r\n", seconds=1.0)
    talking, _ = stream(peer, 10.0)

    def read() -> None:
        while talking.read_line():
            pass

    assert cut_off(read).reason is Unseen.DEADLINE
    assert peer.now == 10.0


def test_a_peer_that_takes_a_byte_a_second_does_not_move_it() -> None:
    peer = Peer(b"", seconds=1.0)
    missed = cut_off(lambda: stream(peer, 10.0)[0].write(b"x" * 1000))
    assert (missed.reason, missed.detail) == (Unseen.DEADLINE, "the deadline passed while sending, after 0 bytes")
    assert peer.now == 10.0


def test_a_printer_is_never_written_to() -> None:
    peer = Peer(b"")
    peer.send = lambda data: pytest.fail("something was sent to a printer")  # type: ignore[method-assign]
    missed = cut_off(lambda: stream(peer, mute=True)[0].write(b"hello"))
    assert missed.reason is Unseen.SCOPE


def test_what_cut_a_conversation_off_is_its_outcome() -> None:
    talking, journal = stream(Peer(b"x" * 1000))

    def talk() -> None:
        with talking:
            talking.read_line()

    missed = cut_off(talk)
    assert missed.observation == talking.observation
    assert [seen.outcome for seen in journal.observations] == ["too-much"]
