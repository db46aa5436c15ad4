"""One lane of the sweep: a process that asks its share of the ports, canaries mixed in at random, and judges window by window.

A window is some thousand ports with its canaries. Canaries lost clearly beyond what the quiet path loses void the window: its
silent ports are asked again, more slowly. Evenly spaced canaries would lie: behind a rate limiter the first packet of each burst
always gets through, so their positions are random.
"""

from __future__ import annotations

import base64
import errno
import itertools
import json
import math
import os
import random
import select
import socket
import struct
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, NoReturn

from ordinance.observe.agent.wire import SHORT, family_of, hear_errors, outcome_of

UNASKED, SILENT = 0, 1
UNNAMED = ("icmp", "", None, None)  # an error without a known sender; also where the table of 255 outcomes is full
LINGER_RESET = struct.pack("ii", 1, 0)
SLOWEST = 20.0  # connects a second below which a lane does not go
DEAD_AFTER = 10.0  # seconds without any canary's answer, while canaries are sent: nothing comes through any more
DEAD_CANARIES = 50
BURST = 256


class Window:
    """Some ports and canaries that are judged together."""

    def __init__(self, items: list[int], epoch: int) -> None:
        self.items = items
        self.left = len(items)
        self.epoch = epoch
        self.silent = []
        self.canaries = []  # (canary, answered)
        self.first = self.last = 0.0

    def rate(self) -> float:
        """Connects a second while it was sent."""
        return len(self.items) / max(self.last - self.first, 0.001)


class Lane:
    """`work` is a list of (address index, ports); `canaries` of (address, port, weight); see `run` for the result."""

    def __init__(self, addresses: list[str], canaries: list[tuple[str, int, float]], settings: dict[str, Any], seed: float) -> None:
        self.addresses = addresses
        self.families = [family_of(address) for address in addresses]
        self.canaries = canaries
        self.settings = settings
        self.random = random.Random(seed)  # noqa: S311 - positions, not secrets
        self.states = {}
        self.outcomes = {("unasked", "", None, None): UNASKED, ("silent", "", None, None): SILENT, UNNAMED: 2}
        self.counts = [[0, 0] for _ in canaries]
        self.rate = settings["rate"]
        self.conc = settings["in_flight"]
        self.timeout = settings["timeout"]
        self.epoch = self.voided = self.requeued = self.local = self.probes = self.planned_windows = 0
        self.gave_up = ""
        self.finished_ports = 0
        self.live = {}
        self.expiry = deque()
        self.again = deque()
        self.requeue = []
        self.current = None
        self.tokens = 0.0
        self.seconds = []
        self.last_answer = time.monotonic()
        self.unanswered = 0
        self.buckets = {}

    # -- what to ask ------------------------------------------------------------------------------------------------------------

    def plan(self, work: list[tuple[int, list[int]]]) -> None:
        """Lay out this lane's ports: one of every address in turn, in random order within an address."""
        self.total = sum(len(ports) for _, ports in work)
        size = self.settings["window"]
        self.planned_windows = 1 + self.total // size
        share = {}
        for family in {family_of(address) for address, _, _ in self.canaries}:
            share[family] = self.settings["canaries"].get("6" if family == socket.AF_INET6 else "4", 0) / max(self.total, 1)
        self.share = share
        for index, _ in work:
            self.states[index] = bytearray(65536)
        columns = [[index << 16 | port for port in ports] for index, ports in work]
        rows = itertools.zip_longest(*columns)
        self.source = (item for row in rows for item in row if item is not None)

    def next_window(self) -> Window | None:
        """Take the next ports and mix in canaries at random places; None when nothing is left."""
        ports = list(itertools.islice(self.source, self.settings["window"]))
        if not ports and self.requeue:
            ports, self.requeue = self.requeue[: self.settings["window"]], self.requeue[self.settings["window"] :]
        if not ports:
            return None
        items = ports
        for canary in self.pick_canaries(len(ports)):
            items.insert(self.random.randrange(len(items) + 1), -1 - canary)
        return Window(items, self.epoch)

    def pick_canaries(self, ports: int) -> list[int]:
        """Choose canaries for a window of so many ports, by weight, each family in its share."""
        picked = []
        for family, share in self.share.items():
            held = [index for index, canary in enumerate(self.canaries) if family_of(canary[0]) == family]
            wanted = share * ports
            number = int(wanted) + (self.random.random() < wanted - int(wanted))
            picked += self.random.choices(held, [self.canaries[index][2] for index in held], k=number)
        return picked

    # -- asking -----------------------------------------------------------------------------------------------------------------

    def target(self, item: int) -> tuple[str, int]:
        """Address and port of an item; canaries are negative."""
        if item < 0:
            return self.canaries[-1 - item][:2]
        return self.addresses[item >> 16], item & 0xFFFF

    def start(self, item: int, window: Window, now: float) -> bool:
        """Begin one connect. False: the vantage is short of something, the item waits."""
        address, port = self.target(item)
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        sock = None
        try:
            sock = socket.socket(family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
            hear_errors(sock, family)
            error = sock.connect_ex((address, port))
        except OSError as problem:
            error = problem.errno
        if error in SHORT:
            if sock is not None:
                sock.close()
            return False
        self.probes += 1
        if error == errno.EINPROGRESS:
            number = sock.fileno()
            self.live[number] = (sock, item, window, now)
            self.epoll.register(number, select.EPOLLOUT | select.EPOLLONESHOT)
            self.expiry.append((now + self.timeout, number, sock))
        else:
            self.end(sock, item, window, error, at_once=True)
        return True

    def end(self, sock: socket.socket, item: int, window: Window, error: int, at_once: bool = False) -> None:
        """Book the outcome of one connect."""
        outcome = outcome_of(sock, error, at_once)
        if error == 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_RESET)
        sock.close()
        if item < 0:
            self.end_canary(-1 - item, window, error == 0)
        else:
            self.finished_ports += 1
            code = self.code_of(outcome)
            if outcome[0] == "local":
                self.local += 1
            if code == SILENT:
                window.silent.append(item)
            self.states[item >> 16][item & 0xFFFF] = code
        window.left -= 1
        if window.left == 0:
            self.judge(window)

    def code_of(self, outcome: tuple[str, str, int | None, int | None]) -> int:
        """Number an outcome in this lane's table."""
        code = self.outcomes.get(outcome)
        if code is None:
            if len(self.outcomes) >= 255:
                return self.outcomes[UNNAMED]
            code = self.outcomes[outcome] = len(self.outcomes)
        return code

    def end_canary(self, canary: int, window: Window, answered: bool) -> None:
        """Book a canary's fate with its window."""
        window.canaries.append((canary, answered))
        if answered:
            self.last_answer, self.unanswered = time.monotonic(), 0
        else:
            self.unanswered += 1
            if self.unanswered >= DEAD_CANARIES and time.monotonic() - self.last_answer > DEAD_AFTER:
                self.gave_up = "no canary has answered for %d s: nothing comes through any more" % DEAD_AFTER

    # -- judging windows --------------------------------------------------------------------------------------------------------

    def judge(self, window: Window) -> None:
        """Keep or void a finished window."""
        sent = len(window.canaries)
        lost = sum(1 for _, answered in window.canaries if not answered)
        base = self.settings["quiet_loss"]
        usual = sent * base + 3 * math.sqrt(sent * base * (1 - base)) + 1.5
        if lost > usual and self.settings["void"]:
            self.void(window, (sent - lost) / sent)
            return
        for canary, answered in window.canaries:
            self.counts[canary][0] += 1
            self.counts[canary][1] += answered
        if self.rate is not None and window.epoch == self.epoch:
            self.rate = min(self.rate * 1.02, self.settings["rate"] or self.rate * 1.02)

    def void(self, window: Window, passed: float) -> None:
        """Ask the silent ports of a window again; slow down, once for all windows that were under way together."""
        self.voided += 1
        for item in window.silent:
            self.states[item >> 16][item & 0xFFFF] = UNASKED
        self.requeue += window.silent
        self.requeued += len(window.silent)
        self.finished_ports -= len(window.silent)
        if window.epoch == self.epoch:
            self.epoch += 1
            self.rate = max(SLOWEST, min(self.rate or window.rate(), window.rate()) * max(0.2, 0.9 * passed))
        if self.voided > 50 + 4 * self.planned_windows:
            self.gave_up = "canaries kept being lost, however slow the sweep: %d windows void" % self.voided

    # -- the loop ---------------------------------------------------------------------------------------------------------------

    def run(self, work: list[tuple[int, list[int]]], report: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """Ask all ports of `work`; `report(line)` is called about five times a second and must not block."""
        self.plan(work)
        self.epoll = select.epoll()
        began = clock = time.monotonic()
        spoken = began
        self.last_answer = began
        while not self.gave_up:
            now = time.monotonic()
            self.tokens = min(self.tokens + (now - clock) * (self.rate or 0), max(1.0, (self.rate or 0) * 0.02))
            clock = now
            busy = self.send(now)
            if not busy and not self.live and not self.requeue:
                break
            self.collect(busy)
            if now - spoken > 0.2:
                report({"done": self.finished_ports, "rate": self.probes / max(now - began, 0.001)})
                spoken = now
            if now > self.settings["until"]:
                self.gave_up = "the time allowed was over"
        self.abandon()
        return self.result()

    def send(self, now: float) -> bool:
        """Start as many connects as pace, room and burst allow; False when there is nothing left to start."""
        room = min(BURST, self.conc - len(self.live))
        if self.rate is not None:
            room = min(room, int(self.tokens))
        for _ in range(room):
            if self.current is None or not self.again:
                self.current = self.next_window()
                if self.current is None:
                    return False
                self.again = deque(self.current.items)
                self.current.first = now
            item = self.again.popleft()
            if not self.affordable(item, now):
                if item < 0:  # a canary may be left out, a port may not
                    self.current.left -= 1
                    if self.current.left == 0:
                        self.judge(self.current)
                    continue
                self.again.appendleft(item)
                return True
            self.current.last = now
            if not self.start(item, self.current, now):
                self.again.appendleft(item)
                self.conc = max(16, min(self.conc, len(self.live) * 9 // 10))
                return True
            self.tokens -= 1
        return True

    def affordable(self, item: int, now: float) -> bool:
        """Whether the pace for one host allows this connect now; takes its token."""
        pace = self.settings["per_host"]
        if not pace:
            return True
        address = self.target(item)[0]
        tokens, since = self.buckets.get(address, (1.0, now))
        tokens = min(tokens + (now - since) * pace, 2.0)
        allowed = tokens >= 1.0
        self.buckets[address] = (tokens - 1.0 if allowed else tokens, now)
        return allowed

    def collect(self, busy: bool) -> None:
        """Take what has answered, then what has waited long enough."""
        idle = 0.0 if busy and len(self.live) < self.conc and (self.rate is None or self.tokens >= 1) else 0.002
        if not busy:
            idle = 0.02
        now = time.monotonic()
        for number, _ in self.epoll.poll(idle, 4096):
            sock, item, window, _ = self.live.pop(number)
            self.end(sock, item, window, sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
        expiry, live = self.expiry, self.live
        while expiry and expiry[0][0] <= now:
            _, number, sock = expiry.popleft()
            held = live.get(number)
            if held is not None and held[0] is sock:
                del live[number]
                self.end(sock, held[1], held[2], errno.EINPROGRESS)

    def abandon(self) -> None:
        """Close what is still under way; those ports stay unasked."""
        for sock, _, _, _ in self.live.values():
            sock.close()
        self.live.clear()
        self.epoll.close()

    def result(self) -> dict[str, Any]:
        """What this lane saw, ready for JSON."""
        return {
            "states": {index: base64.b64encode(zlib.compress(bytes(state), 1)).decode() for index, state in self.states.items()},
            "outcomes": [list(outcome) for outcome in sorted(self.outcomes, key=self.outcomes.__getitem__)],
            "counts": self.counts,
            "voided": self.voided,
            "requeued": self.requeued,
            "local": self.local,
            "probes": self.probes,
            "rate": self.rate,
            "gave_up": self.gave_up,
        }


def lane_process(lane: Lane, work: list[tuple[int, list[int]]], pipe: int) -> NoReturn:
    """Run a lane in a forked child, which tells its parent in JSON lines and ends."""
    with os.fdopen(pipe, "w") as out:

        def report(line: dict[str, Any]) -> None:
            out.write(json.dumps(line) + "\n")
            out.flush()

        report({"result": lane.run(work, report)})
    os._exit(0)
