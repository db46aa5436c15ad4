"""Whether a declared service is the one that answers: it must say the words it is known by, at application level."""

from __future__ import annotations

from ordinance.inventory.model import Service
from ordinance.observe.api import CouldNotLook, Deadline, VantagePoint
from ordinance.observe.protocols.dns import query
from ordinance.observe.protocols.front_page import Way, by_address, visit
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
        way = Way(service.port, service.protocol == "https", by_address(service.address))
        # Whoever is sent on to the same server's other port is still on the path to it.
        replies = visit(vantage, service.address, way, deadline, server_name="", other_ports=True)
        telling = next((reply for reply in replies if service.identity.encode() in reply.body), None)
        reply = telling or replies[-1]
        words = f'the page {"says" if telling else "does not say"} "{service.identity}"'
        return telling is not None, f"status {reply.status}; {words}", reply.observation
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
