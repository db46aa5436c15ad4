"""9.A.3: no port of the Intranet server answers from outside, while staff reach it from inside.

A refusal that came from behind the firewall crossed it. Hops tell: a public host behind the firewall (a canary of the sweep) is
as near as anything behind it can be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ordinance.inventory.model import IntranetSite, Inventory
from ordinance.judge.attribution import Attribution, Where, attribute, holder, nobody_home, nobody_home_proven, place
from ordinance.judge.confirming import opened
from ordinance.judge.coverage import canaries, inside_sweep_doubts, inside_sweep_witnesses, talk_doubts
from ordinance.judge.rotation import whole
from ordinance.judge.verdict import Compliant, Evidence, Unproven, Verdict, Violated, Witness
from ordinance.law.model import Profile
from ordinance.sight.intranet import IntranetSighting
from ordinance.sight.perimeter import (
    AddressSweep,
    Answer,
    CarefulAddress,
    CarefulPort,
    ConversationSighting,
    PortAnswer,
    Reply,
    SweepSighting,
    family,
)
from ordinance.sight.ports import Range, each, ranges, said

RULE = "9.A.3: the Intranet server is for inside alone"
#: An address, its ports that answered alike, and where the packets to them ended.
Attributed = tuple[str, tuple[Range, ...], Attribution]


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
    sweep = whole(sweep, inventory, profile)
    breaches = [
        breach
        for site in sites
        for breach in (*_swept(_attributed(site, sweep, talks, inventory, profile), sweep), *_shown(site, talks))
    ]
    witnesses = tuple(witness for site in sites for witness in _from_inside(site, inside))
    if breaches:
        told = "; ".join(evidence.text for _, evidence in breaches)
        parts = tuple(dict.fromkeys(part for part, _ in breaches))
        return Violated(f"{target}: {told}; {RULE}", tuple(evidence for _, evidence in breaches), witnesses, parts)
    addresses = [str(address) for site in sites for address in site.addresses]
    doubts = [
        doubt
        for site in sites
        for doubt in (*_inside_doubts(site, inside), *_refusal_doubts(_attributed(site, sweep, talks, inventory, profile)))
    ]
    doubts += [
        *inside_sweep_doubts(addresses, sweep, profile),
        *talk_doubts(talks, sweep),
        *_cut_doubts(talks),
        *_address_doubts(sites, inventory),
    ]
    if doubts:
        return Unproven(f"{target}: {'; '.join(dict.fromkeys(doubts))}", witnesses=witnesses)
    evidence = tuple(_evidence(addresses, sweep, talks))
    reason = f"no port of {target} answers from outside, nor does any public port show its pages"
    return Compliant(reason, evidence, (*witnesses, *inside_sweep_witnesses(addresses, sweep)))


def _swept(answers: Iterable[Attributed], sweep: SweepSighting) -> Iterator[tuple[str, Evidence]]:
    for address, ports, found in answers:
        if found.where is Where.CROSSED:
            text = f"{address} port {said(ports)} is let through from outside: {found.how}"
            yield _part(address, ports), Evidence(text, sweep.observations)


def _refusal_doubts(answers: Iterable[Attributed]) -> Iterator[str]:
    for address, ports, found in answers:
        if found.where is Where.UNKNOWN:
            yield f"{address} port {said(ports)}: {found.how}"


def _attributed(
    site: IntranetSite, sweep: SweepSighting, talks: ConversationSighting, inventory: Inventory, profile: Profile
) -> Iterator[Attributed]:
    """Say of every answer from an inside address how far the packet came."""
    for address in map(str, site.addresses):
        nearest = min((c.hops for c in canaries(family(address), sweep) if c.hops is not None), default=None)
        seen = sweep.of(address)
        held = opened(address, sweep, talks)
        if held.confirmed:
            yield address, ranges(held.confirmed), attribute(Reply(answer=Answer.OPEN), address, nearest, inventory)
        yield from ((address, ranges(ports), Attribution(Where.UNKNOWN, why)) for why, ports in held.others.items())
        for group in seen.of(Answer.RST, Answer.ICMP, Answer.MUTE) if seen else ():
            for ports, reply in _replies(group, address, sweep):
                found = _where(reply, address, nearest, inventory)
                if found.where is Where.CROSSED and nobody_home(reply, address):
                    found = _nobody(found, group, address, sweep, profile)
                yield address, ports, found


def _replies(group: PortAnswer, address: str, sweep: SweepSighting) -> Iterator[tuple[tuple[Range, ...], Reply]]:
    """Replies and the ports they speak for: where the sweep knows no hops, those that came when a port was asked with care."""
    again: dict[int, list[Reply]] = {}
    for _, port in _careful_ports(group, address, sweep) if group.reply.answer is Answer.RST and group.reply.hops is None else ():
        again.setdefault(port.port, []).extend(reply for reply in port.replies if reply.answer is Answer.RST)
    rest = ranges(port for port in each(group.ports) if not again.get(port))
    if rest:
        yield rest, group.reply
    yield from ((((port, port),), reply) for port, replies in again.items() for reply in replies)


def _nobody(found: Attribution, group: PortAnswer, address: str, sweep: SweepSighting, profile: Profile) -> Attribution:
    """Read a router's "nobody there" about the server, which answers inside: a port let through, or how all are refused."""
    for careful, port in _careful_ports(group, address, sweep):
        if nobody_home_proven(careful, port, profile.miss_bound):
            return found
        if any(nobody_home(reply, address) for decoy in careful.decoys for reply in decoy.replies):
            return Attribution(Where.STOPPED, f"refused as a port is that nobody uses: {found.how}")
    return Attribution(Where.UNKNOWN, f"{found.how}; not shown that other ports are refused otherwise")


def _careful_ports(group: PortAnswer, address: str, sweep: SweepSighting) -> Iterator[tuple[CarefulAddress, CarefulPort]]:
    """Find the ports of the group that were asked again with care."""
    for careful in sweep.careful:
        if careful.address == address:
            inside = (port for port in careful.ports if any(first <= port.port <= last for first, last in group.ports))
            yield from ((careful, port) for port in inside)


def _where(reply: Reply, address: str, nearest: int | None, inventory: Inventory) -> Attribution:
    """Attribute a reply. A stranger's ICMP error ("no route to that network") says that the packet never came to the city."""
    if reply.answer is Answer.ICMP and reply.by and reply.by != address and holder(reply.by, inventory) is None:
        return Attribution(Where.UNKNOWN, f"{reply.by}, which is no host of the city, refused it on the way there")
    return attribute(reply, address, nearest, inventory)


def _part(address: str, ports: tuple[Range, ...]) -> str:
    (first, last), *more = ports
    return place(address, first) if first == last and not more else f"{address} {said(ports)}/tcp"


def _shown(site: IntranetSite, talks: ConversationSighting) -> Iterator[tuple[str, Evidence]]:
    for talk in talks.conversations:
        if site.canary in talk.canaries:
            text = f"{talk.address} port {talk.port} shows the Intranet's page to the outside"
            yield place(talk.address, talk.port), Evidence(text, (talk.observation,))


def _inside_doubts(site: IntranetSite, inside: IntranetSighting) -> Iterator[str]:
    for address in site.addresses:
        for after, moment in ((False, "before"), (True, "after")):
            pages = inside.of(str(address), after_sweep=after)
            if not any(page.canary for page in pages):
                why = "; ".join(f"{page.vantage}: {page.unseen or f'status {page.status}, another page'}" for page in pages)
                yield f"{address} did not show its page inside {moment} the sweep ({why or 'nobody asked'})"


def _cut_doubts(talks: ConversationSighting) -> Iterator[str]:
    for talk in talks.conversations:
        if talk.cut:
            yield f"whether {talk.address} port {talk.port} shows the Intranet's page was not seen ({talk.cut})"


def _address_doubts(sites: list[IntranetSite], inventory: Inventory) -> Iterator[str]:
    """Addresses of the host that its sites leave out: nobody looked at them."""
    declared = {address for site in sites for address in site.addresses}
    for host in dict.fromkeys(site.host for site in sites):
        for address in inventory.hosts[host].addresses if host in inventory.hosts else ():
            if address not in declared:
                yield f"{address} is an address of {host} too, and no Intranet site declares it, so nobody looked there"


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
