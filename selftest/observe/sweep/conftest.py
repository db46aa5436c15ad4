from __future__ import annotations

from collections.abc import Iterator

import pytest

from selftest.observe.sweep.field import Field, field


@pytest.fixture(scope="session")
def whole_field() -> Iterator[Field]:
    with field() as made:
        yield made


@pytest.fixture
def net(whole_field: Field) -> Iterator[Field]:
    """The network with a compliant firewall before the served ports; faults of a test are gone after it."""
    whole_field.guard()
    yield whole_field
    for where in ("fw", "out", "dmz"):
        whole_field.sh(where, "nft", "flush", "ruleset")
