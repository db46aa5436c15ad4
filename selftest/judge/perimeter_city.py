"""A small city written by hand for the tables about its perimeter: a firewall, three hosts, one unused address."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

from ordinance.inventory.model import Host, Inventory, Pace, PublicDns, PublicGroup, RulesetSource, Scope, Service, Vantage
from ordinance.law.model import Profile
from ordinance.sight.perimeter import (
    AddressSweep,
    Answer,
    Canary,
    CarefulAddress,
    CarefulPort,
    Certificate,
    Conversation,
    ConversationSighting,
    EchoProof,
    FamilyBound,
    GuardedAddress,
    GuardedSighting,
    Identity,
    PortAnswer,
    Reply,
    SweepSighting,
)
from ordinance.sight.ports import ranges

FW, MAIL, NEWS, WWW, UNUSED = "198.51.100.1", "198.51.100.5", "198.51.100.6", "198.51.100.8", "198.51.100.9"
MAIL6 = "2001:db8:100:1::5"
OUTER = "203.0.113.1"
ALL = (FW, MAIL, NEWS, WWW, UNUSED)
WORDS = {MAIL: "mail ESMTP", NEWS: "news server", WWW: "Welcome"}
PROTOCOL = {MAIL: ("smtp", 25), NEWS: ("nntp", 119), WWW: ("http", 80)}

PROFILE = Profile(
    name="default",
    public_web="allowed",
    public_dns="allowed",
    telnet_tcp_ports=(23, 992),
    ftp_tcp_ports=(20, 21, 990),
    tftp_udp_ports=(69,),
    smtp_ports=(25,),
    nntp_ports=(119, 563),
    web_ports=(80, 443),
    dns_ports=(53,),
    management_tcp_ports=(22,),
    management_udp_ports=(161,),
    default_communities=("public",),
    message_size_max=1,
    mailbox_quota_max=1,
    password_max_days=90,
    retention_days=90,
    miss_bound=1e-4,
)


def host(name: str, group: str, *addresses: str) -> Host:
    return Host(name, frozenset({group}), tuple(ip_address(address) for address in addresses))


def inventory(group: tuple[str, ...] = ALL, *, declared: bool = True) -> Inventory:
    hosts = [
        replace(host("fw", "firewalls", FW), ruleset=RulesetSource("nftables", "/etc/nftables.conf") if declared else None),
        host("mail", "mail_gateways", MAIL, MAIL6),
        host("news", "news_hosts", NEWS),
        host("www", "internet_servers", WWW),
    ]
    services = [
        Service(host.name, ip_address(address), port, protocol, WORDS[address], frozenset({"outside"}))
        for host in hosts
        for address, (protocol, port) in PROTOCOL.items()
        if ip_address(address) in host.addresses
    ]
    return Inventory(
        source="x.yml",
        city="City",
        timezone="UTC",
        lab=False,
        hosts={host.name: host for host in hosts},
        public=(PublicGroup("public", tuple(ip_address(address) for address in group)),),
        services=tuple(services),
        vantages={"outside": Vantage("outside", "outside", "outside")},
        echo=(),
        scope=Scope((ip_network("0.0.0.0/0"),)),
        pace=Pace(None, None),
        public_dns=PublicDns("city.example", (), "www", ip_address(WWW)),
    )


# -- guarded ports ---------------------------------------------------------------------------------------------------------------

OPEN, RST_HOST, RST_FW = Reply(answer=Answer.OPEN, hops=1), Reply(answer=Answer.RST, hops=1), Reply(answer=Answer.RST, hops=0)
RST_UNKNOWN = Reply(answer=Answer.RST)


def icmp(code: tuple[int, int], by: str = OUTER, times: int = 1) -> Reply:
    return Reply(answer=Answer.ICMP, by=by, icmp=code, times=times)


def port(number: int, *replies: Reply, address: str = MAIL, transport: str = "tcp", sent: int = 7) -> CarefulPort:
    answered = min(sent, sum(reply.times for reply in replies))
    silent = 0 if any(reply.answer is not Answer.ICMP for reply in replies) else sent - answered
    return CarefulPort(address=address, transport=transport, port=number, sent=sent, silent=silent, replies=replies)


def careful(address: str, *ports: CarefulPort, **more: Any) -> CarefulAddress:
    control = address if address in PROTOCOL else WWW
    wanted = [("tcp", number) for number in (23, 992, 20, 21, 990)] + [("udp", 69)]
    given = {(p.transport, p.port): p for p in ports}
    held = tuple(given.get(key) or port(key[1], address=address, transport=key[0]) for key in wanted)
    decoys = (port(47321, address=address), port(47321, address=address, transport="udp"))
    values: dict[str, Any] = {
        "address": address,
        "ports": held,
        "decoys": decoys,
        "control_address": control,
        "control_port": PROTOCOL[control][1],
        "control_sent": 7,
        "control_answered": 7,
        "control_hops": 1,
        "miss_bound": 6e-5,
        "observation": "o-1",
    }
    return CarefulAddress(**{**values, **more})


def identity(address: str, *, proven: bool = True) -> Identity:
    control = address if address in PROTOCOL else WWW
    said = WORDS[control] if proven else "no-answer: nothing came back"
    return Identity(address=control, port=PROTOCOL[control][1], proven=proven, said=said, observation="o-2")


def guarded(*changed: GuardedAddress, echoes: tuple[EchoProof, ...] | None = None) -> GuardedSighting:
    given = {seen.address: seen for seen in changed}
    seen = tuple(given.get(a) or guarded_address(a, careful(a)) for a in ALL)
    return GuardedSighting(vantage="outside", addresses=seen, echoes=all_echoes() if echoes is None else echoes)


def guarded_address(address: str, asked: CarefulAddress | None, *, before: bool = True, after: bool = True) -> GuardedAddress:
    return GuardedAddress(
        address=address, careful=asked, before=identity(address, proven=before), after=identity(address, proven=after)
    )


def all_echoes(*lost: int, family: int = 4) -> tuple[EchoProof, ...]:
    wanted = [("tcp", number) for number in (23, 992, 20, 21, 990)] + [("udp", 69)]
    return tuple(
        EchoProof(
            family=family,
            transport=t,
            port=n,
            echoed=n not in lost,
            said="nothing came back" if n in lost else "back",
            observation="o-3",
        )
        for t, n in wanted
    )


# -- sweep and conversations -----------------------------------------------------------------------------------------------------


def swept(address: str, *groups: PortAnswer) -> AddressSweep:
    """One address: what is named, silence for every other port."""
    open_ports = [PROTOCOL[address][1]] if address in PROTOCOL else []
    named = [port for group in groups for first, last in group.ports for port in range(first, last + 1)]
    answers = [*groups, *(PortAnswer(ports=((p, p),), reply=OPEN) for p in open_ports if p not in named)]
    taken = {port for group in answers for first, last in group.ports for port in range(first, last + 1)}
    silent = [port for port in range(1, 65_536) if port not in taken]
    if silent:
        answers.append(PortAnswer(ports=ranges(silent), reply=Reply(answer=Answer.SILENT)))
    return AddressSweep(address=address, answers=tuple(answers))


def answered(reply: Reply, *runs: tuple[int, int] | int) -> PortAnswer:
    return PortAnswer(ports=tuple((run, run) if isinstance(run, int) else run for run in runs), reply=reply)


def canary(address: str, **more: Any) -> Canary:
    values: dict[str, Any] = {"sent": 5000, "answered": 5000, "late_sent": 16, "late_answered": 16, "hops": 1}
    return Canary(address=address, port=PROTOCOL[address][1], **{**values, **more})


def certificate(**more: Any) -> Certificate:
    values: dict[str, Any] = {
        "vantage": "outside",
        "engine": "sweep",
        "started": "2026-11-23T20:00:00.000Z",
        "finished": "2026-11-23T20:01:00.000Z",
        "complete": True,
        "why_incomplete": "",
        "ports_planned": 5 * 65_535,
        "ports_covered": 5 * 65_535,
        "probes": 400_000,
        "seconds": 60.0,
        "canaries": (canary(MAIL), canary(NEWS), canary(WWW)),
        "voided_windows": 0,
        "requeued": 0,
        "bounds": (FamilyBound(family=4, rounds=1, miss_bound=9e-5),),
        "local_errors": 0,
        "hears_icmp": True,
        "reads_hops": True,
        "unechoed": (),
        "echo_families": (4,),
    }
    return Certificate(**{**values, **more})


def sweep(
    *changed: AddressSweep, leave_out: tuple[str, ...] = (), again: tuple[CarefulAddress, ...] = (), **more: Any
) -> SweepSighting:
    given = {seen.address: seen for seen in changed}
    seen = tuple(given.get(address) or swept(address) for address in ALL if address not in leave_out)
    return SweepSighting(vantage="outside", addresses=seen, certificate=certificate(**more), careful=again, observations=("o-4",))


def talk(address: str, number: int = 0, protocol: str = "", **more: Any) -> Conversation:
    own, known = PROTOCOL.get(address, ("", 0))
    words = WORDS.get(address, "")
    values: dict[str, Any] = {
        "protocol": protocol or own,
        "said": words,
        "identities": (words,) if words else (),
        "observation": "o-5",
    }
    return Conversation(address=address, port=number or known, **{**values, **more})


def talks(*changed: Conversation, **more: Any) -> ConversationSighting:
    given = {(seen.address, seen.port): seen for seen in changed}
    usual = {(address, talk(address).port): talk(address) for address in PROTOCOL}
    return ConversationSighting(vantage="outside", conversations=tuple({**usual, **given}.values()), **more)
