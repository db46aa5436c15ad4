from __future__ import annotations

from collections.abc import Iterator

import pytest

from selftest.observe.agent.bed import Bed, bed


@pytest.fixture(scope="session")
def network() -> Iterator[Bed]:
    with bed() as made:
        yield made


@pytest.fixture
def net(network: Bed) -> Iterator[Bed]:
    """The network with its compliant firewall; faults of a test are gone after it."""
    network.filter()
    yield network
    for where in ("fw", "out", "dmz"):
        network.sh(where, "nft", "flush", "ruleset")
