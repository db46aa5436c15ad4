"""Bounded exchanges with single ports: UDP payloads, and the echo that shows what the vantage can emit."""

from __future__ import annotations

import base64
import binascii
import errno
import os
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ordinance.observe.agent.wire import OPEN, SILENT, UNNAMED, Outcome, family_of, hear_errors, outcome_of

SIDE_BY_SIDE = 16
MOST_BYTES = 65536
MOST_ECHO = 4096


class Turns:
    """Hands out turns, `rate` a second, to threads; without a rate at once."""

    def __init__(self, rate: float | None) -> None:
        self.gap = 1.0 / rate if rate else 0.0
        self.free_at = time.monotonic()
        self.lock = threading.Lock()

    def take(self) -> None:
        """Wait for a turn."""
        with self.lock:
            turn = max(self.free_at, time.monotonic())
            self.free_at = turn + self.gap
        time.sleep(max(0.0, turn - time.monotonic()))


def exchanges(job: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Job "udp": send each payload, wait for one answer.

    Keys: exchanges of {address, port, payload_b64, tries, timeout}, rate (datagrams a second).
    """
    turns = Turns(job.get("rate"))
    return {"exchanges": side_by_side(job["exchanges"], lambda one: exchange(one, turns), tell)}


def echoes(job: dict[str, Any], tell: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """Job "echo": send a random token, see whether it comes back.

    Keys: echoes of {address, port, transport}, tries, timeout, rate (tries a second).
    """
    defaults = {"tries": job.get("tries", 3), "timeout": job.get("timeout", 2.0)}
    turns = Turns(job.get("rate"))
    return {"echoes": side_by_side([dict(defaults, **one) for one in job["echoes"]], lambda one: echo(one, turns), tell)}


def side_by_side(
    jobs: list[dict[str, Any]], work: Callable[[dict[str, Any]], dict[str, Any]], tell: Callable[[dict[str, Any]], None]
) -> list[dict[str, Any]]:
    """Do all, a few at a time; results in the order of the jobs."""
    results = []
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        for result in pool.map(work, jobs):
            results.append(result)
            tell({"done_ports": len(results), "total_ports": len(jobs), "rate": 0})
    return results


def exchange(one: dict[str, Any], turns: Turns) -> dict[str, Any]:
    """One UDP exchange: "open" with the datagram, "icmp" with its sender, "local" or "silent"."""
    payload = base64.b64decode(one["payload_b64"])
    seen: dict[str, Any] = {}
    for number in range(1, one.get("tries", 3) + 1):
        turns.take()
        began = time.monotonic()
        outcome, data = ask_udp(one["address"], one["port"], payload, one.get("timeout", 1.0))
        seen = dict(outcome._asdict(), address=one["address"], port=one["port"], tries=number, seconds=time.monotonic() - began)
        seen["reply_b64"] = base64.b64encode(data).decode()
        if outcome != SILENT:
            break
    return seen


def ask_udp(address: str, port: int, payload: bytes, timeout: float) -> tuple[Outcome, bytes]:
    """One datagram out, at most one back."""
    family = family_of(address)
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.settimeout(timeout)
        sent = False
        try:
            hear_errors(sock, family)
            sock.connect((address, port))
            sock.send(payload)
            sent = True
            return OPEN, sock.recv(MOST_BYTES)
        except socket.timeout:  # noqa: UP041 - not yet the same as TimeoutError in Python 3.7
            return SILENT, b""
        except OSError as problem:
            outcome = outcome_of(sock, problem.errno or errno.EIO, at_once=not sent)
            return UNNAMED if outcome.answer == "rst" else outcome, b""


def echo(one: dict[str, Any], turns: Turns) -> dict[str, Any]:
    """One token there and back."""
    said = "no try"
    for _ in range(one["tries"]):
        turns.take()
        token = binascii.hexlify(os.urandom(12))
        try:
            back = echo_udp(one, token) if one.get("transport") == "udp" else echo_tcp(one, token)
        except OSError as problem:
            said = problem.strerror or str(problem)
            continue
        if token in back:
            return dict(one, echoed=True, said="the token came back")
        said = f"{len(back)} other bytes came back" if back else "nothing came back"
    return dict(one, echoed=False, said=said)


def echo_udp(one: dict[str, Any], token: bytes) -> bytes:
    """Send the token in a datagram; what came back."""
    _, data = ask_udp(one["address"], one["port"], token, one["timeout"])
    return data


def echo_tcp(one: dict[str, Any], token: bytes) -> bytes:
    """Send the token over a connection; what came back within the time and 4 KiB."""
    end = time.monotonic() + one["timeout"]
    with socket.create_connection((one["address"], one["port"]), one["timeout"]) as sock:
        sock.sendall(token + b"\r\n")
        back = b""
        while token not in back and len(back) < MOST_ECHO and time.monotonic() < end:
            sock.settimeout(max(0.01, end - time.monotonic()))
            block = sock.recv(1024)
            if not block:
                break
            back += block
        return back
