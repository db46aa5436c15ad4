"""Interval diagrams and CUDD's binary ones lead to the same sets on every ruleset of the generators. `./run engines`."""

from __future__ import annotations

import os
import random
from collections import Counter

import pytest

from selftest.proof.kernel.bed import bed
from selftest.proof.kernel.engines import compared
from selftest.proof.kernel.ruleset import load
from selftest.proof.kernel.session import IPTABLES, NFT, Kind
from selftest.proof.kernel.trial import Refused

SEED = 20261126
RULESETS = int(os.environ.get("ORDINANCE_ENGINE_RULESETS", "150"))

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")


@pytest.mark.parametrize("kind", [NFT, IPTABLES], ids=lambda kind: kind.name)
def test_both_engines_have_the_same_sets(kind: Kind, capsys: pytest.CaptureFixture[str]) -> None:
    met: Counter[bool] = Counter()
    with bed() as made:
        for number in range(RULESETS):
            made.clear()
            written = load(made, kind.write(random.Random(SEED + number)))
            try:
                ruleset = kind.read(made).ruleset
            except Refused:
                continue
            for name, equal in compared(ruleset):
                met[equal] += 1
                assert equal, f"{name} differs between the engines under\n{written}"
    with capsys.disabled():
        print(f"\n{kind.name}: {met[True]} sets equal")  # noqa: T201
    assert met[True] >= RULESETS * 6
