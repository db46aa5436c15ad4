"""Look "public-names": what the public name servers tell the outside about the Intranet server (9.A.3).

Each server is asked over TCP, and over UDP where the vantage has python3: for the Intranet's names, for every public name whose
address might be the Intranet's, for the names behind addresses, for a name that nobody uses (a wildcard answers it), and for the
whole zone. The witness name is asked before and after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TypeVar

from msgspec.structs import replace

from ordinance.inventory.model import Address, Inventory, PublicDns
from ordinance.observe.api import CouldNotLook, Deadline, LookContext, Unseen, VantagePoint, look
from ordinance.observe.protocols import dns, dns_udp
from ordinance.sight.names import NameAnswer, NamesSighting, Record, ServerNames, ZoneTransfer

OUTSIDE = "outside"
QUESTION_SECONDS = 20.0  #: room for five SYNs, which a kernel sends after 0, 1, 3, 7 and 15 seconds
TRANSFER_SECONDS = 10.0
UDP_SECONDS = 90.0
AGAIN = 2  #: times something is asked again that had no answer in time
#: How "nothing in time" begins: within a connection, and of one that was not taken.
LATE = (Unseen.DEADLINE.value, Unseen.NO_ANSWER.value)
Answered = TypeVar("Answered", NameAnswer, ZoneTransfer)
#: Everything by which a name can lead to a server; TXT because addresses are often left there.
PRIVATE_TYPES = ("A", "AAAA", "CNAME", "MX", "TXT", "HTTPS")
#: Records of the zone itself that point at names.
ZONE_TYPES = ("NS", "MX", "SOA", "TXT")

Question = tuple[str, str]
Ask = Callable[[str, str], NameAnswer]


@look("public-names")
def public_names(context: LookContext) -> NamesSighting:
    """Ask every authoritative server of the public zone."""
    zone = context.inventory.public_dns
    if zone is None:
        raise CouldNotLook(Unseen.TOOL, "the inventory declares no public zone")
    vantage = context.door.at(OUTSIDE)
    over_tcp = [_over_tcp(context, vantage, zone, server) for server in zone.servers]
    try:
        over_udp = [_over_udp(context, vantage, zone, server) for server in zone.servers]
    except CouldNotLook as missed:
        if missed.reason is Unseen.HALTED:
            raise
        over_udp, no_udp = [], str(missed)
    else:
        no_udp = ""
    servers = (*over_tcp, *over_udp)
    return NamesSighting(vantage=OUTSIDE, zone=zone.zone, servers=servers, no_udp=no_udp, unused=unused_name(context))


def _over_tcp(context: LookContext, vantage: VantagePoint, zone: PublicDns, server: Address) -> ServerNames:
    def ask(name: str, kind: str) -> NameAnswer:
        return _patiently(lambda: ask_tcp(vantage, server, name, kind))

    def once(*question: str) -> NameAnswer:
        return ask_tcp(vantage, server, *question)

    context.progress(0, 0, f"asking {server} about the Intranet")
    # One that does not even take a connection is asked once: it is not there.
    before = _patiently(lambda: once(*witness(zone)), LATE[:1])
    # A server that is not there answers no other question either, and each would be waited for.
    questions = () if before.unseen else tuple(asked(context, ask, server))
    late = () if before.unseen else LATE
    zones = (zone.zone, *zone.reverse_zones)
    transfers = tuple(_patiently(partial(_transfer, vantage, server, name), late) for name in zones)
    return ServerNames(
        server=str(server),
        transport="tcp",
        before=before,
        questions=questions,
        after=_patiently(lambda: once(*witness(zone)), late),
        transfers=transfers,
    )


def _patiently(ask: Callable[[], Answered], late: tuple[str, ...] = LATE) -> Answered:
    """Ask, and again while nothing comes in time: a path that loses packets is slow."""
    answer = ask()
    for _ in range(AGAIN):
        if not answer.unseen.startswith(late):
            break
        answer = ask()
    return answer


def _over_udp(context: LookContext, vantage: VantagePoint, zone: PublicDns, server: Address) -> ServerNames:
    """Ask the same over UDP. The witness goes in jobs of its own: within one job nobody knows what is asked first."""
    planned = list(dict.fromkeys(questions(context.inventory, unused_name(context))))
    (before,) = _asked_udp(vantage, server, [witness(zone)])
    answers = () if before.unseen else tuple(_asked_udp(vantage, server, planned))
    (after,) = _asked_udp(vantage, server, [witness(zone)])
    return ServerNames(server=str(server), transport="udp", before=before, questions=answers, after=after)


def _asked_udp(vantage: VantagePoint, server: Address, wanted: list[Question]) -> Iterator[NameAnswer]:
    told = dict(zip(wanted, dns_udp.ask_all(vantage, server, wanted, Deadline.after(UDP_SECONDS)), strict=True))
    for _ in range(AGAIN):
        missed = [question for question, answer in told.items() if answer.unseen.startswith(LATE)]
        if not missed or len(missed) == len(told) > 1:
            break  # one that answers nothing is not there
        told |= zip(missed, dns_udp.ask_all(vantage, server, missed, Deadline.after(UDP_SECONDS)), strict=True)
    for (name, kind), answer in told.items():
        yield NameAnswer(
            server=str(server),
            transport="udp",
            name=name,
            type=kind,
            rcode=answer.rcode,
            records=tuple(records_of(answer.records)),
            authoritative=answer.authoritative,
            unseen=answer.unseen,
            observation=answer.observation,
        )


def asked(context: LookContext, ask: Ask, server: Address) -> Iterator[NameAnswer]:
    """Put every question, and then ask for the addresses of the names that the zone points at."""
    planned = list(dict.fromkeys(questions(context.inventory, unused_name(context))))
    pointed: list[str] = []
    for done, (name, kind) in enumerate(planned):
        if context.halted():
            raise CouldNotLook(Unseen.HALTED, "not every question was asked")
        context.progress(done, len(planned), f"asking {server} about the Intranet")
        answer = ask(name, kind)
        pointed += [record.data.split()[-1] for record in answer.records if record.type in {"NS", "MX", "CNAME"}]
        yield answer
    known = {name for name, _ in planned}
    for name in dict.fromkeys(pointed):
        if name and name not in known:
            yield ask(name, "A")
            yield ask(name, "AAAA")


def witness(zone: PublicDns) -> Question:
    """Return the question whose answer is known."""
    return zone.witness_name, "A" if zone.witness_address.version == 4 else "AAAA"  # noqa: PLR2004 - IPv4


def unused_name(context: LookContext) -> str:
    """Make a name in the public zone that nobody has; "" without a zone."""
    zone = context.inventory.public_dns
    return f"ordinance-{context.seed & 0xFFFFFFFFFFFF:012x}.{_plain(zone.zone)}" if zone else ""


def questions(inventory: Inventory, unused: str = "") -> Iterator[Question]:
    """Everything to ask one server, most telling first; the same question may come twice."""
    zone = inventory.public_dns.zone if inventory.public_dns else ""
    for site in inventory.intranet:
        for name in (*site.names, f"{site.host}.{zone}", *(f"{name.split('.')[0]}.{zone}" for name in site.names)):
            yield from ((_plain(name), kind) for kind in PRIVATE_TYPES)
        yield from ((address.reverse_pointer, "PTR") for address in site.addresses)
    yield from ((unused, kind) for kind in PRIVATE_TYPES if unused)
    yield from ((zone, kind) for kind in ZONE_TYPES)
    for name in (zone, f"www.{zone}", *(f"{host}.{zone}" for host in sorted(inventory.hosts))):
        yield from ((_plain(name), kind) for kind in ("A", "AAAA"))
    for group in inventory.public:
        yield from ((address.reverse_pointer, "PTR") for address in group.addresses)


def ask_tcp(vantage: VantagePoint, server: Address, name: str, kind: str) -> NameAnswer:
    """Ask one question over TCP; a failure is part of the answer."""
    bare = NameAnswer(server=str(server), transport="tcp", name=name, type=kind)
    try:
        answer = dns.query(vantage, server, name, kind, Deadline.after(QUESTION_SECONDS))
    except CouldNotLook as missed:
        return replace(bare, unseen=str(missed), observation=missed.observation)
    records = tuple(records_of((*answer.answers, *answer.authority)))
    return replace(bare, rcode=answer.rcode, records=records, authoritative=answer.authoritative, observation=answer.observation)


def records_of(found: Iterable[dns.Record]) -> Iterator[Record]:
    """Bring records of a message into the shape of a sighting."""
    for record in found:
        yield Record(_plain(record.name), record.type, record.data.lower().rstrip("."))


def _transfer(vantage: VantagePoint, server: Address, zone: str) -> ZoneTransfer:
    try:
        tried = dns.transfer(vantage, server, zone, Deadline.after(TRANSFER_SECONDS))
    except CouldNotLook as missed:
        return ZoneTransfer(server=str(server), zone=zone, unseen=str(missed), observation=missed.observation)
    return ZoneTransfer(
        server=str(server), zone=zone, rcode=tried.rcode, records=len(tried.records), observation=tried.observation
    )


def _plain(name: str) -> str:
    return name.lower().rstrip(".")
