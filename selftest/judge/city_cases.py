"""A small city to judge by, and what is seen of it on a good day: a firewall, an Internet, a name and an Intranet server."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network

from ordinance.inventory.model import Host, IntranetSite, Inventory, Pace, PublicDns, PublicGroup, Scope, Service, Vantage
from ordinance.sight.intranet import IntranetSighting, PageSeen
from ordinance.sight.perimeter import (
    AddressSweep,
    Answer,
    Canary,
    CarefulAddress,
    CarefulPort,
    Certificate,
    Conversation,
    ConversationSighting,
    FamilyBound,
    PortAnswer,
    Reply,
    SweepSighting,
)
from selftest.judge.mail_cases import a_profile

WWW4, WWW6, NS, FW4 = "198.51.100.8", "2001:db8:100:1::8", "198.51.100.3", "203.0.113.1"
IN4, IN6 = "10.20.0.81", "2001:db8:100:2::81"
ZONE, HOME, CANARY = "city.example", "Welcome to the City of Example", "INTRANET-CANARY"
PROFILE = a_profile()
ALL = ((1, 65_535),)


def a_city() -> Inventory:
    hosts = {
        "fw": Host(
            "fw",
            frozenset({"firewalls"}),
            addresses=(ip_address("10.20.0.1"),),
            outer_addresses=(ip_address(FW4),),
        ),
        "www": Host("www", frozenset({"internet_servers"}), addresses=(ip_address(WWW4), ip_address(WWW6))),
        "dns": Host("dns", frozenset({"name_servers"}), addresses=(ip_address(NS),)),
        "intranet": Host("intranet", frozenset({"intranet_servers"}), addresses=(ip_address(IN4), ip_address(IN6))),
        "ws1": Host("ws1", frozenset({"workstations"}), accounts=("alice", "dana")),
        "bare": Host("bare", frozenset(), accounts=()),
    }
    public = ip_address(WWW4), ip_address(NS)
    services = [Service("www", ip_address(a), 443, "https", HOME, frozenset({"outside"})) for a in (WWW4, WWW6)]
    return Inventory(
        source="test",
        city="Test",
        timezone="UTC",
        lab=False,
        hosts=hosts,
        public=(PublicGroup("four", public), PublicGroup("six", (ip_address(WWW6),))),
        services=tuple(services),
        vantages={"here": Vantage("here", "inside", None)},
        echo=(ip_address("203.0.113.7"),),
        scope=Scope((ip_network("0.0.0.0/0"), ip_network("::/0"))),
        pace=Pace(None, None),
        intranet=(IntranetSite("intranet", (ip_address(IN4), ip_address(IN6)), ("intranet.city.example",), 80, CANARY),),
        public_dns=PublicDns(ZONE, (ip_address(NS),), "www.city.example", ip_address(WWW4), ("100.51.198.in-addr.arpa",)),
    )


CITY = a_city()


def group(ports: tuple[tuple[int, int], ...], answer: Answer, **more: object) -> PortAnswer:
    return PortAnswer(ports=ports, reply=Reply(answer=answer, **more))


def swept(address: str, *groups: PortAnswer) -> AddressSweep:
    return AddressSweep(address=address, answers=groups or (group(ALL, Answer.SILENT),))


OPEN_443 = group(((443, 443),), Answer.OPEN, hops=1), group(((1, 442), (444, 65_535)), Answer.SILENT)


def a_certificate(**changed: object) -> Certificate:
    canaries = [Canary(address=a, port=443, sent=900, answered=900, late_sent=9, late_answered=9, hops=1) for a in (WWW4, WWW6)]
    given = {
        "vantage": "outside",
        "engine": "test",
        "started": "",
        "finished": "",
        "seconds": 60.0,
        "complete": True,
        "why_incomplete": "",
        "ports_planned": 1,
        "ports_covered": 1,
        "probes": 1,
        "canaries": tuple(canaries),
        "bounds": tuple(FamilyBound(family=f, rounds=1, miss_bound=1e-5) for f in (4, 6)),
        "voided_windows": 0,
        "requeued": 0,
        "local_errors": 0,
        "hears_icmp": True,
        "reads_hops": True,
        "unechoed": (),
        "echo_families": (4, 6),
    }
    return Certificate(**{**given, **changed})


def a_sweep(*changed: AddressSweep, careful: tuple[CarefulAddress, ...] = (), **certificate: object) -> SweepSighting:
    """Everything silent but the web; `changed` replaces what was seen of an address."""
    seen = {WWW4: swept(WWW4, *OPEN_443), WWW6: swept(WWW6, *OPEN_443), **{a: swept(a) for a in (NS, IN4, IN6)}}
    seen |= {one.address: one for one in changed}
    return SweepSighting(
        vantage="outside",
        addresses=tuple(seen.values()),
        certificate=a_certificate(**certificate),
        careful=careful,
        observations=("o-sweep",),
    )


def without(sweep: SweepSighting, address: str) -> SweepSighting:
    kept = tuple(one for one in sweep.addresses if one.address != address)
    return SweepSighting(vantage="outside", addresses=kept, certificate=sweep.certificate, observations=sweep.observations)


def a_talk(address: str = WWW4, port: int = 443, **changed: object) -> Conversation:
    given = {
        "protocol": "https",
        "said": "200 OK",
        "identities": (HOME,),
        "tls_names": ("www.city.example",),
        "observation": "o-t",
    }
    return Conversation(address=address, port=port, **{**given, **changed})


def talks(*more: Conversation, left_out: tuple[PortAnswer, ...] = ()) -> ConversationSighting:
    """The web on the Internet server; `more` replaces or adds."""
    held = {(one.address, one.port): one for one in (a_talk(), a_talk(WWW6), *more)}
    return ConversationSighting(vantage="outside", conversations=tuple(held.values()), left_out=left_out)


def inside(*changed: PageSeen) -> IntranetSighting:
    """Both addresses showed the canary before and after; `changed` replaces."""
    pages = {(a, after): a_page(a, after_sweep=after) for a in (IN4, IN6) for after in (False, True)}
    pages |= {(one.address, one.after_sweep): one for one in changed}
    return IntranetSighting(pages=tuple(pages.values()))


def a_page(address: str = IN4, *, after_sweep: bool = False, **changed: object) -> PageSeen:
    given = {"status": 200, "canary": True, "observation": "o-page"}
    return PageSeen(vantage="here", address=address, port=80, after_sweep=after_sweep, **{**given, **changed})


def a_careful(address: str, *ports: CarefulPort, **changed: object) -> CarefulAddress:
    given = {
        "decoys": (CarefulPort(address=address, transport="tcp", port=33_333, sent=7, silent=7),),
        "control_address": WWW4,
        "control_port": 443,
        "control_sent": 7,
        "control_answered": 7,
        "control_hops": 1,
        "miss_bound": 6e-5,
        "observation": "o-careful",
    }
    return CarefulAddress(address=address, ports=ports, **{**given, **changed})


def a_port(port: int, transport: str = "tcp", *replies: Reply, address: str = FW4, sent: int = 7) -> CarefulPort:
    silent = sent - sum(reply.times for reply in replies)
    return CarefulPort(address=address, transport=transport, port=port, sent=sent, silent=silent, replies=replies)


def with_city(**changed: object) -> Inventory:
    return replace(CITY, **changed)
