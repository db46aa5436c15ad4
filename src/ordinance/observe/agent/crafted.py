"""Packets that no ordinary socket sends: other IP protocols, odd TCP segments, fragments; and whatever answers them.

Every packet carries a number, in the IPv4 identification or the IPv6 flow label: an ICMP error quotes it, and a watcher at a
firewall reads it. Needs CAP_NET_RAW; without, the job says so and sends nothing.
"""

from __future__ import annotations

import base64
import random
import select
import socket
import struct
import time
from collections.abc import Callable, Iterable
from typing import Any

from ordinance.observe.agent.listener import FLAGS4, FLAGS6, IPV6_HOPLIMIT, IPV6_RECVHOPLIMIT, attach, hops_of, widen
from ordinance.observe.agent.throttle import Throttle
from ordinance.observe.agent.wire import Outcome, family_of, own_towards, packed

TTL, SCTP, HEADER4, HEADER6 = 64, 132, 20, 40
SYN_ACK, RST = 0x12, 0x04
ERRORS4, ERRORS6 = (3, 12), (1, 4)  # unreachable, parameter problem (RFC 792, RFC 4443)
MORE_FRAGMENTS = 0x2000


def header4(own: str, to: str, part: dict[str, Any], number: int, length: int) -> bytes:
    """IPv4 header (RFC 791); the kernel fills in the checksum."""
    field = (MORE_FRAGMENTS if part.get("more") else 0) | part.get("offset", 0) // 8
    return struct.pack(">BBHHHBBH", 0x45, 0, HEADER4 + length, number, field, TTL, part["protocol"], 0) + packed(own) + packed(to)


def header6(own: str, to: str, part: dict[str, Any], number: int, length: int) -> bytes:
    """IPv6 header (RFC 8200); extension headers are part of the body."""
    return struct.pack(">IHBB", 6 << 28 | number, length, part["protocol"], TTL) + packed(own) + packed(to)


class Made:
    """One probe to one address: {"address", "number", "parts": [{"protocol", "body_b64", "offset", "more"}], "control"}.

    With "port" and "own_port" a TCP, UDP or SCTP answer is known by them.
    """

    def __init__(self, asked: dict[str, Any]) -> None:
        self.asked = asked
        self.address: str = asked["address"]
        self.kinds: dict[Outcome, int] = {}
        self.sent = 0
        self.unsent = ""  #: why it must not be sent

    def packets(self, own: str) -> list[bytes]:
        """Make its packets, one for each part."""
        head = header6 if ":" in self.address else header4
        made = []
        for part in self.asked["parts"]:
            body = base64.b64decode(part["body_b64"])
            made.append(head(own, self.address, part, self.asked["number"], len(body)) + body)
        return made

    def heard(self) -> bool:
        """Whether anybody but the vantage itself has said something."""
        return any(outcome.answer != "local" for outcome in self.kinds)

    def result(self) -> dict[str, Any]:
        """Tell what was seen of it."""
        answered = sum(self.kinds.values())
        replies = [dict(outcome._asdict(), times=times) for outcome, times in self.kinds.items()]
        return {"sent": self.sent, "silent": max(0, self.sent - answered), "replies": replies}


def unheard(every: Iterable[Made]) -> bool:
    """Whether a family has controls, and none of them has answered: loss alone may have kept them silent."""
    controls = [made for made in every if made.asked.get("control")]
    answered = {family_of(made.address) for made in controls if any(outcome.answer == "open" for outcome in made.kinds)}
    return any(family_of(made.address) not in answered for made in controls)


class Crafted:
    """Job "crafted".

    Keys: targets (see `Made`), rounds, most_rounds (while a control of each family has not answered), timeout (after a round),
    late (after the last), rate and per_host (packets a second), seconds, seed; farewell, a target that is sent when all is over.
    """

    def __init__(self, job: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> None:
        self.job, self.tell = job, tell
        self.chance = random.Random(job.get("seed", 0))  # noqa: S311 - order of asking, not a secret
        self.until = time.monotonic() + job.get("seconds", 300.0)
        self.throttle = Throttle(job.get("rate") or 1000.0, job.get("per_host"), time.monotonic())
        self.made = [Made(target) for target in job["targets"]]
        self.own = {made.address: own_towards(made.address) for made in self.made}
        self.by_number = {(made.address, made.asked["number"]): made for made in self.made}
        self.by_ports = {(m.address, m.asked["port"], m.asked["own_port"]): m for m in self.made if "port" in m.asked}
        self.senders: dict[int, socket.socket] = {}
        self.ears: dict[int, tuple[socket.socket, Callable[[bytes, list[Any], str], None]]] = {}
        self.poll = select.poll()
        self.complete = True

    def run(self) -> dict[str, Any]:
        """Send and hear all, in rounds."""
        try:
            self.open()
        except PermissionError:
            return {"targets": [made.result() for made in self.made], "complete": False, "privileged": False}
        rounds = self.job.get("rounds", 3)
        for number in range(1, max(rounds, self.job.get("most_rounds", rounds)) + 1):
            if number > rounds and not unheard(self.made):
                break
            todo = [made for made in self.made if made.asked.get("control") or not made.heard()]
            self.chance.shuffle(todo)
            for made in todo:
                self.take_turn(made.address)
                self.send(made)
            self.hear_until(time.monotonic() + self.job.get("timeout", 0.7))
            self.tell({"done_ports": len(self.made), "total_ports": len(self.made), "round": number, "rate": 0})
        self.hear_until(time.monotonic() + self.job.get("late", 0.0))
        if self.job.get("farewell"):
            last = Made(self.job["farewell"])
            self.own.setdefault(last.address, own_towards(last.address))
            for _ in range(3):
                self.send(last)
                time.sleep(0.05)
        return {"targets": [made.result() for made in self.made], "complete": self.complete, "privileged": True}

    def open(self) -> None:
        """Open what sends (IPPROTO_RAW: the header is ours) and what hears. PermissionError without CAP_NET_RAW."""
        farewell = [self.job["farewell"]["address"]] if self.job.get("farewell") else []
        for family in {family_of(address) for address in [*self.own, *farewell]}:
            self.senders[family] = socket.socket(family, socket.SOCK_RAW | socket.SOCK_CLOEXEC, socket.IPPROTO_RAW)
            icmp = socket.IPPROTO_ICMP if family == socket.AF_INET else socket.IPPROTO_ICMPV6
            error = self.error4 if family == socket.AF_INET else self.error6
            segment = self.segment4 if family == socket.AF_INET else self.segment6
            for protocol, handler in ((icmp, error), (socket.IPPROTO_TCP, segment), (SCTP, self.association)):
                sock = socket.socket(family, socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, protocol)
                widen(sock)
                if protocol == socket.IPPROTO_TCP:
                    attach(sock, FLAGS4 if family == socket.AF_INET else FLAGS6)
                if family == socket.AF_INET6:
                    sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1)
                self.ears[sock.fileno()] = sock, handler
                self.poll.register(sock, select.POLLIN)

        for made in self.made:
            if made.asked["parts"][0]["protocol"] == socket.IPPROTO_UDP:
                self.hear_datagrams(made)

    def hear_datagrams(self, made: Made) -> None:
        """Hold the port that a crafted datagram comes from: its answer is heard here, and by nobody else.

        Where another socket has the port the datagram is not sent: what it brought would be taken for that one's answer.
        """
        sock = socket.socket(family_of(made.address), socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            sock.bind((self.own[made.address], made.asked["own_port"]))
        except OSError as problem:
            sock.close()
            made.unsent = problem.strerror or str(problem)
            return
        self.ears[sock.fileno()] = sock, lambda _data, _controls, peer: self.book_datagram(made, peer)
        self.poll.register(sock, select.POLLIN)

    def book_datagram(self, made: Made, peer: str) -> None:
        """Book an answer to a datagram, if it is from where that went."""
        if peer == made.address:
            self.book(made, Outcome("open", peer))

    def take_turn(self, address: str) -> None:
        """Wait until the pace allows one probe to this address."""
        while time.monotonic() < self.until:
            now = time.monotonic()
            self.throttle.refill(now)
            if self.throttle.room() and self.throttle.admits(address, now):
                self.throttle.spend()
                return
            self.hear(0.001)
        self.complete = False

    def send(self, made: Made) -> None:
        """Send all packets of a probe. What the vantage itself refuses is booked as its own."""
        own = self.own[made.address]
        try:
            if not own or made.unsent:
                raise OSError(made.unsent or "no route")  # noqa: TRY301
            for packet in made.packets(own):
                self.senders[family_of(made.address)].sendto(packet, (made.address, 0))
            made.sent += 1
        except OSError as problem:
            self.book(made, Outcome("local", problem.strerror or str(problem)))

    def hear_until(self, moment: float) -> None:
        """Hear until a moment on the monotonic clock."""
        while time.monotonic() < min(moment, self.until):
            self.hear(max(0.0, min(moment - time.monotonic(), 0.05)))

    def hear(self, wait: float) -> None:
        """Take what is there, or comes within `wait` seconds."""
        for number, _ in self.poll.poll(int(wait * 1000)):
            sock, handler = self.ears[number]
            for _ in range(4096):
                try:
                    data, controls, _, peer = sock.recvmsg(512, 128)
                except OSError:
                    break
                handler(data, controls, peer[0].split("%")[0])

    def book(self, made: Made | None, outcome: Outcome) -> None:
        """Count one answer, if it is to one of ours."""
        if made is not None:
            made.kinds[outcome] = made.kinds.get(outcome, 0) + 1

    def error4(self, data: bytes, _controls: list[Any], peer: str) -> None:
        """An ICMP error, by the number in the header it quotes."""
        start = (data[0] & 15) * 4
        quoted = start + 8
        if len(data) >= quoted + HEADER4 and data[start] in ERRORS4 and peer not in self.own.values():
            to = socket.inet_ntop(socket.AF_INET, data[quoted + 16 : quoted + 20])
            number = struct.unpack_from(">H", data, quoted + 4)[0]
            self.book(self.by_number.get((to, number)), Outcome("icmp", peer, data[start], data[start + 1]))

    def error6(self, data: bytes, _controls: list[Any], peer: str) -> None:
        """An ICMPv6 error, by the flow label in the header it quotes."""
        if len(data) >= 8 + HEADER6 and data[0] in ERRORS6 and peer not in self.own.values():
            to = socket.inet_ntop(socket.AF_INET6, data[32:48])
            number = struct.unpack_from(">I", data, 8)[0] & 0xFFFFF
            self.book(self.by_number.get((to, number)), Outcome("icmp", peer, data[0], data[1]))

    def segment4(self, data: bytes, _controls: list[Any], peer: str) -> None:
        """A reset or a SYN-ACK."""
        start = (data[0] & 15) * 4
        if len(data) >= start + 14:
            self.segment(data[start:], peer, hops_of(data[8]))

    def segment6(self, data: bytes, controls: list[Any], peer: str) -> None:
        """The same over IPv6, where the header is not given."""
        limits = [struct.unpack("i", value)[0] for _, kind, value in controls if kind == IPV6_HOPLIMIT]
        if len(data) >= 14 and limits:  # noqa: PLR2004
            self.segment(data, peer, hops_of(limits[0]))

    def segment(self, tcp: bytes, peer: str, hops: int) -> None:
        """Book it under the probe whose ports it has."""
        port, own_port = struct.unpack_from(">HH", tcp)
        answer = "rst" if tcp[13] & RST else "open" if tcp[13] & SYN_ACK == SYN_ACK else ""
        if answer:
            self.book(self.by_ports.get((peer, port, own_port)), Outcome(answer, peer, None, None, hops))

    def association(self, data: bytes, _controls: list[Any], peer: str) -> None:
        """Whatever SCTP says to us is an answer (RFC 9260)."""
        start = (data[0] & 15) * 4 if ":" not in peer else 0
        if len(data) >= start + 4:
            port, own_port = struct.unpack_from(">HH", data, start)
            self.book(self.by_ports.get((peer, port, own_port)), Outcome("open", peer))
