"""The connect sweep: every port of every address, in lanes side by side, in rounds until silence means something."""

from __future__ import annotations

import base64
import ctypes
import json
import os
import random
import resource
import selectors
import signal
import socket
import time
import zlib
from collections.abc import Callable, Iterable
from typing import Any

from ordinance.observe.agent.lane import UNASKED, Lane, lane_process
from ordinance.observe.agent.wire import RST, SYN, Listener, family_of

SETTLE = 4.0  # seconds: a router says "host unreachable" after three unanswered ARP or ND requests, one a second
CALIBRATION, CALIBRATION_RATE = 200, 400.0  # canaries, and a second: what the quiet path loses
CLOSING = 16  # canaries of each witness after the last port
MOST_ROUNDS = 8


class Ears:
    """What the raw sockets heard during the sweep, by address and port."""

    def __init__(self, addresses: list[str], canaries: list[tuple[str, int, float]]) -> None:
        self.names = {socket.inet_pton(family_of(name), name): name for name in addresses}
        for address, _, _ in canaries:
            self.names.setdefault(socket.inet_pton(family_of(address), address), address)
        self.reset_hops = {}  # address -> bytearray of hops + 1 by port
        self.open_hops = {}  # address -> {hops: times}
        self.late_open = set()
        self.errors = {}  # (address, port) -> (by, type, code)
        self.listener = Listener(self.segment, self.unreachable)

    def segment(self, packed: bytes, port: int, _own: int, flags: int, hops: int) -> None:
        """Book a reset or a SYN-ACK."""
        name = self.names.get(packed)
        if name is None:
            return
        if flags & RST:
            held = self.reset_hops.get(name)
            if held is None:
                held = self.reset_hops[name] = bytearray(65536)
            held[port] = hops + 1
        elif flags & SYN:
            seen = self.open_hops.setdefault(name, {})
            seen[hops] = seen.get(hops, 0) + 1
            self.late_open.add((name, port))

    def unreachable(self, by: str, icmp_type: int, code: int, packed: bytes, protocol: int, port: int, _own: int) -> None:
        """Book an ICMP error about a TCP segment to a swept address."""
        name = self.names.get(packed)
        if name is not None and protocol == socket.IPPROTO_TCP and by not in OWN:
            self.errors[name, port] = (by, icmp_type, code)


OWN = {"127.0.0.1", "::1"}


class Sweep:
    """One sweep job. See `run` for the keys of the job and of the last line."""

    def __init__(self, job: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> None:
        self.job = job
        self.tell = tell
        self.addresses = list(job["addresses"]) + list(job.get("echo", ()))
        self.canaries = [tuple(canary) for canary in job["canaries"]]
        self.ports = range(job.get("first_port", 1), job.get("last_port", 65535) + 1)
        self.random = random.Random(job.get("seed", 0))  # noqa: S311 - order of asking, not a secret
        self.until = time.monotonic() + job.get("seconds", 3600.0)
        self.ears = Ears(self.addresses, self.canaries)
        for name in self.addresses + [canary[0] for canary in self.canaries]:
            OWN.add(own_towards(name))
        self.states = {index: bytearray(65536) for index in range(len(self.addresses))}
        self.outcomes = []
        self.tally = {"voided": 0, "requeued": 0, "local": 0, "probes": 0}
        self.counts = [[0, 0] for _ in self.canaries]
        self.late = [[0, 0] for _ in self.canaries]
        self.bounds = {family: 1.0 for family in {self.family(name) for name in self.addresses}}
        self.rounds = {family: 0 for family in self.bounds}
        self.quiet_loss = 0.0
        self.rate = job.get("rate")
        self.gave_up = ""

    @staticmethod
    def family(address: str) -> int:
        """4 or 6."""
        return 6 if ":" in address else 4

    def settings(self, lanes: int, void: bool = True) -> dict[str, Any]:
        """What each of so many lanes is to keep to."""
        job = self.job
        rate = self.rate
        if job.get("per_host"):
            slow = 0.9 * job["per_host"] * len(self.addresses)
            rate = min(rate, slow) if rate else slow
        wanted = {str(k): v / lanes for k, v in job.get("canaries_per_round", {}).items()}
        total = sum(len(ports) for _, ports in self.work()) / lanes
        window = int(max(64, min(5000, 32 * total / max(1.0, sum(wanted.values())))))
        return {
            "rate": rate / lanes if rate else None,
            "per_host": job["per_host"] / lanes if job.get("per_host") else None,
            "in_flight": min(job.get("in_flight", 10000), files_allowed() - 64),
            "timeout": job.get("timeout", 0.4),
            "canaries": wanted,
            "window": window,
            "quiet_loss": self.quiet_loss,
            "void": void,
            "until": self.until,
        }

    def work(self) -> list[tuple[int, list[int]]]:
        """The ports still to be asked: (address index, ports). Families whose silence is proven are done."""
        work = []
        for index, name in enumerate(self.addresses):
            family = self.family(name)
            hopeless = self.rounds[family] and not any(self.family(canary[0]) == family for canary in self.canaries)
            if hopeless or self.bounds[family] <= self.job["miss_bound"]:
                continue
            state = self.states[index]
            ports = [port for port in self.ports if state[port] <= 1]
            self.random.shuffle(ports)
            if ports:
                work.append((index, ports))
        return work

    # -- rounds -----------------------------------------------------------------------------------------------------------------

    def run(self) -> dict[str, Any]:
        """Do the whole job and return the last line."""
        started = time.monotonic()
        self.calibrate()
        number = 0
        while not self.gave_up and self.work() and number < MOST_ROUNDS:
            number += 1
            self.round(number)
        self.listen(SETTLE if self.ears.listener.privileged else 0.0)
        self.close()
        self.echo_again()
        return self.report(started)

    def calibrate(self) -> None:
        """Learn what the path loses when it is quiet, and how slow it is, so that windows are judged fairly."""
        if not self.canaries or self.gave_up:
            return
        slowest = []
        counts = self.ask_canaries(CALIBRATION, CALIBRATION_RATE, slowest)
        sent, answered = (sum(column) for column in zip(*counts))
        self.quiet_loss = (sent - answered + 1) / (sent + 2)
        if answered == 0:
            self.gave_up = "none of %d canaries answered before the sweep" % sent
        elif slowest:
            self.job["timeout"] = max(self.job.get("timeout", 0.4), min(3.0, 3 * max(slowest)))

    def ask_canaries(self, number: int, rate: float, times: list[float] | None = None) -> list[list[int]]:
        """Connect to canaries alone, in turn, gently; returns [sent, answered] of each."""
        per_host = self.job.get("per_host")
        rate = min([rate] + ([self.rate] if self.rate else []) + ([0.9 * per_host] if per_host else []))
        number = int(min(number, max(20.0, rate * 5)))
        counts = [[0, 0] for _ in self.canaries]
        order = self.random.choices(range(len(self.canaries)), [c[2] for c in self.canaries], k=number)
        order += list(range(len(self.canaries)))
        held = {}
        selector = selectors.DefaultSelector()
        begin = time.monotonic()
        timeout = min(3.0, 2 * self.job.get("timeout", 0.4))
        sent = 0
        while sent < len(order) or held:
            now = time.monotonic()
            while sent < len(order) and now >= begin + sent / rate:
                self.ask_one(order[sent], counts, held, selector)
                sent += 1
            for key, _ in selector.select(0.002):
                index, since = held.pop(key.fileobj)
                if key.fileobj.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0:
                    counts[index][1] += 1
                    if times is not None:
                        times.append(time.monotonic() - since)
                selector.unregister(key.fileobj)
                key.fileobj.close()
            for sock in [sock for sock, (_, since) in held.items() if now - since > timeout]:
                del held[sock]
                selector.unregister(sock)
                sock.close()
            self.ears.listener.drain_all()
        return counts

    def ask_one(self, index: int, counts: list[list[int]], held: dict[socket.socket, tuple[int, float]], selector: selectors.BaseSelector) -> None:
        """Start one canary."""
        address, port, _ = self.canaries[index]
        sock = socket.socket(family_of(address), socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        counts[index][0] += 1
        sock.connect_ex((address, port))
        held[sock] = (index, time.monotonic())
        selector.register(sock, selectors.EVENT_WRITE)

    def round(self, number: int) -> None:
        """Ask everything that is still silent once, in all lanes."""
        work = self.work()
        lanes = max(1, min(self.job.get("lanes", 2), os.cpu_count() or 1))
        settings = self.settings(lanes)
        children = {}
        for lane in range(lanes):
            share = [(index, ports[lane::lanes]) for index, ports in work]
            children.update(self.fork(Lane(self.addresses, self.canaries, settings, self.random.random()), share, children))
        results = self.attend(children, number, sum(len(ports) for _, ports in work))
        asked = {self.family(self.addresses[index]) for index, _ in work}
        self.book(results, asked, lanes)

    def fork(self, lane: Lane, share: list[tuple[int, list[int]]], others: Iterable[int]) -> dict[int, int]:
        """Start a lane in a child; returns {pipe: child pid}."""
        mine, theirs = os.pipe()
        pid = os.fork()
        if pid == 0:
            die_with_parent()
            for pipe in list(others) + [mine]:
                os.close(pipe)
            lane_process(lane, share, theirs)
        os.close(theirs)
        CHILDREN.add(pid)
        return {mine: pid}

    def attend(self, children: dict[int, int], number: int, total: int) -> list[dict[str, Any]]:
        """Listen to lanes and raw sockets until every lane has ended; returns the lanes' results."""
        selector = selectors.DefaultSelector()
        texts = {pipe: b"" for pipe in children}
        said = {}
        results = []
        for pipe in children:
            selector.register(pipe, selectors.EVENT_READ, "lane")
        for sock in self.ears.listener.sockets:
            selector.register(sock, selectors.EVENT_READ, "ear")
        while texts:
            for key, _ in selector.select(0.5):
                if key.data == "ear":
                    self.ears.listener.drain(key.fileobj)
                    continue
                block = os.read(key.fd, 1 << 20)
                if not block:
                    selector.unregister(key.fd)
                    os.close(key.fd)
                    texts.pop(key.fd)
                    _, status = os.waitpid(children[key.fd], 0)
                    CHILDREN.discard(children[key.fd])
                    if status:
                        self.gave_up = "a lane of the sweep died (status %d)" % status
                    continue
                lines = (texts[key.fd] + block).split(b"\n")
                texts[key.fd] = lines.pop()
                for line in map(json.loads, lines):
                    if "result" in line:
                        results.append(line["result"])
                        said[key.fd] = {"done": said.get(key.fd, {}).get("done", 0), "rate": 0.0}
                    else:
                        said[key.fd] = line
            self.tell_progress(said, number, total)
        return results

    def tell_progress(self, said: dict[int, dict[str, Any]], number: int, total: int) -> None:
        """One line of progress, at most five a second."""
        now = time.monotonic()
        if now - getattr(self, "told", 0.0) < 0.2:
            return
        self.told = now
        done = sum(line["done"] for line in said.values())
        rate = sum(line["rate"] for line in said.values())
        self.tell({"done_ports": done, "total_ports": total, "round": number, "rate": round(rate)})

    def book(self, results: list[dict[str, Any]], asked: set[int], lanes: int) -> None:
        """Merge what the lanes saw and reckon how sure silence now is."""
        counts = [[0, 0] for _ in self.canaries]
        voided = 0
        for result in results:
            voided += result["voided"]
            for key in self.tally:
                self.tally[key] += result[key]
            for held, seen in zip(counts, result["counts"]):
                held[0] += seen[0]
                held[1] += seen[1]
            self.merge(result)
            self.gave_up = self.gave_up or result["gave_up"]
        rates = [result["rate"] for result in results if result["rate"]]
        if voided and rates:
            self.rate = min(rates) * lanes
        for total, seen in zip(self.counts, counts):
            total[0] += seen[0]
            total[1] += seen[1]
        for family in asked:
            held = [seen for seen, canary in zip(counts, self.canaries) if self.family(canary[0]) == family]
            sent, answered = sum(seen[0] for seen in held), sum(seen[1] for seen in held)
            self.rounds[family] += 1
            loss = (sent - answered + 1) / (sent + 2) if sent else 1.0
            # windows were chosen by their canaries: one clean round out of such a choice is not trusted alone
            self.bounds[family] *= max(loss, self.job["miss_bound"] ** 0.5) if voided and self.rounds[family] == 1 else loss

    def merge(self, result: dict[str, Any]) -> None:
        """Take over a lane's states; an answer is never overwritten by silence."""
        codes = []
        for outcome in map(tuple, result["outcomes"]):
            if outcome not in self.outcomes:
                self.outcomes.append(outcome)
            codes.append(self.outcomes.index(outcome))
        table = bytes(codes) + bytes(256 - len(codes))
        for index, text in result["states"].items():
            mine = self.states[int(index)]
            theirs = zlib.decompress(base64.b64decode(text)).translate(table)
            for port in self.ports:
                if theirs[port] != UNASKED:
                    mine[port] = theirs[port]

    # -- the end ----------------------------------------------------------------------------------------------------------------

    def listen(self, seconds: float) -> None:
        """Hear late answers."""
        end = time.monotonic() + seconds
        self.ears.listener.drain_all()
        selector = selectors.DefaultSelector()
        for sock in self.ears.listener.sockets:
            selector.register(sock, selectors.EVENT_READ)
        while time.monotonic() < end:
            for key, _ in selector.select(max(0.0, end - time.monotonic())):
                self.ears.listener.drain(key.fileobj)

    def close(self) -> None:
        """Ask every witness once more: a source that was barred half-way is seen here."""
        if self.canaries and not self.gave_up:
            self.late = self.ask_canaries(CLOSING * len(self.canaries), CALIBRATION_RATE)

    def echo_again(self) -> None:
        """Ask the echo's silent ports a few times more; it is no target, its loss is nobody's finding."""
        first = len(self.job["addresses"])
        for _ in range(4):
            work = [(i, [p for p in self.ports if self.states[i][p] == 1]) for i in range(first, len(self.addresses))]
            work = [(index, ports) for index, ports in work if ports]
            if self.gave_up or not work or sum(len(ports) for _, ports in work) > 4096:
                return
            settings = self.settings(1, void=False)
            settings.update(canaries={}, window=4096, rate=min(settings["rate"] or 1000.0, 1000.0))
            children = self.fork(Lane(self.addresses, [], settings, 0), work, {})
            for result in self.attend(children, 0, 0):
                self.merge(result)

    def report(self, started: float) -> dict[str, Any]:
        """The last line: answers as ranges, and all that the certificate needs."""
        groups = {}
        for index, name in enumerate(self.addresses):
            state = self.states[index]
            resets = self.ears.reset_hops.get(name)
            for port in self.ports:
                answer = self.outcomes[state[port]] if self.outcomes else ("unasked", "", None, None)
                groups.setdefault((index, self.refine(name, port, answer, resets)), []).append(port)
        listed = [
            {
                "address": self.addresses[i],
                "echo": i >= len(self.job["addresses"]),
                "answer": o[0],
                "by": o[1],
                "type": o[2],
                "code": o[3],
                "hops": o[4],
                "ports": runs(ports),
            }
            for (i, o), ports in groups.items()
        ]
        return {
            "answers": listed,
            "canaries": [
                {
                    "address": c[0],
                    "port": c[1],
                    "sent": n[0],
                    "answered": n[1],
                    "late_sent": late[0],
                    "late_answered": late[1],
                    "hops": self.usual_hops(c[0]),
                }
                for c, n, late in zip(self.canaries, self.counts, self.late)
            ],
            "bounds": [{"family": f, "rounds": self.rounds[f], "miss_bound": bound} for f, bound in sorted(self.bounds.items())],
            "complete": not self.gave_up,
            "why_incomplete": self.gave_up,
            "quiet_loss": self.quiet_loss,
            "privileged": self.ears.listener.privileged,
            "host_hops": {name: self.usual_hops(name) for name in self.ears.open_hops},
            "seconds": time.monotonic() - started,
            **self.tally,
        }

    def refine(self, name: str, port: int, answer: tuple[str, str, int | None, int | None], resets: bytearray | None) -> tuple[str, str, int | None, int | None, int | None]:
        """Add what the raw sockets heard: hops of a reset, answers that came after the connect had been given up."""
        kind = answer[0]
        if kind == "silent":
            if (name, port) in self.ears.late_open:
                return ("open", "", None, None, self.usual_hops(name))
            if resets and resets[port]:
                return ("rst", "", None, None, resets[port] - 1)
            if (name, port) in self.ears.errors:
                return ("icmp",) + self.ears.errors[name, port] + (None,)
        if kind == "rst":
            return answer + (resets[port] - 1 if resets and resets[port] else None,)
        return answer + (self.usual_hops(name) if kind == "open" else None,)

    def usual_hops(self, name: str) -> int | None:
        """How far SYN-ACKs of this address came, most often; None when none was heard."""
        seen = self.ears.open_hops.get(name)
        return max(seen, key=seen.get) if seen else None


CHILDREN = set()


def die_with_parent() -> None:
    """Have the kernel end this child when the agent ends, however it ends (prctl(2) PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)


def runs(ports: list[int]) -> list[list[int]]:
    """Fold ascending ports into [first, last] runs."""
    folded = []
    for port in ports:
        if folded and folded[-1][1] == port - 1:
            folded[-1][1] = port
        else:
            folded.append([port, port])
    return folded


def files_allowed() -> int:
    """Raise the soft limit of open files to the hard one and return it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard if hard != resource.RLIM_INFINITY else 1 << 20


def own_towards(address: str) -> str:
    """The vantage's own address on the way to `address`; no packet is sent."""
    with socket.socket(family_of(address), socket.SOCK_DGRAM) as sock:
        try:
            sock.connect((address, 9))
        except OSError:
            return ""
        return sock.getsockname()[0]
