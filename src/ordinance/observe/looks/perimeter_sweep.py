"""Look "perimeter-sweep": all TCP ports of every public and every Intranet server address, from outside (9.A.2, 9.A.3).

Canaries, ports known to be open, are asked at random moments all through the sweep; the outside echo is swept like an address,
which shows on every single port that the vantage can emit to it. Refusals the sweep cannot place are asked again with care.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from msgspec import structs

from ordinance.inventory.model import Address, Inventory, Service
from ordinance.observe.agent.call import believable, run_job
from ordinance.observe.api import CouldNotLook, Deadline, LookContext, Unseen, VantagePoint, look
from ordinance.observe.careful import reply_of
from ordinance.observe.pace_words import sweep_words
from ordinance.observe.refused_again import ask_again
from ordinance.observe.rotation import Window, choose, taken_over
from ordinance.observe.safetext import safe_line
from ordinance.observe.sweep_certificate import certificate
from ordinance.sight.certificate import TUNNEL
from ordinance.sight.perimeter import (
    AddressSweep,
    Answer,
    PortAnswer,
    Reply,
    Rotation,
    SweepSighting,
)
from ordinance.sight.ports import Range, count

VANTAGE = "outside"
ALL_PORTS = (1, 65_535)
FAMILIES = (4, 6)
#: So many canaries, none lost, bound the chance of a miss by 1e-4 in one round: (0 + 1) / (n + 2).
CANARIES = 10_300
#: In a sweep of fewer ports than that, two rounds with so many cost less than one with all of them.
CANARIES_AMONG_FEW = 200
#: How much of the canaries a witness bears: a web server answers thousands, a mail or news server starts a process for each.
WEIGHTS = {"http": 20.0, "https": 20.0, "dns": 8.0}
#: What any other witness bears in a round, where a family has no web or name server: then more rounds make up for it.
CANARIES_A_HEAVY_WITNESS = 500
#: Under a pace per host, the canaries one witness gets in a round stay below the tokens its own ports leave over.
CANARIES_A_WITNESS_PACED = 6000
IN_FLIGHT, LANES, TIMEOUT = 12_000, 2, 0.25
#: What an SSH server that forwards, but runs no command, says of one.
REFUSED = "refused to run a command"


@dataclass(frozen=True, slots=True)
class _Plan:
    """Who is swept on which ports, from where, and by whose canaries."""

    addresses: tuple[Address, ...]
    barred: tuple[Address, ...]
    canaries: tuple[Service, ...]
    echo: tuple[Address, ...]
    vantage: str = VANTAGE
    ports: Range = ALL_PORTS
    #: What the declared rulesets vouch for: a port let through to nobody is theirs to tell, not a router's late word alone.
    vouched: tuple[Address, ...] = ()


@look("perimeter-sweep")
def perimeter_sweep(context: LookContext) -> SweepSighting:
    """Sweep, then ask again with care where a refusal may have come from behind the firewall."""
    plan, minutes = _plan(context.inventory), context.inventory.pace.sweep_minutes
    if minutes is None:
        return _sweep(context, plan)
    nights = context.earlier()
    canaries = sum(_canaries(family, plan, paced=bool(context.inventory.pace.per_host)) for family in FAMILIES)
    window = Window(60.0 * minutes, context.inventory.pace, len(plan.echo), canaries)
    part = choose(plan.addresses, nights, window, context.profile.miss_bound)
    if part is None:
        return _sweep(context, plan)
    wanted = tuple(str(address) for address in (*plan.addresses, *plan.barred))
    tonight = _sweep(context, replace(plan, addresses=part.addresses, ports=part.ports), window.job_seconds)
    earlier = tuple(taken_over(context, nights, VANTAGE, tonight.certificate.started))
    return structs.replace(tonight, rotation=Rotation(wanted=wanted, earlier=earlier))


def sweep_of(context: LookContext, addresses: tuple[Address, ...], vantage: str, ports: Range) -> SweepSighting:
    """Sweep these addresses on these ports alone, from any vantage; the canaries are what the inventory declares for its zone."""
    inventory = context.inventory
    zone, families = inventory.vantages[vantage].zone, {address.version for address in addresses}
    admitted = tuple(address for address in addresses if inventory.scope.admits(address))
    barred = tuple(address for address in addresses if address not in admitted)
    canaries = _canaries_for("outside" if zone == "outside" else "inside", inventory)
    # from inside, the echo's silence would be the firewall's
    echo = tuple(e for e in _echo(inventory) if zone == "outside" and e.version in families and e not in addresses)
    held = tuple(service for service in canaries if service.address.version in families)
    return _sweep(context, _Plan(admitted, barred, held, echo, vantage, ports))


def _sweep(context: LookContext, plan: _Plan, allowed: float | None = None) -> SweepSighting:
    vantage = context.door.at(plan.vantage)
    started = datetime.now(UTC)
    seconds = _seconds_allowed(plan, context.inventory) if allowed is None else allowed
    last, observation = _by_any_engine(vantage, _job(plan, context, seconds), seconds + 60.0, _progress(context, plan))
    with believable(observation):
        swept = tuple(_addresses(last, plan))
    careful, observations, why = ask_again(context, vantage, plan.addresses, swept)
    with believable(observation):
        barred = f"{len(plan.barred)} addresses are not in the inventory's scope" if plan.barred else ""
        families = tuple(sorted({address.version for address in plan.echo}))
        moments = _stamp(started), _stamp(datetime.now(UTC))
        claim = certificate(last, swept, plan.vantage, plan.ports, (moments, families), (barred, why))
    return SweepSighting(
        vantage=plan.vantage, addresses=swept, certificate=claim, careful=careful, observations=(observation, *observations)
    )


def _by_any_engine(vantage: VantagePoint, job: dict[str, Any], seconds: float, told: Any) -> tuple[dict[str, Any], str]:
    """Sweep by the agent, which takes the best engine it can; through SSH channels where no agent said a word."""
    heard = []

    def hear(line: dict[str, Any]) -> None:
        heard.append(True)
        told(line)

    try:
        return run_job(vantage, job, Deadline.after(seconds), hear)
    except CouldNotLook as missed:
        if heard or (missed.reason is not Unseen.TOOL and REFUSED not in missed.detail):
            raise
        why = f"no agent ran there: {missed.detail}"
    told({"engine": TUNNEL, "why": why})
    last, observation = vantage.tunnel(job, Deadline.after(seconds), told)
    return {**last, "engine": TUNNEL, "why": why}, observation


def _plan(inventory: Inventory) -> _Plan:
    public = [address for group in inventory.public for address in group.addresses]
    wanted = tuple(dict.fromkeys([*public, *(address for site in inventory.intranet for address in site.addresses)]))
    admitted = tuple(address for address in wanted if inventory.scope.admits(address))
    canaries = _canaries_for("outside", inventory)
    barred = tuple(address for address in wanted if address not in admitted)
    vouched = tuple(dict.fromkeys(public)) if inventory.rulesets_declared else ()
    return _Plan(admitted, barred, canaries, _echo(inventory), VANTAGE, ALL_PORTS, vouched)


def _canaries_for(zone: str, inventory: Inventory) -> tuple[Service, ...]:
    return tuple(s for s in inventory.services if zone in s.seen_from and inventory.scope.admits(s.address))


def _echo(inventory: Inventory) -> tuple[Address, ...]:
    return tuple(address for address in inventory.echo if inventory.scope.admits(address))


def _job(plan: _Plan, context: LookContext, seconds: float) -> dict[str, Any]:
    pace = context.inventory.pace
    return {
        "job": "sweep", "addresses": [str(a) for a in plan.addresses], "echo": [str(a) for a in plan.echo],
        "vouched": [str(a) for a in plan.addresses if a in plan.vouched],
        "canaries": [[str(s.address), s.port, WEIGHTS.get(s.protocol, 1.0)] for s in plan.canaries],
        "canaries_per_round": {str(family): _canaries(family, plan, paced=bool(pace.per_host)) for family in FAMILIES},
        "miss_bound": context.profile.miss_bound, "rate": pace.total, "per_host": pace.per_host, "timeout": TIMEOUT,
        "in_flight": IN_FLIGHT, "lanes": LANES, "seconds": seconds, "seed": context.seed,
        "first_port": plan.ports[0], "last_port": plan.ports[1],
    }  # fmt: skip


def _canaries(family: int, plan: _Plan, *, paced: bool) -> int:
    """Canaries of one family in a round: enough for the miss bound, and no more than its witnesses bear."""
    witnesses = [service for service in plan.canaries if service.address.version == family]
    borne = sum(CANARIES if service.protocol in WEIGHTS else CANARIES_A_HEAVY_WITNESS for service in witnesses)
    most = CANARIES_A_WITNESS_PACED * len({service.address for service in witnesses}) if paced else CANARIES
    ports = count([plan.ports]) * sum(address.version == family for address in plan.addresses)
    return min(CANARIES_AMONG_FEW if 0 < ports <= CANARIES else CANARIES, borne, most)


def _seconds_allowed(plan: _Plan, inventory: Inventory) -> float:
    """Time for three rounds at the inventory's pace, or at a slow machine's."""
    addresses = len(plan.addresses) + len(plan.echo)
    rates = [5000.0]
    if inventory.pace.total:
        rates.append(float(inventory.pace.total))
    if inventory.pace.per_host:
        rates.append(0.9 * inventory.pace.per_host * addresses)
    return 300.0 + 3 * addresses * count([plan.ports]) / min(rates)


def _progress(context: LookContext, plan: _Plan) -> Any:
    engine = ["", ""]

    def told(line: dict[str, Any]) -> None:
        if "engine" in line:
            engine[:] = [f"{safe_line(str(line['engine']))} ", f" ({safe_line(str(line['why']))})"]
        done, total = line.get("done_ports", 0), line.get("total_ports", 0)
        words = sweep_words(done, total, line.get("round", 0), line.get("rate", 0))
        context.progress(done, total, f"{engine[0]}sweep from {plan.vantage}, {words}{engine[1]}")

    return told


# -- the agent's last line as values -------------------------------------------------------------------------------------------


def _addresses(last: dict[str, Any], plan: _Plan) -> Iterable[AddressSweep]:
    groups: dict[str, list[PortAnswer]] = {str(address): [] for address in plan.addresses}
    for answer in last["answers"]:
        if not answer["echo"]:
            groups[answer["address"]].append(_group(answer, plan.ports))
    for address, found in groups.items():
        yield AddressSweep(address=address, answers=tuple(sorted(found, key=lambda group: group.ports)))
    for barred in plan.barred:
        unasked = PortAnswer(ports=(plan.ports,), reply=Reply(answer=Answer.UNASKED, by="not in the inventory's scope"))
        yield AddressSweep(address=str(barred), answers=(unasked,))


def _group(answer: dict[str, Any], asked: Range) -> PortAnswer:
    first, final = asked
    if not all(first <= low <= high <= final for low, high in answer["ports"]):
        raise ValueError("there are no such ports")
    return PortAnswer(ports=tuple((low, high) for low, high in answer["ports"]), reply=reply_of(answer))


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
