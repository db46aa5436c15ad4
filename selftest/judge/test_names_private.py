"""Which words name the Intranet server, and which do not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ordinance.judge.names_private import Private, address_of, plain
from selftest.judge.city_cases import CITY, IN4, IN6, with_city

(SITE,) = CITY.intranet
PRIVATE = Private.of(with_city(intranet=(replace(SITE, host="intra", names=("Portal.City.Example.",)),)))


@pytest.mark.parametrize(
    ("word", "named"),
    [
        ("portal.city.example", True),
        ("PORTAL.city.example.", True),
        ("a.b.portal.city.example", True),
        ("xportal.city.example", False),
        ("portal.city.example.org", False),
        ("intra.city.example", True),  # the host's own name in the public zone
        ("intra.city.example.", True),
        ("intra", False),  # a bare name is no name in DNS
        ("city.example", False),
        ("81.0.20.10.in-addr.arpa", True),
        ("82.0.20.10.in-addr.arpa", False),
        (IN4, True),
        (IN6, True),
        (f"ip4:{IN4}", True),  # as in SPF
        (f"ip6:{IN6}", True),  # what stands after the first colon is the address
        ("10.20.0.82", False),
        ("", False),
    ],
)
def test_which_words_name_the_intranet_server(word: str, named: bool) -> None:
    assert PRIVATE.named_by(word) is named


def test_without_a_public_zone_the_declared_names_are_all_there_is() -> None:
    private = Private.of(with_city(public_dns=None))
    assert private.names == {"intranet.city.example"}
    assert private.hosts == {"intranet"}


def test_a_name_loses_its_last_dot_and_its_capitals_and_nothing_else() -> None:
    assert plain("WWW.City.Example.") == "www.city.example"
    assert plain("HOSTX") == "hostx"
    assert plain("HOSTX.") == "hostx"


def test_what_is_no_address_is_none() -> None:
    assert address_of("www.city.example") is None
    assert str(address_of("2001:DB8::1")) == "2001:db8::1"
