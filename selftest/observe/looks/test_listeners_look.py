"""Look "listeners": two witnesses of the same sockets, each read strictly, neither hiding the other."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import Any

import pytest

from ordinance.inventory.model import SecretRef, SnmpUser
from ordinance.observe.api import CouldNotLook, Unseen
from ordinance.observe.looks.listeners import TCP_COLUMN, TCP_TABLE, UDP_COLUMN, asked, endpoints, listeners, sockets
from ordinance.sight.listeners import Listener
from selftest.judge.city_cases import CITY, WWW4, WWW6
from selftest.observe.looks.city_looks import Town, context

SS = b"""udp UNCONN 0 0 [fe80::1]%eth0:546 [::]:*
tcp LISTEN 0 511 0.0.0.0:443 0.0.0.0:* users:(("nginx",pid=21,fd=7),("nginx",pid=19,fd=7))
tcp LISTEN 0 128 *:22 *:* users:(("ss\x1bhd",pid=6,fd=3))
"""
ANY4, ANY6 = "1.4.0.0.0.0", "2.16." + ".".join(["0"] * 16)


def walk(host: str, oid: str, deadline: Any, most: int = 0) -> tuple[dict[str, str], str]:
    if oid == TCP_TABLE:
        return {f"{TCP_COLUMN}.{ANY4}.443": "0", "1.3.6.1.2.1.6.20.1.9.1": "7"}, "o-tcp"
    return {f"{UDP_COLUMN}.{ANY4}.161.{ANY4}.0.96631": "10", f"{UDP_COLUMN}.{ANY4}.5353.1.4.10.0.0.1.53.1": "11"}, "o-udp"


def town(text: bytes = SS, status: int = 0, asks: Any = walk) -> Town:
    made = Town(commands={(name, "-Hlntup"): (status, text) for name in ("dns", "www", "intranet")})
    made.snmp_walk = asks  # type: ignore[attr-defined]
    return made


def city() -> Any:
    user = SnmpUser(ip_address("192.0.2.1"), 161, "audit", SecretRef("env", "A"), SecretRef("env", "B"), "8000000001")
    return replace(CITY, hosts={**CITY.hosts, "www": replace(CITY.hosts["www"], snmp=user)})


def test_hosts_that_the_outside_could_reach_are_asked_and_no_others() -> None:
    assert [host.name for host in asked(CITY)] == ["dns", "intranet", "www"]


def test_both_witnesses_are_read() -> None:
    seen = listeners(context(town(), city())).of("www")
    assert seen is not None and not seen.unseen
    assert seen.by_ssh == (
        Listener(transport="tcp", address="*", port=22, process="ss\\x1bhd"),
        Listener(transport="tcp", address="0.0.0.0", port=443, process="nginx"),
        Listener(transport="udp", address="fe80::1", port=546),
    )
    assert seen.by_snmp == (
        Listener(transport="tcp", address="0.0.0.0", port=443),
        Listener(transport="udp", address="0.0.0.0", port=161),
    )


def silent(*_: Any, **__: Any) -> tuple[dict[str, str], str]:
    raise CouldNotLook(Unseen.NO_ANSWER, "no SNMP answer", "o-9")


def nonsense(*_: Any, **__: Any) -> tuple[dict[str, str], str]:
    return {f"{TCP_COLUMN}.1.4.0.0": "0"}, "o-8"


@pytest.mark.parametrize(
    ("made", "missing", "words", "other"),
    [
        (town(status=1), "ssh", "ss ended with 1", "by_snmp"),
        (town(b"what is this\n"), "ssh", "not a line of ss", "by_snmp"),
        (town(b"tcp LISTEN 0 1 400.1.1.1:22 *:*\n"), "ssh", "does not appear to be an IPv4 or IPv6 address", "by_snmp"),
        (town(asks=silent), "snmp", "no SNMP answer", "by_ssh"),
        (town(asks=nonsense), "snmp", "holds no address", "by_ssh"),
    ],
)
def test_one_witness_that_cannot_be_asked_does_not_hide_the_other(made: Town, missing: str, words: str, other: str) -> None:
    seen = listeners(context(made, city())).of("www")
    assert seen is not None
    assert words in seen.unseen[missing]
    assert getattr(seen, f"by_{missing}") is None
    assert getattr(seen, other) is not None


def test_a_host_without_an_snmp_user_has_one_witness() -> None:
    seen = listeners(context(town(), city())).of("dns")
    assert seen is not None
    assert seen.by_snmp is None and "declares no SNMP user" in seen.unseen["snmp"]


@pytest.mark.parametrize("index", ["9.4.0.0.0.0.22", "1.4.0.0.0.0", "1", "1.4.300.0.0.0.1"])
def test_a_row_that_is_none_is_refused(index: str) -> None:
    with pytest.raises(ValueError, match="row"):
        list(endpoints("tcp", TCP_COLUMN, {f"{TCP_COLUMN}.{index}": "0"}))


def test_a_socket_of_both_families_is_told_as_such_by_either_witness() -> None:
    assert [one.address for one in sockets(["tcp LISTEN 0 1 *:80 *:*"])] == ["*"]
    assert [one.address for one in endpoints("tcp", TCP_COLUMN, {f"{TCP_COLUMN}.0.0.80": "0"})] == ["*"]


@pytest.mark.parametrize(
    ("bound", "address", "answers"),
    [
        ("0.0.0.0", WWW4, True),
        ("0.0.0.0", WWW6, False),
        ("::", WWW6, True),
        ("::", WWW4, True),  # it may, and nobody can tell from outside of the socket
        ("*", WWW4, True),
        (WWW4, WWW4, True),
        ("127.0.0.1", WWW4, False),
        ("2001:0db8:100:1:0::8", WWW6, True),
    ],
)
def test_where_a_listener_answers(bound: str, address: str, answers: bool) -> None:
    assert Listener(transport="tcp", address=bound, port=80).answers_at(address) is answers
