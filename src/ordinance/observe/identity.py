"""Whether a declared service is the one that answers: it must say the words it is known by, at application level."""

from __future__ import annotations

from ordinance.inventory.model import Service
from ordinance.observe.api import CouldNotLook, Deadline, VantagePoint
from ordinance.observe.protocols.dns import query
from ordinance.observe.protocols.http import fetch
from ordinance.observe.safetext import safe_line
from ordinance.sight.perimeter import Identity

SECONDS = 15.0


def identify_service(vantage: VantagePoint, service: Service) -> Identity:
    """Talk to a declared service once. Not having heard it is a value, with the reason in `said`."""
    deadline = Deadline.after(SECONDS)
    try:
        proven, said, observation = _hear(vantage, service, deadline)
    except CouldNotLook as missed:
        proven, said, observation = False, str(missed), missed.observation
    return Identity(address=str(service.address), port=service.port, proven=proven, said=said, observation=observation)


def _hear(vantage: VantagePoint, service: Service, deadline: Deadline) -> tuple[bool, str, str]:
    if service.protocol in {"http", "https"}:
        tls = service.protocol == "https"
        reply = fetch(vantage, service.address, service.port, deadline, host=str(service.address), tls=tls, server_name="")
        shown = service.identity.encode() in reply.body
        words = f'the page says "{service.identity}"' if shown else f'the page does not say "{service.identity}"'
        return shown, f"status {reply.status}; {words}", reply.observation
    if service.protocol == "dns":
        answer = query(vantage, service.address, service.identity, "SOA", deadline, port=service.port)
        shown = answer.rcode == "NOERROR" and any(record.type == "SOA" for record in answer.answers)
        return shown, f"SOA of {service.identity}: {answer.rcode}", answer.observation
    return _greeting(vantage, service, deadline)


def _greeting(vantage: VantagePoint, service: Service, deadline: Deadline) -> tuple[bool, str, str]:
    with vantage.connect(service.address, service.port, deadline) as dialogue:
        if service.protocol == "imaps":
            dialogue.start_tls("", None, verify=False)
        line = dialogue.read_line()
    return service.identity.encode() in line, safe_line(line), dialogue.observation
