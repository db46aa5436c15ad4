"""Look "rulesets": read twice, loaded back, nothing changed; what cannot be read leaves its reason and hides nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from ordinance.inventory.model import RulesetSource
from ordinance.observe.api import CommandResult, CouldNotLook, Unseen
from ordinance.observe.looks.rulesets import (
    DEVICES,
    FLOWS,
    LISTED,
    PROGRAM,
    RELOADED,
    SAVED_LISTED,
    SAVED_PROGRAM,
    SYSTEM,
    TRIES,
    rulesets,
)
from ordinance.sight.rulesets import FirewallRules
from selftest.judge.city_cases import CITY
from selftest.observe.looks.city_looks import Town, context

GUARDED = replace(
    CITY, hosts={**CITY.hosts, "fw": replace(CITY.hosts["fw"], ruleset=RulesetSource("nftables", "/etc/nftables.conf"))}
)
RULES = b'{"nftables": [{"rule": {"expr": [{"counter": {"packets": %d, "bytes": 9}}]}}]}\n'
ADDRESSES = [
    {"ifname": "lo", "ifindex": 1, "addr_info": [{"local": "127.0.0.1"}]},
    {"ifname": "out0", "ifindex": 7, "addr_info": [{"local": "203.0.113.1"}, {}]},
]
GOOD: dict[Any, bytes] = {
    SYSTEM: b"Linux 6.1\nnftables v1.0.6\nboot-1\n",
    DEVICES: json.dumps(ADDRESSES).encode(),
    LISTED: RULES % 1,
    PROGRAM: b"[ program ]\n",
    FLOWS: b"ipv4 2 tcp 6 1 ESTABLISHED src=203.0.113.20\n",
    SAVED_LISTED: RULES % 0,
    SAVED_PROGRAM: b"[ saved ]\n",
    RELOADED: b"[ reloaded ]\n",
}


@dataclass
class Firewall:
    """A host that answers commands from a table; an answer may be a function of how often it was asked, or an exit status."""

    said: dict[Any, bytes | int | Callable[[int], bytes]]
    name: str = "fw"
    asked: list[tuple[str, ...]] = field(default_factory=list)
    given: list[bytes] = field(default_factory=list)

    def run(self, argv: tuple[str, ...], deadline: Any, *, stdin: bytes = b"", cap: int = 0) -> CommandResult:
        key = argv[4] if argv[0] == "unshare" else argv
        times = sum(1 for before in self.asked if before == argv)
        self.asked.append(argv)
        self.given.append(stdin)
        answer = self.said[key]
        if callable(answer):
            answer = answer(times)
        if isinstance(answer, int):
            return CommandResult(answer, b"", b"Operation not permitted", "o-1")
        return CommandResult(0, answer, b"", "o-1")


def read(**changed: Any) -> tuple[FirewallRules, Firewall]:
    keys = {"system": SYSTEM, "devices": DEVICES, "listed": LISTED, "program": PROGRAM, "flows": FLOWS, "reloaded": RELOADED}
    keys |= {"saved": SAVED_LISTED}
    machine = Firewall({**GOOD, **{keys[name]: value for name, value in changed.items()}})
    town = Town()
    town.host = lambda name: machine  # type: ignore[method-assign, assignment]
    seen = rulesets(context(town, GUARDED)).of("fw")
    assert seen is not None
    return seen, machine


def test_everything_is_read_and_what_was_listed_is_loaded_back() -> None:
    seen, machine = read()
    assert not seen.unseen
    assert (seen.system, seen.boot) == ("Linux 6.1, nftables v1.0.6", "boot-1")
    assert [(device.name, device.addresses) for device in seen.devices] == [("lo", ("127.0.0.1",)), ("out0", ("203.0.113.1",))]
    assert seen.running is not None and seen.saved is not None
    assert (seen.running.program, seen.saved.program, seen.saved.reloaded) == ("[ program ]\n", "[ saved ]\n", "[ reloaded ]\n")
    assert seen.flows == ("ipv4 2 tcp 6 1 ESTABLISHED src=203.0.113.20",)
    loaded = [given for argv, given in zip(machine.asked, machine.given, strict=True) if RELOADED in argv]
    assert loaded == [RULES % 1, RULES % 0]


def test_whatever_is_loaded_is_loaded_in_a_namespace_of_its_own_among_devices_of_the_same_names() -> None:
    _, machine = read()
    loading = [argv for argv in machine.asked if any("nft -f" in word or "nft -j -f" in word for word in argv)]
    assert len(loading) == 4
    assert all(argv[:4] == ("unshare", "--net", "sh", "-c") and argv[6:9] == ("1", "out0", "7") for argv in loading)
    assert [argv[-1] for argv in loading if SAVED_LISTED in argv] == ["/etc/nftables.conf"]


def test_a_ruleset_that_keeps_changing_is_not_read() -> None:
    seen, machine = read(listed=lambda times: b'{"nftables": [%d]}' % times)
    assert "changed during each" in seen.unseen["running"]
    assert seen.running is None and seen.saved is not None
    assert machine.asked.count(LISTED) == 2 * TRIES


def test_counters_that_move_are_no_change() -> None:
    seen, _ = read(listed=lambda times: RULES % times)
    assert seen.running is not None


@pytest.mark.parametrize(
    ("changed", "missing", "words"),
    [
        ({"listed": 134}, "running", "nft -j list ruleset failed with 134"),
        ({"program": 1}, "running", "Operation not permitted"),
        ({"reloaded": 1}, "saved", "loading it in an empty network namespace failed"),
        ({"reloaded": 1}, "running", "loading it in an empty network namespace failed"),
        ({"saved": 1}, "saved", "failed with 1"),
        ({"flows": 1}, "flows", "/proc/net/nf_conntrack failed"),
        ({"system": 1}, "running", "who the device is failed"),
        ({"system": b"Linux\n"}, "saved", "did not say what it is"),
        ({"devices": b"[{]"}, "running", "did not list the devices"),
        ({"devices": b'[{"ifname": "x"}]'}, "running", "did not list the devices"),
        ({"listed": b"\n"}, "running", "listed nothing"),
        ({"system": lambda times: b"Linux 6.1\nnft\nboot-%d\n" % times}, "running", "was started again"),
    ],
)
def test_what_cannot_be_read_says_why(changed: dict[str, Any], missing: str, words: str) -> None:
    seen, _ = read(**changed)
    assert words in seen.unseen[missing]
    assert getattr(seen, missing) is None


def test_without_a_saved_file_the_running_ruleset_is_still_read() -> None:
    seen, _ = read(saved=1)
    assert seen.running is not None and seen.saved is None


def test_a_firewall_of_which_nobody_said_how_is_not_asked() -> None:
    seen = rulesets(context(Town())).of("fw")
    assert seen is not None
    assert "does not say how its ruleset is read" in seen.unseen["running"]
    assert seen.running is None


def test_a_halted_run_stops() -> None:
    def stop(argv: Any, deadline: Any, **more: Any) -> Iterator[None]:
        raise CouldNotLook(Unseen.HALTED, "stopped")

    machine = Firewall(GOOD)
    machine.run = stop  # type: ignore[method-assign, assignment]
    town = Town()
    town.host = lambda name: machine  # type: ignore[method-assign, assignment]
    with pytest.raises(CouldNotLook) as caught:
        rulesets(context(town, GUARDED))
    assert caught.value.reason is Unseen.HALTED
