"""Look "inbound-udp": a question for every well-known UDP service, to every public address, from outside (9.A.2).

Silence of a UDP port says nothing by itself. So every managed firewall is watched meanwhile: what arrived there, and whether it
was let on. The public zone's name servers, asked in every round, show that both ends of the looking work.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from typing import Any

from ordinance.inventory.model import Address, Inventory
from ordinance.observe.agent.call import believable
from ordinance.observe.api import LookContext, look
from ordinance.observe.careful import reply_of
from ordinance.observe.protocols.udp_payloads import Question, dns_query, questions
from ordinance.observe.safetext import safe_line
from ordinance.observe.watching import Eyes, probe_while_watched
from ordinance.sight.crossing import Crossing, CrossingSighting

VANTAGE = "outside"
UDP = 17
DNS = 53
ROUNDS, TIMEOUT = 3, 0.7
#: Rounds while the name servers of a family have not answered: of three questions loss may have taken all.
MOST_ROUNDS = 12
#: A router that looks in vain for an address says so after three seconds.
LATE = 3.5
#: Datagrams a second where the inventory sets no pace.
RATE = 1000.0
#: Ports of no known service, chosen anew each run: a filter that lets all of UDP through is not told by known ports alone.
OTHERS, OTHER_PORTS = 4, range(1024, 61_000)
SAID = 80


@look("inbound-udp")
def inbound_udp(context: LookContext) -> CrossingSighting:
    """Ask all in one job, while the firewalls are watched."""
    inventory = context.inventory
    public = list(dict.fromkeys(address for group in inventory.public for address in group.addresses))
    admitted = [address for address in public if inventory.scope.admits(address)]
    barred = tuple(str(address) for address in public if address not in admitted)
    vantage = context.door.at(VANTAGE)
    asked = list(_asked(admitted, context))
    farewell = b"ordinance-over-%08x" % random.Random(context.seed).getrandbits(32)  # noqa: S311 - a mark, not a secret
    job = _job(asked, inventory, farewell, context)
    last, observation, eyes = probe_while_watched(
        context, vantage, job, farewell, towards=admitted,
        on_line=lambda line: context.progress(line.get("done_ports", 0), line.get("total_ports", 0), "UDP services from outside"),
    )  # fmt: skip
    with believable(observation):
        probes = tuple(
            _seen(told, *one, control=target["control"], eyes=eyes)
            for told, one, target in zip(last["targets"], asked, job["targets"], strict=True)
        )
        complete = bool(last["complete"])
    return CrossingSighting(
        vantage=VANTAGE, probes=probes, watched=tuple(eyes.watched), complete=complete, unasked=barred,
        observations=(observation, *(watched.observation for watched in eyes.watched if watched.observation)),
    )  # fmt: skip


def name_servers(inventory: Inventory) -> set[Address]:
    """List the addresses that answer DNS to everybody, as the inventory declares."""
    return {s.address for s in inventory.services if s.protocol == "dns" and s.port == DNS and "outside" in s.seen_from}


def _asked(addresses: list[Address], context: LookContext) -> Iterator[tuple[Address, Question]]:
    every = list(questions(context.profile.default_communities))
    known = {question.port for question in every}
    chance = random.Random(context.seed)  # noqa: S311 - ports must be unlikely to be in use, not secret
    others = chance.sample([port for port in OTHER_PORTS if port not in known and not 9100 <= port <= 9107], OTHERS)  # noqa: PLR2004
    every += [Question(port, "no known service", b"\r\n", mute=True) for port in others]
    servers = name_servers(context.inventory)
    zone = context.inventory.public_dns.zone if context.inventory.public_dns else ""
    for address in addresses:
        for question in every:
            if question.port == DNS and address in servers and zone:
                yield address, Question(DNS, "DNS", dns_query(zone.encode("idna"), 6))  # SOA: its own servers answer
            else:
                yield address, question


def _job(asked: list[tuple[Address, Question]], inventory: Inventory, farewell: bytes, context: LookContext) -> dict[str, Any]:
    servers = name_servers(inventory)
    targets = [
        {
            "address": str(address), "port": question.port, "payload_b64": base64.b64encode(question.payload).decode(),
            "control": question.port == DNS and address in servers,
        }
        for address, question in asked
    ]  # fmt: skip
    pace = inventory.pace
    rate = min([RATE, *([float(pace.total)] if pace.total else [])])
    slowest = min([rate, *([float(pace.per_host) * max(1, len({a for a, _ in asked}))] if pace.per_host else [])])
    job = {
        "job": "datagrams", "targets": targets, "rounds": ROUNDS, "most_rounds": MOST_ROUNDS, "timeout": TIMEOUT, "late": LATE,
        "rate": rate, "per_host": pace.per_host, "seconds": 30.0 + 1.5 * MOST_ROUNDS * (TIMEOUT + len(targets) / slowest) + LATE,
        "seed": context.seed,
    }  # fmt: skip
    last = next((target for target in targets if target["control"]), None)
    if last is not None:
        job["farewell"] = {**last, "payload_b64": base64.b64encode(dns_query(farewell + b".invalid", 1)).decode()}
    return job


def _seen(told: dict[str, Any], address: Address, question: Question, *, control: bool, eyes: Eyes) -> Crossing:
    own, port = told["own_port"], question.port
    arrived, left = eyes.of((UDP, str(address), own))
    return Crossing(
        address=str(address), what=question.service, port=port, sent=told["sent"], silent=told["silent"],
        replies=tuple(reply_of(reply) for reply in told["replies"]), said=safe_line(base64.b64decode(told["said_b64"]), cap=SAID),
        control=control, mute=question.mute, arrived=arrived, left=left, flows=int((UDP, str(address), port, own) in eyes.flows),
    )  # fmt: skip
