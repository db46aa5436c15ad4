"""UDP payloads to many ports, in rounds: answers, and ICMP errors with their sender, without any privilege (ip(7) IP_RECVERR).

Each target keeps one socket of its own, bound and not connected: a server may answer from another port (TFTP, RFC 1350 section
4), and what came back belongs to one target alone, since the kernel gave that port to nobody before. A pending ICMP error makes
the next send of that socket fail: it is taken from the queue, booked, and the datagram sent again.
"""

from __future__ import annotations

import base64
import errno
import random
import select
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ordinance.observe.agent.flight import files_allowed
from ordinance.observe.agent.own_ports import bind, own_ports
from ordinance.observe.agent.throttle import Throttle
from ordinance.observe.agent.wire import SHORT, Outcome, family_of, hear_errors, icmp_error, version_of

SENDS = 4  # of one datagram, when a pending error or a full queue was in the way
KEPT = 512  # bytes of the first answer that are told
FAREWELLS, FAREWELL_GAP = 3, 0.05  # a watcher is told that it is over


class Asked:
    """One port of one address, with one payload: {"address", "port", "payload_b64"}; a "control" is asked in every round."""

    def __init__(self, asked: dict[str, Any], index: int = 0) -> None:
        self.asked, self.index = asked, index
        self.place = (asked["address"], asked["port"])
        self.payload = base64.b64decode(asked["payload_b64"])
        self.control = bool(asked.get("control"))
        self.kinds: dict[Outcome, int] = {}
        self.sent = self.own_port = 0
        self.said = b""
        self.sock: socket.socket | None = None

    def open(self, ports: Iterator[int]) -> None:
        """Make its socket, on the next free one of `ports`. An error is the vantage's own, and booked as such."""
        family = family_of(self.asked["address"])
        try:
            self.sock = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
            hear_errors(self.sock, family)
            with socket.socket(family, socket.SOCK_DGRAM) as way:
                way.connect(self.place)
                self.own_port = bind(self.sock, way.getsockname()[0], ports)
        except OSError as problem:
            self.book_local(problem)

    def send(self) -> None:
        """Send it once; what a pending error says is booked first."""
        for _ in range(SENDS):
            if self.sock is None:
                return
            try:
                self.sock.sendto(self.payload, self.place)
            except OSError as problem:
                if problem.errno in SHORT:
                    time.sleep(0.005)
                elif not self.hear():
                    self.book_local(problem)
                    return
            else:
                self.sent += 1
                return

    def hear(self) -> bool:
        """Take all that waits on the socket: datagrams, then the error queue. Whether there was anything."""
        before = sum(self.kinds.values())
        while self.sock is not None:
            try:
                data, peer = self.sock.recvfrom(65536)
            except BlockingIOError:
                break
            except OSError:
                continue  # the error itself stands in the queue
            self.said = self.said or data[:KEPT]
            self.book(Outcome("open", peer[0].split("%")[0]))
        while self.sock is not None:
            error = icmp_error(self.sock)
            if error is None:
                break
            self.book(error)
        return sum(self.kinds.values()) > before

    def book(self, outcome: Outcome) -> None:
        """Count one answer."""
        self.kinds[outcome] = self.kinds.get(outcome, 0) + 1

    def heard(self) -> bool:
        """Whether anybody but the vantage itself has said something."""
        return any(outcome.answer != "local" for outcome in self.kinds)

    def book_local(self, problem: OSError) -> None:
        """Book what never left the vantage."""
        self.book(Outcome("local", errno.errorcode.get(problem.errno or 0, str(problem))))
        self.close()

    def close(self) -> None:
        """Close the socket, once."""
        if self.sock is not None:
            self.sock.close()
            self.sock = None

    def result(self) -> dict[str, Any]:
        """Tell what was seen of it."""
        answered = sum(self.kinds.values())
        return {
            "index": self.index,
            "own_port": self.own_port,
            "sent": self.sent,
            "silent": max(0, self.sent - answered),
            "replies": [dict(outcome._asdict(), times=times) for outcome, times in self.kinds.items()],
            "said_b64": base64.b64encode(self.said).decode(),
        }


def unheard(asked: Iterable[Asked]) -> bool:
    """Whether a family has controls, and none of them has answered: loss alone may have kept them silent."""
    controls = [one for one in asked if one.control]
    answered = {version_of(one.place[0]) for one in controls if any(outcome.answer == "open" for outcome in one.kinds)}
    return any(version_of(one.place[0]) not in answered for one in controls)


class Datagrams:
    """Job "datagrams".

    Keys: targets of {address, port, payload_b64, control}, rounds, most_rounds (while a control of each family has not answered),
    timeout (after a round), late (after the last), rate and per_host (datagrams a second), seconds, seed; farewell, a target that
    is sent when all is over.
    """

    def __init__(self, job: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> None:
        self.job, self.tell = job, tell
        self.chance = random.Random(job.get("seed", 0))  # noqa: S311 - order of asking, not a secret
        self.until = time.monotonic() + job.get("seconds", 300.0)
        self.throttle = Throttle(job.get("rate") or 2000.0, job.get("per_host"), time.monotonic())
        self.epoll = select.epoll()
        self.live: dict[int, Asked] = {}
        self.asked = [Asked(target, index) for index, target in enumerate(job["targets"])]
        self.ports = iter(own_ports(self.chance))
        self.complete = True

    def run(self) -> dict[str, Any]:
        """Ask all, in lots of as many sockets as there may be."""
        self.chance.shuffle(self.asked)
        most = max(1, files_allowed() - 64)
        for first in range(0, len(self.asked), most):
            self.lot(self.asked[first : first + most], first)
        self.say_farewell()
        return {"targets": [asked.result() for asked in sorted(self.asked, key=lambda one: one.index)], "complete": self.complete}

    def lot(self, asked: list[Asked], before: int) -> None:
        """Ask these in all rounds; who has answered is left in peace, but for controls."""
        for one in asked:
            one.open(self.ports)
            if one.sock is not None:
                self.live[one.sock.fileno()] = one
                self.epoll.register(one.sock.fileno(), select.EPOLLIN | select.EPOLLERR)
        rounds = self.job.get("rounds", 3)
        for number in range(1, max(rounds, self.job.get("most_rounds", rounds)) + 1):
            if number > rounds and not unheard(asked):
                break
            todo = [one for one in asked if one.sock is not None and (one.control or not one.heard())]
            for one in todo:
                self.take_turn(one.place[0])
                one.send()
            self.collect_until(time.monotonic() + self.job.get("timeout", 1.0))
            self.tell({"done_ports": before + len(asked), "total_ports": len(self.asked), "round": number, "rate": 0})
        self.collect_until(time.monotonic() + self.job.get("late", 0.0))
        for number in list(self.live):
            self.live.pop(number).close()

    def take_turn(self, address: str) -> None:
        """Wait until the pace allows one datagram to this address."""
        while time.monotonic() < self.until:
            now = time.monotonic()
            self.throttle.refill(now)
            if self.throttle.room() and self.throttle.admits(address, now):
                self.throttle.spend()
                return
            self.collect(0.001)
        self.complete = False

    def collect_until(self, moment: float) -> None:
        """Take answers until a moment on the monotonic clock."""
        while time.monotonic() < min(moment, self.until):
            self.collect(max(0.0, min(moment - time.monotonic(), 0.05)))

    def collect(self, wait: float) -> None:
        """Take the answers that are there, or come within `wait` seconds."""
        for number, _ in self.epoll.poll(wait, 1024):
            asked = self.live[number]
            asked.hear()
            if asked.sock is None:
                del self.live[number]

    def say_farewell(self) -> None:
        """Send the last datagram, which a watcher knows."""
        if self.job.get("farewell"):
            last = Asked(self.job["farewell"])
            last.open(self.ports)
            for _ in range(FAREWELLS):
                last.send()
                time.sleep(FAREWELL_GAP)
            last.close()
