"""Where a packet ended, by what came back: a table of every kind of answer, from every kind of sender."""

from __future__ import annotations

from typing import Any

import pytest

from ordinance.judge.attribution import Attribution, Where, attribute, holder, nobody_home, nobody_home_proven, place
from ordinance.sight.perimeter import Answer, Reply
from selftest.judge.perimeter_city import FW, MAIL, MAIL6, NEWS, OUTER, UNUSED, careful, icmp, inventory, port

CITY = inventory()
OUTER6 = "2001:db8:ffff::1"
STOPPED, CROSSED, UNKNOWN = Where.STOPPED, Where.CROSSED, Where.UNKNOWN


def rst(hops: int | None) -> Reply:
    return Reply(answer=Answer.RST, hops=hops)


CASES: list[tuple[Reply, str, int | None, Where]] = [
    (Reply(answer=Answer.OPEN), MAIL, 1, CROSSED),
    (Reply(answer=Answer.SILENT), MAIL, 1, UNKNOWN),
    (Reply(answer=Answer.UNASKED), MAIL, 1, UNKNOWN),
    (Reply(answer=Answer.LOCAL), MAIL, 1, UNKNOWN),
    (Reply(answer=Answer.LOCAL, by="ENETUNREACH"), MAIL, 1, UNKNOWN),
    # resets, by their hops
    (rst(0), MAIL, 1, STOPPED),
    (rst(1), MAIL, 1, CROSSED),
    (rst(2), MAIL, 1, CROSSED),
    (rst(2), MAIL, 3, STOPPED),
    (rst(None), MAIL, 1, UNKNOWN),
    (rst(0), MAIL, None, UNKNOWN),
    (rst(0), FW, 0, UNKNOWN),
    (rst(0), FW, 1, UNKNOWN),
    # ICMP errors on the way, IPv4 and IPv6
    (icmp((3, 9)), MAIL, 1, STOPPED),
    (icmp((3, 10)), MAIL, 1, STOPPED),
    (icmp((3, 13)), MAIL, 1, STOPPED),
    (icmp((1, 1), OUTER6), MAIL6, 1, STOPPED),
    (icmp((1, 5), OUTER6), MAIL6, 1, STOPPED),
    (icmp((1, 6), OUTER6), MAIL6, 1, STOPPED),
    (icmp((3, 3)), MAIL, 1, STOPPED),
    (icmp((1, 4), OUTER6), MAIL6, 1, STOPPED),
    (icmp((3, 0)), MAIL, 1, STOPPED),
    (icmp((3, 6)), MAIL, 1, STOPPED),
    (icmp((1, 0), OUTER6), MAIL6, 1, STOPPED),
    (icmp((3, 1)), MAIL, 1, CROSSED),
    (icmp((3, 7)), MAIL, 1, CROSSED),
    (icmp((1, 3), OUTER6), MAIL6, 1, CROSSED),
    (icmp((11, 0)), MAIL, 1, UNKNOWN),
    (icmp((3, 13), OUTER6), MAIL6, 1, UNKNOWN),  # a code of the other family says nothing
    # ICMP errors, by their sender
    (icmp((3, 3), MAIL), MAIL, 1, CROSSED),
    (icmp((3, 3), NEWS), MAIL, 1, CROSSED),
    (icmp((3, 13), MAIL), MAIL, 1, CROSSED),
    (icmp((3, 13), FW), MAIL, 1, STOPPED),
    (icmp((3, 3), FW), MAIL, 1, STOPPED),
    (icmp((3, 3), UNUSED), UNUSED, 1, CROSSED),  # the asked address itself spoke, whoever has it
    (icmp((3, 3), FW), FW, 0, UNKNOWN),
    (icmp((3, 13), FW), FW, 0, STOPPED),
    (icmp((3, 3), OUTER), FW, 0, STOPPED),
    (Reply(answer=Answer.ICMP, by="", icmp=(3, 13)), MAIL, 1, UNKNOWN),
    (Reply(answer=Answer.ICMP, by=OUTER), MAIL, 1, UNKNOWN),
    (Reply(answer=Answer.ICMP), MAIL, 1, UNKNOWN),
]


@pytest.mark.parametrize(("reply", "address", "host_hops", "where"), CASES, ids=range(len(CASES)))
def test_where_a_packet_ended(reply: Reply, address: str, host_hops: int | None, where: Where) -> None:
    found = attribute(reply, address, host_hops, CITY)
    assert found.where is where
    assert found.how


def test_the_firewalls_own_port_unreachable_is_told_apart_from_others() -> None:
    """Its filter and its system refuse with the same word; only from its own address is that in doubt."""
    assert attribute(icmp((3, 3), FW), FW, 0, CITY) == Attribution(
        UNKNOWN, f"the firewall's own address refused (ICMP type 3 code 3 from {FW})"
    )
    assert attribute(icmp((3, 3), OUTER), FW, 0, CITY).how == f"refused on the way: ICMP type 3 code 3 from {OUTER}"


def test_an_address_is_held_by_the_host_that_has_it_inside_or_outside() -> None:
    host = holder(MAIL6, CITY)
    assert host is not None
    assert host.name == "mail"
    assert holder(UNUSED, CITY) is None


@pytest.mark.parametrize(
    ("changed", "proven"),
    [
        ({}, True),
        ({"slow_decoys": 4}, True),
        ({"slow_decoys": 2}, False),
        ({"slow_decoys": 0}, False),
        ({"miss_bound": 1e-4}, True),  # exactly what is allowed
        ({"miss_bound": 1.1e-4}, False),
        ({"decoys": ()}, False),
        ({"decoys": (port(47321, transport="udp"),)}, False),  # another transport's decoy says nothing
        ({"decoys": (port(47321, sent=0),)}, False),
        ({"decoys": (port(47321, icmp((3, 1))),)}, False),  # everything is refused that way
        ({"decoys": (port(47321, icmp((3, 13))),)}, True),
        ({"decoys": (port(47321), port(47321, icmp((3, 1)), transport="udp"))}, True),
    ],
)
def test_nobody_home_is_proven_by_a_decoy_that_was_not_refused_so(changed: dict[str, Any], proven: bool) -> None:
    asked = careful(MAIL, **{"slow_decoys": 3, "decoys": (port(47321),), **changed})
    assert nobody_home_proven(asked, port(23, icmp((3, 1))), 1e-4) is proven


@pytest.mark.parametrize(
    ("reply", "address", "so"),
    [
        (icmp((3, 1)), MAIL, True),
        (icmp((3, 7)), MAIL, True),
        (icmp((1, 3), OUTER6), MAIL6, True),
        (icmp((1, 3)), MAIL, False),
        (icmp((3, 3)), MAIL, False),
        (Reply(answer=Answer.RST, icmp=(3, 1)), MAIL, False),
    ],
)
def test_only_a_routers_word_for_nobody_is_one(reply: Reply, address: str, so: bool) -> None:
    assert nobody_home(reply, address) is so


def test_a_port_is_named_as_authorisations_name_it() -> None:
    assert place(MAIL, 23) == "198.51.100.5:23/tcp"
    assert place(MAIL6, 69, "udp") == "[2001:db8:100:1::5]:69/udp"
