"""Whatever a peer points at, by redirect or by name, nothing but the address that was meant is contacted."""

from __future__ import annotations

import socket
import threading

import pytest

from ordinance.observe.agent.exchange import Turns
from ordinance.observe.api import Deadline, Unseen
from ordinance.observe.memory import MemoryJournal
from ordinance.observe.protocols.front_page import Way, by_address, visit
from ordinance.observe.scope_guard import ScopeGuard
from selftest.observe.world import LOOPBACK, door, inventory, peer, reason_of

GUARD = ScopeGuard(inventory(allow=("198.51.100.0/24",)).scope)


@pytest.fixture
def elsewhere():
    """A server on another address that counts who comes, and a resolver that leads every name to it."""
    came = []
    server = socket.create_server(("127.0.0.2", 0))
    threading.Thread(target=lambda: [came.append(server.accept()) for _ in range(9)], daemon=True).start()
    yield server.getsockname()[1], came
    socket.create_connection(server.getsockname()).close()
    for _ in range(200):
        if came:
            break
        threading.Event().wait(0.01)
    assert len(came) == 1, "the control must have been counted, and nothing before it"
    server.close()


@pytest.fixture
def asked_names(monkeypatch):
    """Names that anybody wanted resolved."""
    names = []

    def resolve(host, *rest, **_):
        names.append(host)
        raise socket.gaierror(socket.EAI_NONAME, "names are not resolved here")

    for function in ("getaddrinfo", "gethostbyname", "gethostbyname_ex"):
        monkeypatch.setattr(socket, function, resolve)
    return names


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.2:{port}/", "//127.0.0.2:{port}/", "http://[::ffff:127.0.0.2]:{port}/", "http://elsewhere.example:{port}/",
        "http://2130706434:{port}/", "http://0x7f000002:{port}/", "http://127.0.0.1@127.0.0.2:{port}/",
        "http://127.0.0.1:{port}@127.0.0.2:{port}/", "https://localtest.me:{port}/", "ftp://127.0.0.2:{port}/",
    ],
)  # fmt: skip
def test_a_redirect_elsewhere_is_not_followed_there(elsewhere, asked_names, location):
    port, came = elsewhere
    heard = []

    def redirect(connection):
        heard.append(connection.recv(4096))
        there = location.format(port=port)
        connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: {there}\r\nContent-Length: 0\r\n\r\n".encode())

    here = door(MemoryJournal()).at("here")
    with peer(redirect) as server:
        way = Way(server, tls=False, host=by_address(LOOPBACK))
        replies = visit(here, LOOPBACK, way, Deadline.after(3), server_name="", other_ports=False)
    assert replies[0].status == 302
    assert heard
    assert came == []
    assert asked_names == []


@pytest.mark.parametrize("name", ["localhost", "mail.city.example", "127.0.0.1"])
def test_only_addresses_are_connected_to_never_names(asked_names, name):
    with pytest.raises(TypeError):
        door(MemoryJournal()).at("here").connect(name, 25, Deadline.after(1))
    assert asked_names == []


@pytest.mark.parametrize(
    "job",
    [
        {"job": "echo", "echoes": [{"address": "198.51.100.5", "port": 9100, "transport": "tcp"}]},
        {"job": "udp", "exchanges": [{"address": "198.51.100.5", "port": 9107, "payload_b64": "eA=="}]},
        {"job": "careful", "targets": [{"address": "198.51.100.5", "ports": [{"port": 9103, "transport": "udp"}]}]},
        {
            "job": "careful",
            "targets": [{"address": "198.51.100.5", "ports": [], "control": {"port": 9101, "payload_b64": "eA=="}}],
        },
    ],
    ids=["echo", "udp", "careful", "control"],
)
def test_no_job_writes_to_a_printer(job):
    assert reason_of(lambda: GUARD.check_job(job)) is Unseen.SCOPE


@pytest.mark.parametrize("port", [9099, 9108])
def test_the_neighbours_of_printers_are_spoken_to(port):
    GUARD.check_job({"job": "echo", "echoes": [{"address": "198.51.100.5", "port": port, "transport": "tcp"}]})


def test_a_printers_port_is_connected_to_without_a_word():
    GUARD.check_job({"job": "careful", "targets": [{"address": "198.51.100.5", "ports": [{"port": 9100, "transport": "tcp"}]}]})


def test_turns_of_an_exchange_are_spaced(monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("ordinance.observe.agent.exchange.time.monotonic", lambda: clock[0])
    monkeypatch.setattr("ordinance.observe.agent.exchange.time.sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    turns, moments = Turns(4.0), []
    for _ in range(4):
        turns.take()
        moments.append(clock[0] - 100)
    assert moments == [0, 0.25, 0.5, 0.75]
