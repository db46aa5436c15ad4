"""Look "counterexamples": a packet that a ruleset lets through beyond the policy is really sent, from a vantage that can (9.A.2).

What to send is worked out from the ruleset that was read; what it means is judged elsewhere, from the same ruleset. Nothing is
sent where no ruleset lets anything through, and what could not be sent is a value with its reason.
"""

from __future__ import annotations

import base64
import random
from datetime import date, datetime
from ipaddress import ip_address
from typing import Any
from zoneinfo import ZoneInfo

from ordinance.allowed.policy import inbound_policy, unplaced
from ordinance.errors import DataError
from ordinance.inventory.model import Address, Host, Inventory
from ordinance.observe.agent.call import believable, run_job
from ordinance.observe.api import CouldNotLook, Deadline, LookContext, Unseen, VantagePoint, look
from ordinance.observe.careful import Ask, ask_with_care, control_for
from ordinance.observe.protocols.udp_payloads import questions
from ordinance.observe.scope_guard import MUTE_PORTS
from ordinance.proof.fields import Range
from ordinance.proof.gate import differences
from ordinance.proof.policy import Policy
from ordinance.proof.read.nft import read_nft
from ordinance.proof.sendable import Breach, Sendable, Sender, Way, sendable
from ordinance.proof.space import NONE
from ordinance.proof.verdict import Violation, prove, violating
from ordinance.proof.walk import HOOKS, Walk
from ordinance.sight.counterexamples import CounterexampleSighting, SentPacket
from ordinance.sight.rulesets import FirewallRules, Listing, RulesetSighting

VANTAGE = "outside"
SECONDS = 20.0
#: The firewall's own day of the week, hour, minute and second, in the zone that it lists its rules in.
CLOCK = ("date", "+%w %H %M %S")
AHEAD = 120  #: seconds that the sending may take
DAY = 86_400
DECOYS = range(20_000, 60_000)


@look("counterexamples")
def counterexamples(context: LookContext) -> CounterexampleSighting:
    """Send one packet, with care, for each firewall whose ruleset lets packets through beyond the policy."""
    try:
        seen: RulesetSighting = context.sight("rulesets")
    except CouldNotLook as missed:
        if missed.reason is Unseen.HALTED:
            raise
        return CounterexampleSighting(vantage=VANTAGE, unseen=f"the rulesets were not read: {missed}")
    hosts = context.inventory.with_role("firewalls")
    sent = [_through(context, host, rules) for host in hosts if (rules := seen.of(host.name)) is not None]
    return CounterexampleSighting(vantage=VANTAGE, packets=tuple(packet for packet in sent if packet is not None))


def _through(context: LookContext, host: Host, seen: FirewallRules) -> SentPacket | None:
    """Send what one ruleset lets through; None when that is nothing, or is not known."""
    policy = inbound_policy(seen, host, context.inventory, context.profile, _today(context))
    breaches = _breaches(seen, host, policy)
    if not breaches:
        return None
    try:
        vantage = context.door.at(VANTAGE)
        found = sendable(breaches, policy, _sender(context, vantage, host))
        return SentPacket(host=host.name, unsent=found) if isinstance(found, str) else _sent(context, vantage, host, found)
    except CouldNotLook as missed:
        if missed.reason is Unseen.HALTED:
            raise
        return SentPacket(host=host.name, unsent=str(missed))


def _today(context: LookContext) -> date:
    return datetime.fromtimestamp(context.clock(), ZoneInfo(context.inventory.timezone)).date()


def _breaches(seen: FirewallRules, host: Host, policy: Policy) -> list[Breach]:
    """Return what a ruleset certainly lets through beyond the policy, the hook of the proof's own counterexample first."""
    if seen.running is None or unplaced(seen, host):
        return []
    try:
        return _proved(seen, seen.running, policy)
    except DataError:
        return []  # a listing that cannot be read names no packet


def _proved(seen: FirewallRules, running: Listing, policy: Policy) -> list[Breach]:
    ruleset = read_nft(running.text, f"ruleset of {seen.host}")
    walk = Walk([ruleset])
    outcomes = [walk.path(ruleset, hook) for hook in HOOKS]
    answer = prove(outcomes, policy, differences(running.program, running.reloaded))
    if not isinstance(answer, Violation):
        return []
    here = tuple(_addresses(seen))
    found = [Breach(outcome, violating(outcome, policy), here) for outcome in outcomes]
    shown = answer.counterexample.hook
    return sorted((breach for breach in found if breach.packets != NONE), key=lambda breach: breach.outcome.hook != shown)


def _addresses(seen: FirewallRules) -> list[Address]:
    found = []
    for text in (text for device in seen.devices for text in device.addresses):
        try:
            found.append(ip_address(text))
        except ValueError:
            continue  # what is no address is nobody's
    return found


def _sender(context: LookContext, vantage: VantagePoint, host: Host) -> Sender:
    """Ask the vantage for its own address on every way, and the firewall for its time. Raises CouldNotLook."""
    targets = {str(address): address for address in _targets(context.inventory)}
    job = {"job": "own", "addresses": list(targets)}
    last, observation = run_job(vantage, job, Deadline.after(SECONDS), lambda _: None)
    with believable(observation):
        own = {text: bytes.fromhex(last["own"][text]) for text in targets}
        ways = tuple(Way(ip_address(packed), targets[text]) for text, packed in own.items() if packed)
    return Sender(f"the vantage {VANTAGE}", ways, tuple(sorted(MUTE_PORTS)), _now(context, host))


def _targets(inventory: Inventory) -> list[Address]:
    """List the addresses that may be sent to: those the inventory names, within its scope."""
    public = [address for group in inventory.public for address in group.addresses]
    own = [address for host in inventory.hosts.values() for address in (*host.addresses, *host.outer_addresses)]
    return [address for address in dict.fromkeys((*public, *own)) if inventory.scope.admits(address)]


def _now(context: LookContext, host: Host) -> dict[str, tuple[Range, ...]] | None:
    """Return the moments that the sending falls into; None when the firewall does not tell the time."""
    try:
        said = context.door.host(host.name).run(CLOCK, Deadline.after(SECONDS))
        day, hours, minutes, seconds = map(int, said.stdout.split())
    except (CouldNotLook, ValueError) as missed:
        if isinstance(missed, CouldNotLook) and missed.reason is Unseen.HALTED:
            raise
        return None
    first = hours * 3600 + minutes * 60 + seconds
    if not (first < DAY and 0 <= day < 7) or first + AHEAD >= DAY:  # noqa: PLR2004 - days of a week
        return None  # across midnight: only what passes at any time is sent
    return {"second": ((first, first + AHEAD),), "day": ((day, day),)}


def _sent(context: LookContext, vantage: VantagePoint, host: Host, packet: Sendable) -> SentPacket:
    context.progress(0, 1, f"sending what {host.name} lets through")
    ports, decoys = [_spec(context, packet.protocol, packet.port)], [_spec(context, packet.protocol, _decoy(context, packet))]
    ask = Ask(packet.target, ports, control_for(packet.target, context.inventory), decoys)
    (careful,) = ask_with_care(context, vantage, [ask], context.seed)
    return SentPacket(host=host.name, source=str(packet.own), careful=careful)


def _spec(context: LookContext, protocol: str, port: int) -> dict[str, Any]:
    """Describe a probe; a datagram holds the question of its port's usual service, else an empty line."""
    spec: dict[str, Any] = {"transport": protocol, "port": port}
    if protocol == "udp":
        every = questions(context.profile.default_communities)
        payload = next((question.payload for question in every if question.port == port), b"\r\n")
        spec["payload_b64"] = base64.b64encode(payload).decode()
    return spec


def _decoy(context: LookContext, packet: Sendable) -> int:
    used = {service.port for service in context.inventory.services_at(packet.target)} | {packet.port}
    chance = random.Random(context.seed)  # noqa: S311 - a decoy must be unlikely to be in use, not secret
    return chance.choice([port for port in DECOYS if port not in used])
