"""What `ordinance sweep` may be asked for; everything else is said before a packet is sent."""

from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest

from ordinance.cli import main
from ordinance.errors import UsageError
from ordinance.inventory.model import Inventory, Scope, Vantage
from ordinance.observe.pace_words import seconds_words, sweep_words
from ordinance.sweepcommand.request import Request, ports_of
from selftest.judge.perimeter_city import MAIL, MAIL6, WWW, inventory

ALLOWED = ("198.51.100.0/28", "10.20.0.0/24", "2001:db8:100:1::/64")


def city(deny: tuple[str, ...] = ()) -> Inventory:
    places = {"outside": Vantage("outside", "outside", "outside"), "here": Vantage("here", "management", None)}
    scope = Scope(tuple(map(ip_network, ALLOWED)), tuple(map(ip_network, deny)))
    return replace(inventory((MAIL, WWW, MAIL6)), scope=scope, vantages=places)


def asked(text: str, ports: str = "1-65535", vantage: str = "outside", **more) -> Request:
    return Request.of(text, ports, vantage, city(**more))


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        (MAIL, (MAIL,)),
        (MAIL6, (MAIL6,)),
        ("198.51.100.4/30", ("198.51.100.4", "198.51.100.5", "198.51.100.6", "198.51.100.7")),
        ("2001:db8:100:1::/127", ("2001:db8:100:1::", "2001:db8:100:1::1")),
        ("public", (MAIL, WWW, MAIL6)),
    ],
)
def test_an_address_a_network_and_a_group_are_ranges(text: str, addresses: tuple[str, ...]) -> None:
    assert asked(text).addresses == tuple(map(ip_address, addresses))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("203.0.113.9",), "203.0.113.9: not in the scope of x.yml; nothing was sent"),
        (("198.51.100.0/27",), "16 of the 32 addresses of 198.51.100.0/27, 198.51.100.16 first: not in the scope"),
        (("::ffff:198.51.100.5",), "not in the scope"),
        (("198.51.0.0/16",), "wider than a /20"),
        (("2001:db8:100:1::/64",), "wider than a /120"),
        (("198.51.100.5/28",), "has host bits set"),
        (("nobody",), "neither an address, nor a network such as 198.51.100.0/28, nor a public group; groups: public"),
        (("mail.city.example",), "neither an address"),
        ((MAIL, "1-65535", "nowhere"), "has no such vantage; there are: here, outside"),
    ],
)
def test_what_cannot_be_swept_is_said(words: tuple[str, ...], told: str) -> None:
    with pytest.raises(UsageError, match=r".") as wrong:
        asked(*words)
    assert told in str(wrong.value)


def test_deny_wins_over_allow() -> None:
    with pytest.raises(UsageError):
        asked("198.51.100.4/30", deny=("198.51.100.7/32",))


@pytest.mark.parametrize(("text", "ports"), [("25", (25, 25)), ("1-1024", (1, 1024)), ("65535", (65535, 65535))])
def test_ports_are_one_or_a_range(text: str, ports: tuple[int, int]) -> None:
    assert ports_of(text) == ports


@pytest.mark.parametrize("text", ["", "0", "0-5", "5-3", "1-65536", "1,2", "a", "-5", "1-", "٣", "1 - 2", "25\n"])
def test_other_ports_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a range of ports"):
        ports_of(text)


def test_addresses_are_vouched_for_by_their_group_and_the_others_by_every_service() -> None:
    homes = asked("198.51.100.4/30").homes(city())
    names = [(group.name, [str(address) for address in some]) for group, some in homes]
    assert names == [("public", [MAIL]), ("the inventory", ["198.51.100.4", "198.51.100.6", "198.51.100.7"])]
    assert ip_address(WWW) in homes[1][0].addresses


@pytest.mark.parametrize("words", [("203.0.113.10",), ("198.51.100.0/24",), ("public-ipv4", "--ports", "0"), ("no-such-group",)])
def test_a_mistake_is_exit_code_4_and_no_city_is_started(words: tuple[str, ...], monkeypatch, capsys) -> None:
    monkeypatch.setattr("ordinance.labkeeper.LabKeeper.open", lambda _self: pytest.fail("the city was started"))
    monkeypatch.setattr("ordinance.sweepcommand.running.NetworkDoor", lambda *_: pytest.fail("a door was opened"))
    assert main(["sweep", *words, "--from", "outside"]) == 4
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("ordinance: ")


def test_an_inventory_that_is_not_there_is_exit_code_4(tmp_path, capsys) -> None:
    assert main(["sweep", MAIL, "--from", "outside", "--inventory", str(tmp_path / "none.yml")]) == 4
    assert "none.yml" in capsys.readouterr().err


def test_progress_says_ports_rate_and_time_left() -> None:
    assert sweep_words(1200, 65535, 1, 5000) == "1,200 of 65,535 ports, round 1, 5,000 a second, 13 s left in this round"
    assert sweep_words(65535, 65535, 2, 0) == "65,535 of 65,535 ports, round 2, 0 a second"
    assert [seconds_words(s) for s in (7, 99, 240, 7500)] == ["7 s", "99 s", "4 min", "2 h 05 min"]
