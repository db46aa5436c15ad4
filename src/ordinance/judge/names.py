"""9.A.3: public DNS does not name the Intranet server, gives no zone away, and no public certificate carries its name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ordinance.inventory.model import Inventory, PublicDns
from ordinance.judge.names_doubts import certificate_doubts, dns_doubts, resolves
from ordinance.judge.names_private import Private, plain
from ordinance.judge.rotation import whole
from ordinance.judge.sweeping import sweep_doubts
from ordinance.judge.verdict import Compliant, Evidence, Unproven, Verdict, Violated, Witness
from ordinance.law.model import Profile
from ordinance.sight.names import NameAnswer, NamesSighting, Record, ServerNames, ZoneTransfer
from ordinance.sight.perimeter import Conversation, ConversationSighting, SweepSighting

RULE = "9.A.3: the Intranet server is for inside"


def not_named(
    target: str,
    names: NamesSighting,
    sweep: SweepSighting,
    talks: ConversationSighting,
    *,
    inventory: Inventory,
    profile: Profile,
) -> Verdict:
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
    sweep = whole(sweep, inventory, profile)
    unswept = (doubt for group in inventory.public for doubt in sweep_doubts(group, sweep, profile))  # who shows a certificate
    doubts = tuple(dict.fromkeys((*dns_doubts(names, dns, private), *certificate_doubts(talks, inventory), *unswept)))
    if doubts:
        return Unproven(f"{target}: {'; '.join(doubts)}", witnesses=witnesses)
    evidence = tuple(_evidence(names, talks))
    return Compliant(f"public DNS and public certificates name {', '.join(sorted(private.names))} nowhere", evidence, witnesses)


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


# -- what the verdict rests on -----------------------------------------------------------------------------------------------


def _witnesses(names: NamesSighting, dns: PublicDns) -> Iterator[Witness]:
    for server in names.servers:
        if resolves(server.before, dns) and resolves(server.after, dns):
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
        told = "; ".join(f"{talk.address} port {talk.port}: {', '.join(list(talk.tls_names))}" for talk in shown)
        yield Evidence(f"names on public certificates: {told}", tuple(o for talk in shown for o in _seen(talk)))


def _seen(item: NameAnswer | ZoneTransfer | Conversation) -> tuple[str, ...]:
    return (item.observation,)
