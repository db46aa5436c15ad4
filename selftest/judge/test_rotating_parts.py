"""A sweep that rotates, before the judges of the Intranet and of the names: all that it wants counts, asked or not."""

from __future__ import annotations

from dataclasses import replace as changed

from msgspec.structs import replace

from ordinance.inventory.model import RulesetSource
from ordinance.judge.intranet import not_reachable
from ordinance.judge.names import not_named
from ordinance.judge.verdict import Compliant, Unproven
from ordinance.sight.names import NamesSighting
from ordinance.sight.perimeter import Rotation, SweepSighting
from selftest.judge.city_cases import CITY, IN4, NS, PROFILE, ZONE, a_sweep, inside, talks, with_city, without

WALLS = {name: host for name, host in CITY.hosts.items() if "firewalls" in host.groups}
#: Its rulesets are declared, so that silence of an address that nobody uses means something.
DECLARED = with_city(
    hosts={**CITY.hosts, **{name: changed(host, ruleset=RulesetSource("nftables", "x")) for name, host in WALLS.items()}}
)


def rotating(*missing: str) -> SweepSighting:
    """Tonight asks all that it wants but these addresses; there is no earlier night."""
    whole = a_sweep(started="2026-11-23T20:00:00Z")
    asked = whole
    for address in missing:
        asked = without(asked, address)
    return replace(asked, rotation=Rotation(wanted=tuple(seen.address for seen in whole.addresses), earlier=()))


def test_an_intranet_server_whose_ports_no_night_asked_is_unproven() -> None:
    def judged(sweep: SweepSighting) -> object:
        return not_reachable("intranet", sweep, talks(), inside(), inventory=DECLARED, profile=PROFILE)

    assert isinstance(judged(rotating()), Compliant)
    verdict = judged(rotating(IN4))
    assert isinstance(verdict, Unproven)
    assert f"only 0 of 65535 ports of {IN4} were asked" in verdict.reason


def test_a_public_address_whose_ports_no_night_asked_may_show_a_certificate() -> None:
    def doubted(sweep: SweepSighting) -> bool:
        names = NamesSighting(vantage="outside", zone=ZONE, servers=(), unused="")
        verdict = not_named(ZONE, names, sweep, talks(), inventory=DECLARED, profile=PROFILE)
        assert isinstance(verdict, Unproven), "no name server was asked"
        return f"{NS}: 65535 ports were not asked" in verdict.reason

    assert not doubted(rotating())
    assert doubted(rotating(NS))
