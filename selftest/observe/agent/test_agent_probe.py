"""A UDP probe hears whoever answers it: servers answer from another port (TFTP) or another address of theirs (SNMP)."""

from __future__ import annotations

import base64
import select
import socket
import threading
from collections.abc import Iterator

import pytest

from ordinance.observe.agent.probe import Probe

ASKED = ("127.0.0.1", "::1")


@pytest.fixture(params=ASKED)
def asked(request: pytest.FixtureRequest) -> Iterator[tuple[str, int]]:
    """A server that answers every datagram from a port of its own."""
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as server, socket.socket(family, socket.SOCK_DGRAM) as elsewhere:
        server.bind((request.param, 0))
        server.settimeout(5)
        elsewhere.bind((request.param, 0))

        def serve() -> None:
            data, peer = server.recvfrom(100)
            elsewhere.sendto(data, peer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield request.param, server.getsockname()[1]
        thread.join(5)


def outcome_of(address: str, port: int) -> str:
    spec = {"port": port, "transport": "udp", "payload_b64": base64.b64encode(b"hello").decode()}
    probe = Probe({"address": address}, spec, "port")
    probe.start()
    assert probe.sock is not None
    select.select([probe.sock], [], [], 5)
    probe.ready()
    heard = probe.outcome
    probe.close()
    return heard.answer if heard else "silent"


def test_an_answer_from_another_port_is_an_answer(asked: tuple[str, int]) -> None:
    assert outcome_of(*asked) == "open"


def test_no_route_is_the_vantage_s_own() -> None:
    probe = Probe({"address": "255.255.255.255"}, {"port": 9, "transport": "udp"}, "port")
    probe.start()
    assert probe.outcome is not None
    assert probe.outcome.answer == "local"
