"""The plan holds every control on every target; what the inventory lacks is in it too."""

from dataclasses import replace
from ipaddress import ip_address

import pytest

from ordinance.inventory.model import Host, Inventory, Pace, PublicGroup, Scope
from ordinance.law.model import Control, Law
from ordinance.plan import NONE_DECLARED, TARGET_KINDS, Selection, expand, make_plan

GROUP = PublicGroup("public-ipv4", (ip_address("198.51.100.5"),))
CITY = Inventory(
    source="x.yml",
    city="X",
    timezone="UTC",
    lab=False,
    hosts={"fw": Host("fw", frozenset({"firewalls"})), "ws1": Host("ws1", frozenset(), accounts=("dana",))},
    public=(GROUP,),
    services=(),
    vantages={},
    echo=(),
    scope=Scope(()),
    pace=Pace(None, None),
)


def a_control(name: str = "9.A.1/telnet-blocked", targets: str = "public-groups", covered: bool = True) -> Control:
    return Control(name, name.split("/", maxsplit=1)[0], "blocked", "identity", "outside", targets, ("guarded-ports",), covered)


LAW = Law(
    "1.7.1",
    {},
    {c.id: c for c in [a_control(), a_control("10.D/password-age", "account-hosts"), a_control("10.A/x", covered=False)]},
)


def test_each_target_of_a_control_is_one_check() -> None:
    assert [check.target for check in expand(a_control(targets="account-hosts"), CITY)] == ["ws1"]


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("public-groups", ["public-ipv4", "public-ipv6"]),
        ("firewalls", ["fw", "fw2"]),
        ("account-hosts", ["bare", "ws1", "ws2"]),
    ],
)
def test_every_target_of_a_kind_is_planned(kind: str, names: list[str]) -> None:
    """A host without accounts of people (`accounts: []`) is one whose list is known; it is planned as well."""
    more = {
        "fw2": Host("fw2", frozenset({"firewalls"})),
        "ws2": Host("ws2", frozenset(), accounts=("eve",)),
        "bare": Host("bare", frozenset(), accounts=()),
    }
    six = PublicGroup("public-ipv6", (ip_address("2001:db8::5"),))
    city = replace(CITY, hosts={**CITY.hosts, **more}, public=(GROUP, six))
    assert [check.target for check in expand(a_control(targets=kind), city)] == names


@pytest.mark.parametrize("kind", sorted(TARGET_KINDS))
def test_a_kind_of_target_that_is_not_declared_is_planned_and_says_so(kind: str) -> None:
    bare = replace(CITY, hosts={"x": Host("x", frozenset())}, public=())
    (check,) = expand(a_control(targets=kind), bare)
    assert check.target == NONE_DECLARED
    assert check.lacking


def test_an_empty_inventory_has_nothing_to_check() -> None:
    assert make_plan(LAW, replace(CITY, hosts={}, public=()), Selection()) == ()


@pytest.mark.parametrize(
    ("clauses", "controls", "expected"),
    [
        ((), (), ["9.A.1/telnet-blocked", "10.D/password-age"]),
        (("9",), (), ["9.A.1/telnet-blocked"]),
        (("9.A.1",), (), ["9.A.1/telnet-blocked"]),
        (("1",), (), []),
        ((), ("*/password-*",), ["10.D/password-age"]),
        (("9",), ("*/password-*",), []),
        ((), ("10.A/x",), []),
    ],
)
def test_selection_by_clause_and_by_name(clauses, controls, expected) -> None:
    assert [check.control for check in make_plan(LAW, CITY, Selection(clauses, controls))] == expected


def test_an_unknown_kind_of_target_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown kind"):
        expand(a_control(targets="moons"), CITY)
