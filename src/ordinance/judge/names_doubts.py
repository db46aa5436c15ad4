"""What keeps public DNS and public certificates from being known not to name the Intranet server (9.A.3)."""

from __future__ import annotations

from collections.abc import Iterator

from ordinance.inventory.model import Address, Inventory, PublicDns
from ordinance.judge.names_private import Private, address_of, plain
from ordinance.sight.names import NameAnswer, NamesSighting, ServerNames
from ordinance.sight.perimeter import ConversationSighting

#: Answers that say: there is nothing of that name, or nothing for you.
ANSWERED = frozenset({"NOERROR", "NXDOMAIN", "REFUSED", "NOTAUTH"})
#: Of these, the ones that say nothing about whether the name is there.
NOT_TOLD = frozenset({"REFUSED", "NOTAUTH"})
#: A transfer was not given. Hanging up without a word is none of these: nobody knows why.
NOT_GIVEN = frozenset({"NOERROR", "REFUSED", "NOTAUTH", "NOTIMP", "FORMERR", "NXDOMAIN"})
#: What must have been asked about every name of the Intranet server.
TYPES = ("A", "AAAA", "CNAME")


def dns_doubts(names: NamesSighting, dns: PublicDns, private: Private) -> Iterator[str]:
    """Say which server was not asked everything, or did not answer as the authority it is declared to be."""
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
        found = {
            address for r in records if plain(r.name) == name and r.type in {"A", "AAAA"} and (address := address_of(r.data))
        }
        matched |= declared & found
        for missing in sorted(map(str, found - declared)):
            yield f"{name} at {missing}, which the zone names as its server, was not asked"
        if not found:
            foreign.add(name)
    if len(foreign) > len(declared - matched):
        yield f"{', '.join(sorted(foreign))}, which the zone names as its server, is not known to have been asked"


def _server_doubts(server: ServerNames, dns: PublicDns, private: Private) -> Iterator[str]:
    where = f"{server.server} over {server.transport.upper()}"
    for answer, moment in ((server.before, "before"), (server.after, "after")):
        if not resolves(answer, dns):
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
        yield f"{where} was not asked for {', '.join([' '.join(question) for question in unasked])}"
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


def certificate_doubts(talks: ConversationSighting, inventory: Inventory) -> Iterator[str]:
    """Say which certificates were not seen."""
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


def resolves(answer: NameAnswer, dns: PublicDns) -> bool:
    """Whether this is the known answer to the witness question, from an authority."""
    if answer.unseen or answer.rcode != "NOERROR" or not answer.authoritative:
        return False
    return any(record.type in {"A", "AAAA"} and address_of(record.data) == dns.witness_address for record in answer.records)


def _why(answer: NameAnswer) -> str:
    if answer.unseen or answer.rcode != "NOERROR":
        return answer.unseen or answer.rcode
    if not answer.authoritative:
        return "the server is no authority for it"
    return "other records: " + (", ".join([record.data for record in answer.records]) or "none")
