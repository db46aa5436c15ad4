from __future__ import annotations

import importlib.util
from collections.abc import Iterator

import pytest

#: Without numpy the engine itself cannot be imported; test_numpy.py then says so.
HAS_NUMPY = importlib.util.find_spec("numpy") is not None
collect_ignore_glob = [] if HAS_NUMPY else ["test_raw_*.py"]

if HAS_NUMPY:
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
