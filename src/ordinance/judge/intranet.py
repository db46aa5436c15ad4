"""9.A.3: no port of the Intranet server answers from outside, while staff reach it from inside.

A refusal that came from behind the firewall crossed it. Hops tell: a public host behind the firewall (a canary of the sweep) is
as near as anything behind it can be.
"""

from __future__ import annotations

from collections.abc import Iterator

from ordinance.inventory.model import IntranetSite, Inventory
from ordinance.judge.coverage import sweep_doubts, sweep_witnesses, talk_doubts
from ordinance.judge.verdict import Compliant, Evidence, Unproven, Verdict, Violated, Witness
from ordinance.law.model import Profile
from ordinance.sight.intranet import IntranetSighting
from ordinance.sight.perimeter import AddressSweep, Answer, ConversationSighting, PortAnswer, SweepSighting, family
from ordinance.sight.ports import said

RULE = "9.A.3: the Intranet server is for inside alone"


def not_reachable(
    target: str,
    sweep: SweepSighting,
    talks: ConversationSighting,
    inside: IntranetSighting,
    *,
    inventory: Inventory,
    profile: Profile,
) -> Verdict:
    """Judge the Intranet server on host `target`."""
    sites = [site for site in inventory.intranet if site.host == target]
    if not sites or not all(site.addresses and site.canary for site in sites):
        return Unproven(f"{target}: the inventory declares no address and canary text of this Intranet server")
    breaches = [breach for site in sites for breach in (*_swept(site, sweep), *_shown(site, talks))]
    witnesses = tuple(witness for site in sites for witness in _from_inside(site, inside))
    if breaches:
        told = "; ".join(evidence.text for _, evidence in breaches)
        parts = tuple(dict.fromkeys(part for part, _ in breaches))
        return Violated(f"{target}: {told}; {RULE}", tuple(evidence for _, evidence in breaches), witnesses, parts)
    addresses = [str(address) for site in sites for address in site.addresses]
    doubts = [doubt for site in sites for doubt in (*_inside_doubts(site, inside), *_refusal_doubts(site, sweep, inventory))]
    doubts += [*sweep_doubts(addresses, sweep, profile), *talk_doubts(talks)]
    if doubts:
        return Unproven(f"{target}: {'; '.join(dict.fromkeys(doubts))}", witnesses=witnesses)
    evidence = tuple(_evidence(addresses, sweep, talks))
    reason = f"no port of {target} answers from outside, nor does any public port show its pages"
    return Compliant(reason, evidence, (*witnesses, *sweep_witnesses(addresses, sweep)))


def _swept(site: IntranetSite, sweep: SweepSighting) -> Iterator[tuple[str, Evidence]]:
    for address in site.addresses:
        seen = sweep.of(str(address))
        for group in seen.answers if seen else ():
            verb = _crossing(group, str(address), sweep)
            if verb:
                ports = f"{address} port {said(group.ports)}"
                yield f"{address}:{said(group.ports)}/tcp", Evidence(f"{ports} {verb} from outside", sweep.observations)


def _crossing(group: PortAnswer, address: str, sweep: SweepSighting) -> str:
    """In words how an answer shows that a packet reached the Intranet server; "" when it does not."""
    reply = group.reply
    if reply.answer is Answer.OPEN:
        return "answers"
    if reply.answer is Answer.RST and _from_behind(group, address, sweep):
        return "is let through and refused by the server itself"
    if reply.answer is Answer.ICMP and reply.by == address:
        return "is let through and refused by the server itself (ICMP)"
    return ""


def _from_behind(group: PortAnswer, address: str, sweep: SweepSighting) -> bool | None:
    """Whether resets came from behind the firewall; None when their hops do not tell."""
    behind = [c.hops for c in sweep.certificate.canaries if c.hops is not None and family(c.address) == family(address)]
    hops = [group.reply.hops, *_looked_again(group, address, sweep)]
    known = [number for number in hops if number is not None]
    return max(known) >= min(behind) if known and behind else None


def _looked_again(group: PortAnswer, address: str, sweep: SweepSighting) -> Iterator[int | None]:
    """Hops of the resets that came when the ports of the group were asked again with care."""
    for careful in sweep.careful:
        for port in careful.ports if careful.address == address else ():
            if any(first <= port.port <= last for first, last in group.ports):
                yield from (reply.hops for reply in port.replies if reply.answer is Answer.RST)


def _shown(site: IntranetSite, talks: ConversationSighting) -> Iterator[tuple[str, Evidence]]:
    for talk in talks.conversations:
        if site.canary in talk.canaries:
            text = f"{talk.address} port {talk.port} shows the Intranet's page to the outside"
            yield f"{talk.address}:{talk.port}/tcp", Evidence(text, (talk.observation,))


def _refusal_doubts(site: IntranetSite, sweep: SweepSighting, inventory: Inventory) -> Iterator[str]:
    firewalls = {str(a) for host in inventory.with_role("firewalls") for a in (*host.outer_addresses, *host.addresses)}
    for address in site.addresses:
        seen = sweep.of(str(address))
        for group in seen.of(Answer.RST, Answer.ICMP) if seen else ():
            if doubt := _doubt(group, str(address), sweep, firewalls):
                yield f"{address} port {said(group.ports)} {doubt}"


def _doubt(group: PortAnswer, address: str, sweep: SweepSighting, firewalls: set[str]) -> str:
    reply = group.reply
    if reply.answer is Answer.RST:
        return "was refused, and who refused it was not seen" if _from_behind(group, address, sweep) is None else ""
    return "" if reply.by in firewalls else f"was refused by {reply.by or 'somebody'}, who is no firewall of the city"


def _inside_doubts(site: IntranetSite, inside: IntranetSighting) -> Iterator[str]:
    for address in site.addresses:
        for after, moment in ((False, "before"), (True, "after")):
            pages = inside.of(str(address), after_sweep=after)
            if not any(page.canary for page in pages):
                why = "; ".join(f"{page.vantage}: {page.unseen or f'status {page.status}, another page'}" for page in pages)
                yield f"{address} did not show its page inside {moment} the sweep ({why or 'nobody asked'})"


def _from_inside(site: IntranetSite, inside: IntranetSighting) -> Iterator[Witness]:
    for address in site.addresses:
        before, after = (inside.of(str(address), after_sweep=moment) for moment in (False, True))
        pages = [page for page in (*before, *after) if page.canary]
        if any(page.canary for page in before) and any(page.canary for page in after):
            observations = tuple(page.observation for page in pages)
            yield Witness(f"{address} showed its page inside before and after the sweep", observations)


def _evidence(addresses: list[str], sweep: SweepSighting, talks: ConversationSighting) -> Iterator[Evidence]:
    for address in addresses:
        seen = sweep.of(address)
        if seen is not None:
            yield Evidence(f"{address} from outside: {_told(seen)}", sweep.observations)
    if talks.conversations:
        observations = tuple(dict.fromkeys(talk.observation for talk in talks.conversations))
        yield Evidence(f"the canary text is on none of {len(observations)} public ports that were talked to", observations)


def _told(seen: AddressSweep) -> str:
    return ", ".join(f"{said(group.ports)} {group.reply.answer.value}" for group in seen.answers)
