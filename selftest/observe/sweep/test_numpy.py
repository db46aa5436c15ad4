from __future__ import annotations

import pytest


def test_numpy_is_here_to_test_the_raw_engine_with() -> None:
    pytest.importorskip("numpy", reason="the raw sweep engine is not tested without numpy")
