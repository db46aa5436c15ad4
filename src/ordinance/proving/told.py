"""Verdicts and differences as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from ordinance.proof import fields, wording
from ordinance.proof.diff import Difference
from ordinance.proof.groups import Acceptor, Group
from ordinance.proof.policy import Policy
from ordinance.proof.space import Point
from ordinance.proof.verdict import CannotProve, Counterexample, Proved, Verdict, Violation

#: Regions of a group that the text tells; the JSON has more.
MOST_TOLD = 20


def verdict_lines(source: str, verdict: Verdict, policy: Policy) -> Iterator[str]:
    """Yield a verdict as lines."""
    name = wording.plain(source)
    if isinstance(verdict, Proved):
        yield f"{name}: proved: {verdict.told}"
    elif isinstance(verdict, Violation):
        yield f"{name}: violation: {verdict.counterexample.sentence}; {policy.rule}"
        yield from _group_lines("all packets outside the policy that pass", verdict.groups)
    else:
        yield f"{name}: cannot prove: {verdict.reasons[0]}"
        yield from (f"  also: {reason}" for reason in verdict.reasons[1:])
        yield from _group_lines("all packets outside the policy that may pass", verdict.groups)
    yield from (f"  taken for granted: {reading}" for reading in verdict.readings)
    if isinstance(verdict, Proved):
        yield from (f"  note: {wording.plain(note)}" for note in verdict.notes)


def difference_lines(found: Difference) -> Iterator[str]:
    """Yield a difference as lines."""
    if not found.changes and not found.rewrites and not found.doubts:
        yield "the rulesets do the same to every packet"
    for change in found.changes:
        yield f"{change.kind}: {change.sentence}"
        yield from _group_lines(f"all that {change.kind.replace('passes', 'pass')} ({change.hook})", change.groups)
    yield from found.rewrites
    yield from (f"cannot tell: {doubt}" for doubt in found.doubts)


def _group_lines(title: str, groups: Sequence[Group]) -> Iterator[str]:
    if groups:
        yield f"  {title}:"
    for group in groups:
        nobody = "more rules, not told one by one" if group.others else "no chain decides"
        yield f"    {' and '.join(map(str, group.by)) or nobody}"
        yield from (f"      {region}" for region in group.regions[:MOST_TOLD])
        more = group.more + max(0, len(group.regions) - MOST_TOLD)
        if more:
            yield f"      and {more} more regions"


def verdict_json(source: str, verdict: Verdict, policy: Policy) -> str:
    """Return a verdict as a JSON document."""
    name = {Proved: "proved", Violation: "violation", CannotProve: "cannot-prove"}[type(verdict)]
    document: dict[str, Any] = {"ruleset": source, "verdict": name, "rule": policy.rule, "readings": verdict.readings}
    if isinstance(verdict, Proved):
        document |= {"sentence": verdict.told, "notes": verdict.notes}
    else:
        shown = verdict.counterexample
        document |= {"counterexample": _example(shown) if shown else None, "groups": [_group(one) for one in verdict.groups]}
    if isinstance(verdict, CannotProve):
        document["reasons"] = verdict.reasons
    return json.dumps(document, indent=2)


def difference_json(old: str, new: str, found: Difference) -> str:
    """Return a difference as a JSON document."""
    changes = [
        {"kind": one.kind, "hook": one.hook, "sentence": one.sentence, "groups": [_group(group) for group in one.groups]}
        for one in found.changes
    ]
    document = {"old": old, "new": new, "changes": changes, "rewrites": found.rewrites, "cannot_tell": found.doubts}
    return json.dumps(document, indent=2)


def _group(group: Group) -> dict[str, Any]:
    return {
        "by": [_acceptor(one) for one in group.by],
        "regions": group.regions,
        "more_regions": group.more,
        "more_rules": group.others,
    }


def _acceptor(one: Acceptor) -> dict[str, Any]:
    if one.rule is None:
        return {"chain": one.chain, "policy": True}
    where = one.rule.where
    return {"chain": one.chain, "rule": one.rule.text, "file": where.file, "line": where.line, "handle": where.handle}


def _example(shown: Counterexample) -> dict[str, Any]:
    by = [_acceptor(one) for one in shown.by]
    found = {"sentence": shown.sentence, "hook": shown.hook, "by": by, "packet": _packet(shown.original)}
    return found if shown.original == shown.packet else {**found, "arrives_as": _packet(shown.packet)}


def _packet(point: Point) -> dict[str, Any]:
    """Return a packet's fields as a person or a sender of packets reads them."""
    family = point["family"]
    found: dict[str, Any] = {
        "family": "ipv4" if family == fields.IPV4 else "ipv6",
        "source": str(fields.address_of(point["saddr"], family)),
        "destination": str(fields.address_of(point["daddr"], family)),
        "protocol": point["l4proto"],
        "in": fields.interface_name(point["iif"]),
        "out": fields.interface_name(point["oif"]),
        "state": wording.state(point),
        "fragment_offset": (point["fragoff"] & 0x1FFF) * 8,
        "second_of_day": point["second"],
        "day_of_week": point["day"],
    }
    if point["l4proto"] in (fields.ICMP, fields.ICMPV6):
        return found | {"type": point["sport"] >> 8, "code": point["sport"] & 0xFF}
    if point["thdr"]:
        found |= {"source_port": point["sport"], "destination_port": point["dport"], "tcp_flags": point["flags"]}
    return found
