"""The walk's sets and one packet at a time agree on every row of the readers' tables: two ways to the same meaning."""

import pytest

from ordinance.proof.fields import TOP
from ordinance.proof.walk import Walk
from selftest.proof.read import test_asa_meaning as asa
from selftest.proof.read import test_ios_meaning as ios
from selftest.proof.read import test_iptables_meaning as tables
from selftest.proof.read.meaning import BLOCK, EITHER, PASS, Meaning

BOUND = ("access-group OUT in interface outside",)
ROWS = [
    *((tables.forward(f"-A FORWARD {row[0]} -j ACCEPT"), row[1:3]) for row in tables.ACCEPTS),
    *((tables.forward(f"-A FORWARD {row[0]} -j ACCEPT", six=True), row[1:3]) for row in tables.SIX),
    *((ios.behind(row[0]), row[1:3]) for row in ios.PERMITS),
    *((ios.behind(row[0], "ipv6 access-list X"), row[1:3]) for row in ios.SIX),
    *((asa.asa(f"access-list OUT extended {row[0]}", *BOUND), row[1:3]) for row in asa.ENTRIES),
    *((asa.asa(*row[0]), (row[1],)) for row in asa.DEVICE),
]


def possible(of: dict[str, int]) -> dict[str, int]:
    """The packet as one that can come to the hook forward: it has come by some interface and leaves by one."""
    return {**of, "iif": of["iif"] or TOP["iif"], "oif": of["oif"] or TOP["oif"]}


@pytest.mark.parametrize("row", range(len(ROWS)))
def test_the_walk_says_the_same_of_a_packet(row: int) -> None:
    meaning, packets = ROWS[row]
    assert isinstance(meaning, Meaning)
    outcome = Walk([meaning.ruleset]).path(meaning.ruleset, "forward")
    for of in map(possible, filter(None, packets)):
        if not outcome.space.holds(outcome.world, of):
            continue  # a fragment where connections are tracked, and the like
        may, must, tainted = (outcome.space.holds(one, of) for one in (outcome.may, outcome.must, outcome.tainted))
        fate = meaning.fate("forward", of)
        assert not tainted
        assert (may, must) == {PASS: (True, True), BLOCK: (False, False), EITHER: (True, False)}[fate]
