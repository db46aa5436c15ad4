"""9.A.3: public DNS does not name the Intranet server, gives no zone away, and no public certificate carries its name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from ordinance.inventory.model import Address, Inventory, PublicDns
from ordinance.judge.verdict import Compliant, Evidence, Unproven, Verdict, Violated, Witness
from ordinance.sight.names import NameAnswer, NamesSighting, Record, ServerNames, ZoneTransfer
from ordinance.sight.perimeter import Conversation, ConversationSighting

RULE = "9.A.3: the Intranet server is for inside"
#: Answers that say: there is nothing of that name, or nothing for you.
ANSWERED = frozenset({"NOERROR", "NXDOMAIN", "REFUSED", "NOTAUTH"})
#: Of these, the ones that say nothing about whether the name is there.
NOT_TOLD = frozenset({"REFUSED", "NOTAUTH"})
#: A transfer was not given. Hanging up without a word is none of these: nobody knows why.
NOT_GIVEN = frozenset({"NOERROR", "REFUSED", "NOTAUTH", "NOTIMP", "FORMERR", "NXDOMAIN"})
#: What must have been asked about every name of the Intranet server.
TYPES = ("A", "AAAA", "CNAME")


@dataclass(frozen=True, slots=True)
class Private:
    """What must not stand in public DNS."""

    names: frozenset[str]
    addresses: frozenset[Address]
    hosts: frozenset[str]  #: bare host names, as they stand in certificates made by hand

    @classmethod
    def of(cls, inventory: Inventory) -> Private:
        """Collect the names (small letters, no last dot) and addresses of every Intranet server."""
        sites = inventory.intranet
        zones = {inventory.public_dns.zone} if inventory.public_dns else set()
        names = {name for site in sites for name in site.names} | {f"{site.host}.{zone}" for site in sites for zone in zones}
        addresses = frozenset(address for site in sites for address in site.addresses)
        return cls(frozenset(plain(name) for name in names), addresses, frozenset(plain(site.host) for site in sites))

    def named_by(self, word: str) -> bool:
        """Whether a word is a name of the Intranet server, a name below one, its reverse name, or its address."""
        word = plain(word)
        if any(word == name or word.endswith(f".{name}") for name in self.names):
            return True
        if word in {address.reverse_pointer for address in self.addresses}:
            return True
        return any(_address(part) in self.addresses for part in (word, word.partition(":")[2]))


def not_named(target: str, names: NamesSighting, talks: ConversationSighting, inventory: Inventory) -> Verdict:
    """Judge the public zone `target`, as every one of its servers showed it, and the certificates of all public services."""
    dns = inventory.public_dns
    if dns is None or dns.zone != target or not inventory.intranet:
        return Unproven(f"{target}: the inventory does not say which server answers for it, or which server is the Intranet's")
    private = Private.of(inventory)
    breaches = (*_records(names, private), *_transfers(names), *_certificates(talks, private))
    witnesses = tuple(_witnesses(names, dns))
    if breaches:
        told = "; ".join(dict.fromkeys(breach.text for breach in breaches))
        return Violated(f"{target}: {told}; {RULE}", breaches, witnesses)
    doubts = tuple(dict.fromkeys((*_dns_doubts(names, dns, private), *_certificate_doubts(talks, inventory))))
    if doubts:
        return Unproven(f"{target}: {'; '.join(doubts)}", witnesses=witnesses)
    evidence = tuple(_evidence(names, talks))
    return Compliant(f"public DNS and public certificates name {_listed(sorted(private.names))} nowhere", evidence, witnesses)


def plain(name: str) -> str:
    """Write a DNS name in small letters without its last dot."""
    return name.lower().rstrip(".")


# -- breaches ----------------------------------------------------------------------------------------------------------------


def _records(names: NamesSighting, private: Private) -> Iterator[Evidence]:
    for server in names.servers:
        wild = _wildcard(server, names.unused)
        for answer in (server.before, *server.questions, server.after):
            for record in answer.records:
                if _tells(record, private) and not _is_wild(record, wild, private):
                    where = f"{answer.server} ({answer.transport}) answers"
                    yield Evidence(f"{where} {record.name} {record.type} {record.data}", _seen(answer))


def _tells(record: Record, private: Private) -> bool:
    words = re.split(r"[\s\",;=()/]+", record.data)
    return any(private.named_by(word) for word in (record.name, *words))


def _wildcard(server: ServerNames, unused: str) -> frozenset[tuple[str, str]]:
    """(type, data) that the server gives for a name nobody uses: a wildcard of the zone (RFC 4592)."""
    answers = (answer for answer in server.questions if unused and plain(answer.name) == plain(unused))
    return frozenset((r.type, r.data) for answer in answers for r in answer.records if plain(r.name) == plain(unused))


def _is_wild(record: Record, wild: frozenset[tuple[str, str]], private: Private) -> bool:
    """Whether a record says no more than a wildcard says of any name: nothing of the Intranet is known by it."""
    return (record.type, record.data) in wild and not _tells(Record("", record.type, record.data), private)


def _transfers(names: NamesSighting) -> Iterator[Evidence]:
    for server in names.servers:
        for transfer in server.transfers:
            if transfer.records:
                text = f"{transfer.server} gives the whole zone {transfer.zone} to anybody ({transfer.records} records came)"
                yield Evidence(text, _seen(transfer))


def _certificates(talks: ConversationSighting, private: Private) -> Iterator[Evidence]:
    for talk in talks.conversations:
        for name in talk.tls_names:
            if private.named_by(name.removeprefix("*.")) or plain(name) in private.hosts:
                yield Evidence(f"the certificate on {talk.address} port {talk.port} names {name}", _seen(talk))


# -- doubts ------------------------------------------------------------------------------------------------------------------


def _dns_doubts(names: NamesSighting, dns: PublicDns, private: Private) -> Iterator[str]:
    asked = {(server.server, server.transport) for server in names.servers}
    for address in sorted(map(str, dns.servers)):
        if (address, "tcp") not in asked:
            yield f"{address} was not asked"
        elif (address, "udp") not in asked:
            yield f"{address} was not asked over UDP, as the public asks ({names.no_udp or 'nobody looked'})"
    for server in names.servers:
        yield from _server_doubts(server, dns, private)
    yield from _delegation_doubts(names, dns)


def _delegation_doubts(names: NamesSighting, dns: PublicDns) -> Iterator[str]:
    """Name servers that the zone itself names and that are none of the declared ones: the public asks them too."""
    records = [record for server in names.servers for answer in server.questions for record in answer.records]
    declared, matched, foreign = set(dns.servers), set[Address](), set[str]()
    for name in sorted({plain(r.data) for r in records if r.type == "NS" and plain(r.name) == plain(dns.zone)}):
        found = {_address(r.data) for r in records if plain(r.name) == name and r.type in {"A", "AAAA"}} - {None}
        matched |= declared & found
        if found and not declared & found:
            yield f"{name}, which the zone names as its server, was not asked"
        elif not found:
            foreign.add(name)
    if len(foreign) > len(declared - matched):
        yield f"{_listed(sorted(foreign))}, which the zone names as its server, is not known to have been asked"


def _server_doubts(server: ServerNames, dns: PublicDns, private: Private) -> Iterator[str]:
    where = f"{server.server} over {server.transport.upper()}"
    for answer, moment in ((server.before, "before"), (server.after, "after")):
        if not _resolves(answer, dns):
            yield f"{where} did not resolve {dns.witness_name} {moment} the questions ({_why(answer)})"
    lost = [answer for answer in server.questions if not _answered(answer, dns)]
    if lost:
        first = f"{lost[0].name} {lost[0].type} first ({_why(lost[0])})"
        yield f"{where} gave no answer to {len(lost)} of {len(server.questions)} questions, {first}"
    hearsay = [answer for answer in server.questions if _is_hearsay(answer, dns, private)]
    if hearsay:
        yield f"{where} did not answer as an authority for {hearsay[0].name} {hearsay[0].type}"
    unasked = sorted(_required(private) - {(plain(answer.name), answer.type) for answer in server.questions})
    if unasked:
        yield f"{where} was not asked for {_listed([' '.join(question) for question in unasked])}"
    if server.transport == "tcp":
        yield from _transfer_doubts(server, dns)


def _answered(answer: NameAnswer, dns: PublicDns) -> bool:
    """Whether the server said what there is: of a name in its own zones "not for you" is no such answer."""
    own = NOT_TOLD if _is_own(answer.name, dns) else frozenset()
    return not answer.unseen and answer.rcode in ANSWERED - own


def _is_own(name: str, dns: PublicDns) -> bool:
    return any(plain(name) == plain(zone) or plain(name).endswith(f".{plain(zone)}") for zone in (dns.zone, *dns.reverse_zones))


def _is_hearsay(answer: NameAnswer, dns: PublicDns, private: Private) -> bool:
    """Whether a name of the Intranet in the server's own zones was answered from elsewhere than those zones."""
    return _answered(answer, dns) and _is_own(answer.name, dns) and private.named_by(answer.name) and not answer.authoritative


def _transfer_doubts(server: ServerNames, dns: PublicDns) -> Iterator[str]:
    tried = {plain(transfer.zone): transfer for transfer in server.transfers}
    for zone in (dns.zone, *dns.reverse_zones):
        transfer = tried.get(plain(zone))
        if transfer is None:
            yield f"{server.server} was not asked for the zone {zone}"
        elif transfer.unseen or transfer.rcode not in NOT_GIVEN:
            yield f"{server.server} did not say whether it gives the zone {zone} away ({transfer.unseen or transfer.rcode})"


def _required(private: Private) -> set[tuple[str, str]]:
    forward = {(name, kind) for name in private.names for kind in TYPES}
    return forward | {(address.reverse_pointer, "PTR") for address in private.addresses}


def _certificate_doubts(talks: ConversationSighting, inventory: Inventory) -> Iterator[str]:
    for talk in talks.conversations:
        if talk.unseen:
            yield f"whether {talk.address} port {talk.port} shows a certificate was not seen ({talk.unseen})"
        elif talk.uncertified:
            yield f"the certificate that {talk.address} port {talk.port} offers was not seen ({talk.uncertified})"
    for group in talks.left_out:
        yield f"{group.reply.by} has more open ports than were talked to, so not every certificate was seen"
    for service in inventory.services:
        if service.protocol == "https" and "outside" in service.seen_from:
            shown = talks.at(str(service.address), service.port)
            if shown is None or not (shown.tls_names or shown.unseen):
                yield f"the certificate of {service.host} on {service.address} port {service.port} was not seen"


# -- what the verdict rests on -----------------------------------------------------------------------------------------------


def _witnesses(names: NamesSighting, dns: PublicDns) -> Iterator[Witness]:
    for server in names.servers:
        if _resolves(server.before, dns) and _resolves(server.after, dns):
            text = f"{server.server} resolved {dns.witness_name} over {server.transport.upper()} before and after the questions"
            yield Witness(text, (*_seen(server.before), *_seen(server.after)))


def _evidence(names: NamesSighting, talks: ConversationSighting) -> Iterator[Evidence]:
    for server in names.servers:
        items: tuple[NameAnswer | ZoneTransfer, ...] = (*server.questions, *server.transfers)
        observations = tuple(dict.fromkeys(item.observation for item in items))
        refused = f", {len(server.transfers)} zone transfers refused" if server.transfers else ""
        text = f"{server.server} over {server.transport.upper()}: {len(server.questions)} questions, none told of the Intranet"
        yield Evidence(text + refused, observations)
    shown = [talk for talk in talks.conversations if talk.tls_names]
    if shown:
        told = "; ".join(f"{talk.address} port {talk.port}: {_listed(list(talk.tls_names))}" for talk in shown)
        yield Evidence(f"names on public certificates: {told}", tuple(o for talk in shown for o in _seen(talk)))


def _resolves(answer: NameAnswer, dns: PublicDns) -> bool:
    if answer.unseen or answer.rcode != "NOERROR" or not answer.authoritative:
        return False
    return any(record.type in {"A", "AAAA"} and _address(record.data) == dns.witness_address for record in answer.records)


def _why(answer: NameAnswer) -> str:
    if answer.unseen or answer.rcode != "NOERROR":
        return answer.unseen or answer.rcode
    if not answer.authoritative:
        return "the server is no authority for it"
    return "other records: " + (_listed([record.data for record in answer.records]) or "none")


def _seen(item: NameAnswer | ZoneTransfer | Conversation) -> tuple[str, ...]:
    return (item.observation,)


def _listed(words: list[str]) -> str:
    return ", ".join(words)


def _address(word: str) -> Address | None:
    try:
        return ip_address(word)
    except ValueError:
        return None
