"""Careful probes and echo proofs through the packet agent of a vantage, as values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any

from ordinance.inventory.model import Address, Inventory, Service
from ordinance.observe.agent.call import believable, run_job
from ordinance.observe.agent.careful import SLOW_SECONDS
from ordinance.observe.api import Deadline, LookContext, VantagePoint
from ordinance.sight.perimeter import Answer, CarefulAddress, CarefulPort, EchoProof, Reply

ECHO_SECONDS = 60.0
ROUND_SECONDS = 0.5  #: how long a round waits for answers; a socket goes on listening for four seconds
MOST_ROUNDS = 60
LEAST_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Ask:
    """One address to ask with care. `ports` and `decoys` are agent specs: {"transport", "port"} and, for udp, "payload_b64"."""

    address: Address
    ports: Sequence[dict[str, Any]]
    control: Service | None
    decoys: Sequence[dict[str, Any]] = field(default=())


def control_for(address: Address, inventory: Inventory) -> Service | None:
    """Find the declared service that stands witness for an address: its own, else one of its public group and family.

    An address that is not public has neither; for it any public service of its family shows the way to the firewall.
    """
    own = _outside_services(inventory, {address})
    if own:
        return own[0]
    public = [group for group in inventory.public if address in group.addresses]
    neighbours = {other for group in public or inventory.public for other in group.addresses}
    beside = [service for service in _outside_services(inventory, neighbours) if service.address.version == address.version]
    return beside[0] if beside else None


def _outside_services(inventory: Inventory, addresses: set[Address]) -> list[Service]:
    found = [s for s in inventory.services if s.address in addresses and "outside" in s.seen_from]
    return sorted(found, key=lambda service: service.protocol not in {"http", "https"})  # web servers bear it best


def ask_with_care(
    context: LookContext, vantage: VantagePoint, asks: Sequence[Ask], seed: int, *, patient: bool = False
) -> tuple[CarefulAddress, ...]:
    """Ask all addresses side by side. Raises CouldNotLook when the agent cannot be run.

    `patient`: ports of unused addresses are asked slowly too, where a limit on ICMP errors may have eaten what they brought.
    """
    pace = context.inventory.pace
    rate = min([500.0, *([float(pace.total)] if pace.total else []), *([float(pace.per_host)] if pace.per_host else [])])
    probes = sum(len(ask.ports) + len(ask.decoys) + 1 for ask in asks)
    seconds = 30.0 + (SLOW_SECONDS if patient else 0.0) + MOST_ROUNDS * (ROUND_SECONDS + probes / rate)
    job = {
        "job": "careful", "miss_bound": context.profile.miss_bound, "timeout": ROUND_SECONDS, "least_rounds": LEAST_ROUNDS,
        "most_rounds": MOST_ROUNDS, "rate": rate, "seconds": seconds, "seed": seed, "targets": [_target(ask) for ask in asks],
        "patient": patient,
    }  # fmt: skip
    last, observation = run_job(vantage, job, Deadline.after(seconds + 30.0), _progress(context, "asking with care"))
    with believable(observation):
        return tuple(_careful(ask, seen, observation) for ask, seen in zip(asks, last["targets"], strict=True))


def _target(ask: Ask) -> dict[str, Any]:
    control = {"address": str(ask.control.address), "port": ask.control.port} if ask.control else None
    return {"address": str(ask.address), "ports": list(ask.ports), "decoys": list(ask.decoys), "control": control}


def _progress(context: LookContext, text: str) -> Any:
    return lambda line: context.progress(line.get("done_ports", 0), line.get("total_ports", 0), text)


def _careful(ask: Ask, seen: dict[str, Any], observation: str) -> CarefulAddress:
    control = seen["control"]
    return CarefulAddress(
        address=str(ask.address),
        ports=tuple(_port(ask.address, port) for port in seen["ports"]),
        decoys=tuple(_port(ask.address, port) for port in seen["decoys"]),
        control_address=str(ask.control.address) if ask.control else "",
        control_port=ask.control.port if ask.control else 0,
        control_sent=control["sent"],
        control_answered=control["answered"],
        control_hops=control["hops"],
        miss_bound=seen["miss_bound"],
        slow_decoys=seen["slow_decoys"],
        observation=observation,
    )


def _port(address: Address, seen: dict[str, Any]) -> CarefulPort:
    return CarefulPort(
        address=str(address), transport=seen["transport"], port=seen["port"], sent=seen["sent"], silent=seen["silent"],
        replies=tuple(reply_of(reply) for reply in seen["replies"]), slow=seen.get("slow", 0),
    )  # fmt: skip


def reply_of(seen: dict[str, Any]) -> Reply:
    """Turn one answer of the agent into a value."""
    icmp = None if seen["type"] is None else (seen["type"], seen["code"])
    return Reply(answer=Answer(seen["answer"]), by=seen["by"], icmp=icmp, hops=seen["hops"], times=seen.get("times", 1))


def echo_proofs(context: LookContext, vantage: VantagePoint, ports: Iterable[tuple[str, int]]) -> tuple[EchoProof, ...]:
    """Ask every declared echo on these (transport, port) pairs. Raises CouldNotLook when the agent cannot be run."""
    wanted = [(address, transport, port) for address in context.inventory.echo for transport, port in dict.fromkeys(ports)]
    if not wanted:
        return ()
    asked = [{"address": str(address), "transport": transport, "port": port} for address, transport, port in wanted]
    job = {"job": "echo", "echoes": asked, "tries": 4, "timeout": 1.5}
    last, observation = run_job(vantage, job, Deadline.after(ECHO_SECONDS), _progress(context, "asking the outside echo"))
    with believable(observation):
        return tuple(
            EchoProof(
                family=ip_address(seen["address"]).version, transport=seen["transport"], port=seen["port"], echoed=seen["echoed"],
                said=seen["said"], observation=observation,
            )
            for seen in last["echoes"]
        )  # fmt: skip
