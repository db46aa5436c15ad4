"""The sweep's certificate in numbers: each round multiplies a family's bound by (lost + 1) / (sent + 2)."""

from __future__ import annotations

import pytest

from ordinance.observe.agent.reckoning import Reckoning

MISS_BOUND = 1e-4
CANARIES = [("127.0.0.1", 25, 1.0), ("::1", 80, 1.0), ("127.0.0.1", 80, 20.0)]


@pytest.fixture
def reckoning() -> Reckoning:
    return Reckoning(list(CANARIES), [4, 6], MISS_BOUND)


def test_before_any_round_nothing_is_known(reckoning: Reckoning) -> None:
    assert (reckoning.bounds, reckoning.rounds) == ({4: 1.0, 6: 1.0}, {4: 0, 6: 0})


def test_a_round_counts_the_canaries_of_its_own_family_alone(reckoning: Reckoning) -> None:
    reckoning.reckon(4, [[100, 98], [1000, 1000], [900, 900]], voided=False)
    assert reckoning.bounds == {4: pytest.approx(3 / 1002, rel=1e-12), 6: 1.0}
    assert reckoning.rounds == {4: 1, 6: 0}
    reckoning.reckon(6, [[100, 98], [1000, 1000], [900, 900]], voided=False)
    assert reckoning.bounds[6] == pytest.approx(1 / 1002, rel=1e-12)


def test_rounds_multiply(reckoning: Reckoning) -> None:
    """A port is silent at the end only if every round missed it."""
    reckoning.reckon(4, [[98, 98], [0, 0], [0, 0]], voided=False)
    reckoning.reckon(4, [[48, 44], [0, 0], [0, 0]], voided=False)
    assert reckoning.bounds[4] == pytest.approx(1 / 100 * 5 / 50, rel=1e-12)
    assert reckoning.rounds[4] == 2


def test_a_round_without_a_canary_of_the_family_proves_nothing(reckoning: Reckoning) -> None:
    reckoning.reckon(6, [[5000, 5000], [0, 0], [5000, 5000]], voided=False)
    assert reckoning.bounds[6] == 1.0
    assert reckoning.rounds[6] == 1


def test_canaries_that_were_all_lost_prove_nothing(reckoning: Reckoning) -> None:
    reckoning.reckon(6, [[0, 0], [1000, 0], [0, 0]], voided=False)
    assert reckoning.bounds[6] == pytest.approx(1001 / 1002, rel=1e-12)


def test_a_first_round_out_of_chosen_windows_is_not_trusted_alone(reckoning: Reckoning) -> None:
    reckoning.reckon(4, [[20_000, 20_000], [0, 0], [0, 0]], voided=True)
    assert reckoning.bounds[4] == pytest.approx(0.02, rel=1e-12)
    assert reckoning.bounds[4] > MISS_BOUND
    reckoning.reckon(4, [[20_000, 20_000], [0, 0], [0, 0]], voided=True)
    assert reckoning.bounds[4] == pytest.approx(0.02 / 20_002, rel=1e-12), "the second round counts as it is"


def test_a_void_window_makes_no_round_better_than_its_own_loss(reckoning: Reckoning) -> None:
    reckoning.reckon(4, [[8, 4], [0, 0], [0, 0]], voided=True)
    assert reckoning.bounds[4] == pytest.approx(0.5, rel=1e-12)
