"""The proof says of random packets under random rulesets what this kernel does with them (docs/decisions/proof.md).

The same rulesets every time. Other ones, for as long as one likes: `./run differ --seconds N`.
"""

from __future__ import annotations

import os

import pytest

from selftest.proof.kernel.demand import CONSTRUCTS, shortcomings
from selftest.proof.kernel.session import IPTABLES, NFT, Kind, Plan, run

SEED = 20261125

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces and raw sockets need root")


def agree(kind: Kind, rulesets: int) -> None:
    """The first disagreement, made small, is the failure."""
    result = run(Plan(SEED, most=rulesets, kinds=(kind,)))
    assert not result.small, result.small[0]
    assert list(shortcomings(result, CONSTRUCTS[kind.name])) == []


def test_rulesets_of_nft() -> None:
    agree(NFT, 80)


def test_rulesets_of_iptables() -> None:
    agree(IPTABLES, 40)
