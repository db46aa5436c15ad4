"""Few ports asked with care: probe, control and decoy in turn, in rounds, until the control says that silence means something."""

from __future__ import annotations

import base64
import errno
import random
import select
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

from ordinance.observe.agent.wire import RST, SYN, Listener, family_of, hear_errors, icmp_error, outcome_of, own_address

RESET_ON_CLOSE = struct.pack("ii", 1, 0)
LATE = 4.0  # seconds a socket stays open for late answers: routers give up on ARP and ND after three


class Probe:
    """One socket on its way to one port."""

    def __init__(self, target: dict[str, Any], spec: dict[str, Any], role: str) -> None:
        self.target, self.spec, self.role = target, spec, role
        self.address = spec.get("address", target["address"])
        self.udp = spec.get("transport") == "udp"
        self.sock = None
        self.own_port = None
        self.outcome = None
        self.since = 0.0

    def start(self) -> None:
        """Send the first packet. An error at once is the vantage's own."""
        family = family_of(self.address)
        self.since = time.monotonic()
        kind = socket.SOCK_DGRAM if self.udp else socket.SOCK_STREAM
        try:
            self.sock = socket.socket(family, kind | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
            hear_errors(self.sock, family)
            error = self.sock.connect_ex((self.address, self.spec["port"]))
            if self.udp and not error:
                self.sock.send(base64.b64decode(self.spec.get("payload_b64", "")))
                error = errno.EINPROGRESS
        except OSError as problem:
            error = problem.errno
        if self.sock is not None:
            self.own_port = (self.sock.getsockname() or (None, None))[1]
        if error != errno.EINPROGRESS:
            self.finish(error, at_once=True)

    def ready(self) -> None:
        """Take the answer that waits on the socket."""
        if self.udp:
            self.ready_udp()
        else:
            self.finish(self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))

    def ready_udp(self) -> None:
        """Take a datagram, or the error in its place."""
        try:
            self.sock.recv(4096)
            self.outcome = ("open", "", None, None)
        except BlockingIOError:
            icmp = icmp_error(self.sock)
            self.outcome = self.unless_own(icmp) if icmp else None
        except OSError as problem:
            icmp = icmp_error(self.sock)
            self.outcome = self.unless_own(icmp) if icmp else outcome_of(self.sock, problem.errno, at_once=False)
            if self.outcome[0] == "rst":  # an ICMP port unreachable whose sender was not told
                self.outcome = ("icmp", "", None, None)
        if self.outcome:
            self.close()

    def unless_own(self, icmp: tuple[str, int, int]) -> tuple[str, str, int | None, int | None]:
        """An ICMP error of this very machine never left it."""
        return ("local", "", None, None) if icmp[0] == own_address(self.sock) else ("icmp",) + icmp

    def finish(self, error: int, at_once: bool = False) -> None:
        """Book how a connect ended."""
        if self.sock is None:
            self.outcome = ("local", errno.errorcode.get(error, str(error)), None, None)
            return
        self.outcome = outcome_of(self.sock, error, at_once)
        if self.outcome[0] == "silent":
            self.outcome = None
            return
        if error == 0:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        self.close()

    def close(self) -> None:
        """Close the socket, once."""
        if self.sock is not None:
            self.sock.close()
            self.sock = None


class Careful:
    """One careful job. Keys: targets, miss_bound, timeout, least_rounds, most_rounds, rate, seconds, seed."""

    def __init__(self, job: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> None:
        self.job, self.tell = job, tell
        self.random = random.Random(job.get("seed", 0))  # noqa: S311 - order of asking, not a secret
        self.until = time.monotonic() + job.get("seconds", 300.0)
        self.heard = {}
        self.unreachables = {}
        self.listener = Listener(self.segment, self.unreachable)
        self.epoll = select.epoll()
        self.live = {}
        self.done = [[] for _ in job["targets"]]
        self.rounds = [0] * len(job["targets"])
        self.bound = [1.0] * len(job["targets"])
        self.control = [[0, 0] for _ in job["targets"]]

    def segment(self, packed: bytes, port: int, own_port: int, flags: int, hops: int) -> None:
        """Book how far a reset or a SYN-ACK came."""
        self.heard[packed, port, own_port, bool(flags & RST) and not flags & SYN] = hops

    def unreachable(self, by: str, icmp_type: int, code: int, packed: bytes, _protocol: int, port: int, own_port: int) -> None:
        """Book an ICMP error by what it quotes."""
        self.unreachables[packed, port, own_port] = (by, icmp_type, code)

    def run(self) -> dict[str, Any]:
        """Do the job and return the last line."""
        most = self.job.get("most_rounds", 60)
        for number in range(1, most + 1):
            active = [index for index in range(len(self.rounds)) if self.wants(index)]
            if not active or time.monotonic() > self.until:
                break
            self.round(active)
            self.tell({"done_ports": len(self.rounds) - len(active), "total_ports": len(self.rounds), "round": number, "rate": 0})
        self.collect_until(time.monotonic() + LATE, lambda: self.live)
        self.expire(0.0)
        self.listener.drain_all()
        return {"targets": [self.result(index) for index in range(len(self.rounds))], "privileged": self.listener.privileged}

    def wants(self, index: int) -> bool:
        """Whether a target needs another round."""
        least = self.job.get("least_rounds", 5)
        return self.rounds[index] < least or self.bound[index] > self.job.get("miss_bound", 1e-4)

    def round(self, active: list[int]) -> None:
        """Ask every port, decoy and control of the active targets once, in random order, and wait."""
        probes = []
        for index in active:
            target = self.job["targets"][index]
            roles = [("port", spec) for spec in target["ports"]] + [("decoy", spec) for spec in target.get("decoys", ())]
            roles += [("control", target["control"])] if target.get("control") else []
            probes += [(index, Probe(target, spec, role)) for role, spec in roles]
        self.random.shuffle(probes)
        rate = self.job.get("rate") or 500.0
        begin = time.monotonic()
        for number, (index, probe) in enumerate(probes):
            self.collect_until(begin + number / rate, lambda: True)
            self.send(index, probe)
        self.collect_until(time.monotonic() + self.job.get("timeout", 0.5), lambda: True)
        self.expire(LATE)
        for index in active:
            self.rounds[index] += 1
        self.judge_controls(probes)

    def send(self, index: int, probe: Probe) -> None:
        """Start one probe and keep it under watch."""
        probe.start()
        self.done[index].append(probe)
        if probe.outcome is None:
            self.live[probe.sock.fileno()] = probe
            self.epoll.register(probe.sock.fileno(), select.EPOLLIN | select.EPOLLERR if probe.udp else select.EPOLLOUT)

    def collect_until(self, moment: float, wanted: Callable[[], object]) -> None:
        """Take answers until a moment on the monotonic clock."""
        while wanted():
            left = moment - time.monotonic()
            for number, _ in self.epoll.poll(max(0.0, min(left, 0.05)), 1024):
                probe = self.live[number]
                sock = probe.sock
                probe.ready()
                if probe.outcome is not None:
                    del self.live[number]
                elif not probe.udp:  # silent by ETIMEDOUT
                    self.drop(number, sock)
            self.listener.drain_all()
            if left <= 0:
                return

    def drop(self, number: int, sock: socket.socket) -> None:
        """Give one probe up."""
        self.live.pop(number).sock = None
        sock.close()

    def expire(self, age: float) -> None:
        """Give up probes older than `age` seconds."""
        old = time.monotonic() - age
        for number in [number for number, probe in self.live.items() if probe.since <= old]:
            self.drop(number, self.live[number].sock)

    def judge_controls(self, probes: Any) -> None:
        """Reckon the chance that an open port stayed silent in all rounds, from how often the control answered."""
        for index, probe in probes:
            if probe.role == "control":
                self.control[index][0] += 1
                self.control[index][1] += probe.outcome is not None and probe.outcome[0] == "open"
        for index, (sent, answered) in enumerate(self.control):
            rate = max(0.0, (answered - 1) / (sent + 1.0))
            self.bound[index] = (1 - rate) ** self.rounds[index]

    # -- the result -------------------------------------------------------------------------------------------------------------

    def result(self, index: int) -> dict[str, Any]:
        """What was seen of one target."""
        target = self.job["targets"][index]
        probes = self.done[index]
        control = [probe for probe in probes if probe.role == "control"]
        hops = sorted(h for h in (self.refined(probe)[4] for probe in control) if h is not None)
        return {
            "address": target["address"],
            "rounds": self.rounds[index],
            "miss_bound": self.bound[index],
            "ports": [self.port(probes, "port", spec) for spec in target["ports"]],
            "decoys": [self.port(probes, "decoy", spec) for spec in target.get("decoys", ())],
            "control": {
                "sent": self.control[index][0],
                "answered": self.control[index][1],
                "hops": hops[len(hops) // 2] if hops else None,
            },
        }

    def port(self, probes: Any, role: str, spec: dict[str, Any]) -> dict[str, Any]:
        """Fold the probes of one port into kinds of answers."""
        mine = [self.refined(probe) for probe in probes if probe.role == role and probe.spec is spec]
        kinds = {}
        for answer in mine:
            kinds[answer] = kinds.get(answer, 0) + 1
        silent = sum(times for answer, times in kinds.items() if answer[0] == "silent")
        return {
            "transport": spec.get("transport", "tcp"),
            "port": spec["port"],
            "sent": len(mine),
            "silent": silent,
            "replies": [
                {"answer": a[0], "by": a[1], "type": a[2], "code": a[3], "hops": a[4], "times": times}
                for a, times in kinds.items()
                if a[0] != "silent"
            ],
        }

    def refined(self, probe: Probe) -> tuple[str, str, int | None, int | None, int | None]:
        """The outcome with what the raw sockets heard about it."""
        packed = socket.inet_pton(family_of(probe.address), probe.address)
        key = (packed, probe.spec["port"], probe.own_port)
        outcome = probe.outcome or ("silent", "", None, None)
        if outcome[0] == "silent" and key in self.unreachables:
            outcome = ("icmp",) + self.unreachables[key]
        reset = outcome[0] == "rst"
        if outcome[0] == "silent" and key + (False,) in self.heard:
            outcome = ("open", "", None, None)
        hops = self.heard.get(key + (reset,)) if outcome[0] in ("rst", "open") and not probe.udp else None
        return outcome + (hops,)
