"""CUDD and Z3 on the same first-match list: `python -m bench.proof.yardsticks cudd|z3 RULES KIND` prints seconds and MB as JSON.

Both are given the rules as numbers, not as text, and IPv4 packets of TCP and UDP alone (no interfaces, states, fragments); asked
is whether a packet passes that the policy does not allow. They name no rule. Yardsticks only: the proof needs neither.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from importlib.util import find_spec
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, NamedTuple

from bench.proof.synthetic import MAIL, Maker

MODULES = {"cudd": "dd.cudd", "z3": "z3"}
PROTOCOLS = {"tcp": 6, "udp": 17}
WIDTHS = {"daddr": 32, "saddr": 32, "dport": 16, "proto": 8}


class Test(NamedTuple):
    """Values of one field, from the first to the last."""

    field: str
    low: int
    high: int


def rules(count: int, kind: str) -> Iterator[tuple[list[Test], bool]]:
    """Yield each rule's tests, and whether it accepts."""
    maker = Maker(count, 1, kind)
    for _ in range(count):
        source, target, protocol, ports, verdict = maker.rule()
        found = [_net("saddr", source)] if source else []
        number = PROTOCOLS[protocol]
        yield [*found, _net("daddr", target), Test("dport", *ports), Test("proto", number, number)], verdict == "accept"


def allowed(count: int, kind: str) -> list[list[Test]]:
    """Return what may pass, as boxes: mail to the gateways of "within", else nothing."""
    if kind != "within":
        return []
    tcp = Test("proto", 6, 6)
    return [[_net("daddr", host), Test("dport", port, port), tcp] for host in Maker(count, 1, kind).gateways for port in MAIL]


def _net(field: str, text: str) -> Test:
    found = IPv4Network(text)
    return Test(field, int(found.network_address), int(found.broadcast_address))


def cudd(count: int, kind: str) -> bool:
    """Build the set of what passes, neighbours first, and take away what is allowed."""
    from dd import cudd as library  # noqa: PLC0415 - not always there

    manager = library.BDD(memory_estimate=2 << 30)
    manager.configure(reordering=False)
    manager.declare(*(f"{field}{bit}" for field, width in WIDTHS.items() for bit in reversed(range(width))))

    @lru_cache(maxsize=1 << 16)
    def span(test: Test) -> Any:
        return _span(manager, test)

    def box(tests: Iterable[Test]) -> Any:
        found = manager.true
        for test in sorted(tests, key=lambda each: list(WIDTHS).index(each.field), reverse=True):
            found = span(test) & found
        return found

    row = [(held if accepts else manager.false, ~held) for tests, accepts in rules(count, kind) for held in [box(tests)]]
    while len(row) > 1:  # what is accepted, what goes on
        pairs = [(one | on & two, on & past) for (one, on), (two, past) in zip(row[::2], row[1::2], strict=False)]
        row = pairs + row[len(pairs) * 2 :]
    may = manager.false
    for tests in allowed(count, kind):
        may |= box(tests)
    return bool((row[0][0] & ~may) != manager.false)


def _span(manager: Any, test: Test) -> Any:
    """An interval, as the prefixes that it consists of."""
    found, low = manager.false, test.low
    while low <= test.high:
        free = min((low & -low).bit_length() - 1 if low else WIDTHS[test.field], (test.high - low + 1).bit_length() - 1)
        found |= manager.cube({f"{test.field}{bit}": bool(low >> bit & 1) for bit in range(free, WIDTHS[test.field])})
        low += 1 << free
    return found


def z3(count: int, kind: str) -> bool:
    """Ask for one packet that passes and is not allowed."""
    import z3 as library  # noqa: PLC0415 - not always there

    fields = {field: library.BitVec(field, width) for field, width in WIDTHS.items()}

    def box(tests: Iterable[Test]) -> Any:
        return library.And(*(part for test in tests for part in _within(library, fields[test.field], test)))

    passes = library.BoolVal(False)
    for tests, accepts in reversed(list(rules(count, kind))):
        passes = library.If(box(tests), library.BoolVal(accepts), passes)
    solver = library.SolverFor("QF_BV")
    solver.add(passes, library.Not(library.Or(*map(box, allowed(count, kind)))))
    return bool(solver.check() == library.sat)


def _within(library: Any, field: Any, test: Test) -> Iterator[Any]:
    free = (test.low ^ test.high).bit_length()
    if test.high - test.low + 1 == 1 << free:  # a prefix
        if free < WIDTHS[test.field]:
            yield library.Extract(WIDTHS[test.field] - 1, free, field) == test.low >> free
    else:
        yield library.UGE(field, test.low)
        yield library.ULE(field, test.high)


def peak() -> float:
    """Return the most memory that this process has had, in MB; `ru_maxrss` counts the process that started it as well."""
    found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def missing(name: str) -> bool:
    """Whether a yardstick is not installed here."""
    try:
        return find_spec(MODULES[name]) is None
    except ModuleNotFoundError:  # the package around it
        return True


YARDSTICKS: dict[str, Callable[[int, str], bool]] = {"cudd": cudd, "z3": z3}


def main(name: str, count: int, kind: str) -> None:
    """Run one yardstick once."""
    begun = time.process_time()
    violated = YARDSTICKS[name](count, kind)
    spent = time.process_time() - begun
    sys.stdout.write(json.dumps({"seconds": spent, "MB": peak(), "violated": violated}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
