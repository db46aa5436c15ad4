"""Which engine sweeps, and why: the raw one where the vantage can, else the one that connects."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ordinance.observe.agent import engines
from ordinance.observe.shipping import argv, request
from selftest.observe.agent.bed import Bed

CANARY = ["198.51.100.5", 25, 1]
SCOPE = {"allow": ["198.51.100.0/24"], "deny": []}
#: Without the capability as root, as nobody in particular, and without numpy.
WITHOUT_RAW = ("setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw")
NOBODY = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups")
NO_NUMPY = "import sys; sys.modules['numpy'] = None; exec(sys.argv.pop(1))"
HALF_A_NUMPY = "import sys, types; sys.modules['numpy'] = types.ModuleType('numpy'); exec(sys.argv.pop(1))"


def sweep(net: Bed, *before: str, python: tuple[str, ...] | None = None, **more: Any) -> dict[str, Any]:
    job = {
        "job": "sweep",
        "addresses": ["198.51.100.5"],
        "canaries": [CANARY],
        "canaries_per_round": {"4": 200},
        "miss_bound": 1e-4,
        "last_port": 200,
        "settle": 0.2,
        "scope": SCOPE,
        "seconds": 60,
        **more,
    }
    words = [*before, *(python or (sys.executable, *argv()[1:]))]
    with subprocess.Popen(net.enter("out", *words), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(request(job))
        process.stdin.flush()
        lines = [json.loads(line) for line in process.stdout]
        process.stdin.close()
    return {**lines[-1], "first": lines[0]}


def opened(last: dict[str, Any]) -> list[Any]:
    return [group["ports"] for group in last["answers"] if group["answer"] == "open"]


def test_with_numpy_and_the_right_to_it_frames_are_sent(net: Bed) -> None:
    net.filter()
    last = sweep(net)
    assert (last["engine"], last["why"]) == ("raw", "the vantage has numpy and CAP_NET_RAW")
    assert last["first"] == {"engine": "raw", "why": last["why"]}
    assert opened(last) == [[[25, 25]]]


def after(code: str) -> tuple[str, ...]:
    python, isolated, run, boot, *words = argv(sys.executable)
    return python, isolated, run, code, boot, *words


FALLBACKS: dict[str, tuple[tuple[str, ...], tuple[str, ...] | None, str]] = {
    "no numpy": ((), after(NO_NUMPY), "no numpy there"),
    "a numpy that is half there": ((), after(HALF_A_NUMPY), "no numpy there, but a directory of its name"),
    "root without the capability": (WITHOUT_RAW, None, "no CAP_NET_RAW there"),
}


@pytest.mark.parametrize("name", FALLBACKS)
def test_without_what_it_needs_it_connects_and_says_why(net: Bed, name: str) -> None:
    before, python, why = FALLBACKS[name]
    net.filter()
    last = sweep(net, *before, python=python)
    assert (last["engine"], last["why"].startswith(why)) == ("connect", True), last
    assert last["first"] == {"engine": "connect", "why": last["why"]}
    assert opened(last) == [[[25, 25]]]


def test_nobody_in_particular_connects_and_says_why(net: Bed, tmp_path: Path) -> None:
    """The user of an ordinary login; python3 of the system, since nobody may read ours."""
    net.filter()
    last = sweep(net, *NOBODY, python=argv("/usr/bin/python3"))
    assert last["engine"] == "connect"
    assert last["why"] in ("no CAP_NET_RAW there: the agent is not root", "no numpy there")
    assert opened(last) == [[[25, 25]]]


def test_a_way_that_is_not_over_ethernet_is_told(net: Bed) -> None:
    """A tunnel: there are no Ethernet addresses to put into a frame."""
    net.filter()
    net.sh("out", "ip", "tuntap", "add", "t0", "mode", "tun")
    try:
        for word in ("link set t0 up", "addr add 198.51.100.200/32 dev t0", "route add 198.51.100.99/32 dev t0"):
            net.sh("out", "ip", *word.split())
        last = sweep(net, addresses=["198.51.100.99"])
        assert (last["engine"], last["why"]) == ("connect", "t0 of this vantage is no Ethernet device")
    finally:
        net.sh("out", "ip", "link", "del", "t0")


def test_what_was_asked_for_is_what_is_done(net: Bed) -> None:
    net.filter()
    last = sweep(net, engine="connect")
    assert (last["engine"], last["why"]) == ("connect", "it was asked for")
    refused = sweep(net, *WITHOUT_RAW, engine="raw")
    assert refused["error"] == "no raw sweep can be made from here: no CAP_NET_RAW there"


def test_an_address_out_of_scope_is_no_reason_to_try_the_other_engine(net: Bed) -> None:
    last = sweep(net, scope={"allow": ["203.0.113.0/24"], "deny": []})
    assert "outside the scope of this job" in last["error"]


def test_an_old_python_connects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines.sys, "version_info", (3, 8, 10))
    with pytest.raises(engines.NotRaw, match=r"older than 3\.9"):
        engines.raw_engine({}, lambda line: None)
