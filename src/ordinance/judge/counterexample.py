"""What came back when a ruleset's counterexample was really sent: it stands beside the verdict, and never changes it."""

from __future__ import annotations

from dataclasses import replace

from ordinance.inventory.model import Inventory
from ordinance.judge.attribution import Where, attribute
from ordinance.judge.verdict import Evidence, Verdict, Violated
from ordinance.sight.counterexamples import CounterexampleSighting, SentPacket
from ordinance.sight.perimeter import Answer, CarefulAddress, CarefulPort, Reply


def beside(verdict: Verdict, target: str, sighting: CounterexampleSighting | None, inventory: Inventory, rule: str) -> Verdict:
    """Put what came back before the rule in the reason of a violation, and among its evidence; others stay as they are.

    `sighting`: None where nobody was to send anything.
    """
    if not isinstance(verdict, Violated) or sighting is None:
        return verdict
    sent = sighting.of(target)
    text = told(sent, sighting, inventory)
    seen = (sent.careful.observation,) if sent and sent.careful else verdict.evidence[0].observations
    first, *others = verdict.evidence
    reason = f"{verdict.reason.removesuffix(rule)}{text}; {rule}"
    return replace(verdict, reason=reason, evidence=(first, Evidence(text, seen), *others))


def told(sent: SentPacket | None, sighting: CounterexampleSighting, inventory: Inventory) -> str:
    """Say what came back, or why nothing was sent."""
    if sent is None or sent.careful is None or not sent.careful.ports:
        return f"not sent: {(sent.unsent if sent else sighting.unseen) or 'nobody tried'}"
    careful, (port, *_) = sent.careful, sent.careful.ports
    where = f"from {sighting.vantage} ({sent.source}) to {careful.address} {port.transport} port {port.port}"
    return f"sent {where}: {_came_back(port, careful, inventory)}"


def _came_back(port: CarefulPort, careful: CarefulAddress, inventory: Inventory) -> str:
    if any(reply.answer is Answer.OPEN for reply in port.replies):
        return "open" if port.transport == "tcp" else "answered"
    if port.replies:
        return "; ".join(dict.fromkeys(_refusal(reply, careful, inventory) for reply in port.replies))
    return f"no answer in {port.sent} tries{_control(careful)}"


def _refusal(reply: Reply, careful: CarefulAddress, inventory: Inventory) -> str:
    found = attribute(reply, careful.address, careful.control_hops, inventory)
    return f"{found.how}, so it crossed" if found.where is Where.CROSSED else found.how


def _control(careful: CarefulAddress) -> str:
    """Say what a declared service did meanwhile: whether the silence means anything."""
    if not careful.control_address:
        return ""
    did = f"answered {careful.control_answered} of {careful.control_sent}"
    return f", while port {careful.control_port} of {careful.control_address} {did}"
