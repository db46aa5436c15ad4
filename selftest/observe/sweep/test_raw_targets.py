"""Every target exactly once, no host twice before all others; our own ports away from the kernel's."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordinance.observe.sweep.sources import Sources, choose
from ordinance.observe.sweep.targets import Targets
from ordinance.observe.sweep.ways import NoRaw


@settings(max_examples=60, deadline=None)
@given(hosts=st.integers(1, 40), first=st.integers(0, 65535), size=st.integers(1, 3000), seed=st.integers(0, 2**32))
def test_every_port_of_every_host_exactly_once(hosts: int, first: int, size: int, seed: int) -> None:
    ports = range(min(first, 65536 - size), min(first, 65536 - size) + size)
    targets = Targets(hosts, ports, np.random.default_rng(seed))
    asked = targets.ports_of(0, len(targets)).reshape(-1, hosts)
    assert asked.shape[0] == size
    for host in range(hosts):
        assert (np.sort(asked[:, host]) == np.arange(ports.start, ports.stop)).all()
        assert (asked[targets.row_of_port(host), host] == np.arange(ports.start, ports.stop)).all()
    places = np.arange(len(targets))
    assert (targets.places(places % hosts, asked.ravel()) == places).all()


def test_all_65536_ports_and_parts_of_them_agree() -> None:
    targets = Targets(3, range(65536), np.random.default_rng(1))
    whole = targets.ports_of(0, len(targets))
    parts = np.concatenate([targets.ports_of(at, min(at + 3 * 500, len(targets))) for at in range(0, len(targets), 3 * 500)])
    assert (whole == parts).all()
    assert len(np.unique(whole.reshape(-1, 3)[:, 1])) == 65536


def test_a_row_does_not_ask_all_hosts_on_one_port() -> None:
    targets = Targets(16, range(1, 65536), np.random.default_rng(1))
    rows = targets.ports_of(0, len(targets)).reshape(-1, 16)
    assert np.mean([len(set(row)) for row in rows[:500].tolist()]) > 15
    steps = np.abs(np.diff(rows[:, 0].astype(int)))
    assert (steps == 1).mean() < 0.001, "ports in a row"


@settings(max_examples=100, deadline=None)
@given(
    low=st.integers(1024, 65000),
    width=st.integers(0, 64000),
    taken=st.sets(st.integers(1, 65535), max_size=30),
    seed=st.integers(),
)
def test_our_ports_are_nobody_elses(low: int, width: int, taken: set[int], seed: int) -> None:
    high = min(65535, low + width)
    try:
        sources = choose(random.Random(seed), (low, high), taken)
    except NoRaw:
        return
    ours = range(sources.first, sources.last + 1)
    assert sources.first >= 1024
    assert sources.last <= 65535
    assert len(ours) == 2112
    assert sources.canary == sources.first + 64
    assert not taken & set(ours)
    assert sources.last < low or sources.first > high


def test_the_usual_kernel_leaves_room_above_its_range() -> None:
    assert choose(random.Random(1), (32768, 60999), set()).first > 60999
    assert choose(random.Random(1), (32768, 65535), set()).last < 32768


def test_without_room_there_is_no_raw_sweep() -> None:
    with pytest.raises(NoRaw, match="ip_local_port_range"):
        choose(random.Random(1), (1024, 65535), set())
    with pytest.raises(NoRaw):
        choose(random.Random(1), (3000, 65535), {1500})
    assert isinstance(choose(random.Random(1), (4000, 65535), {1500}), Sources)
