"""Look "intranet-inside": the page from every inside vantage, before the sweep and after it."""

from __future__ import annotations

from dataclasses import replace

from ordinance.inventory.model import Service, Vantage
from ordinance.observe.api import CouldNotLook, Unseen
from ordinance.observe.looks.intranet_inside import intranet_inside
from selftest.judge.city_cases import CANARY, CITY, IN4, IN6
from selftest.observe.looks.city_looks import Town, context, one

TWO = replace(CITY, vantages={**CITY.vantages, "workstation": Vantage("workstation", "inside", "ws1")})


def page(body: str, status: str = "200 OK"):
    asked: list[bytes] = []

    def serve(request: bytes) -> bytes:
        asked.append(request)
        return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()

    serve.asked = asked
    return serve


def test_both_addresses_are_seen_before_and_after_the_sweep() -> None:
    serve = page(f"<p>{CANARY}</p>")
    town = Town(listeners={(IN4, 80): serve, (IN6, 80): serve})
    swept: list[int] = []
    seen = intranet_inside(context(town, TWO, lambda name: swept.append(len(serve.asked))))
    assert swept == [4]  # two vantages, two addresses, before anything is swept
    assert len(seen.pages) == 8
    assert all(page.canary and page.observation for page in seen.pages)
    assert b"Host: intranet.city.example" in serve.asked[0]


def declared(*services: tuple[int, str], port: int):
    """One address of the Intranet, with its services."""
    (site,) = CITY.intranet
    held = tuple(Service("intranet", one(IN4), number, name, CANARY, frozenset({"inside"})) for number, name in services)
    return replace(CITY, intranet=(replace(site, addresses=(one(IN4),), port=port),), services=held)


def over_tls(city, *ports: int, plain=None) -> list[bool]:
    """Whether the page was seen, where these ports speak TLS alone."""
    listeners = {(IN4, port): page(CANARY) for port in ports} | ({(IN4, 80): plain} if plain else {})
    town = Town(listeners=listeners, certificates={(IN4, port): ("intranet.city.example",) for port in ports}, tls_only=True)
    return [seen.canary for seen in intranet_inside(context(town, city)).pages]


def test_a_site_over_tls_alone_is_seen_as_its_service_is_declared() -> None:
    assert over_tls(declared((8443, "https"), port=8443), 8443) == [True, True]
    assert over_tls(declared((8443, "http"), port=8443), 8443) == [False, False]
    assert over_tls(declared(port=443), 443) == [True, True]


def test_a_site_that_sends_plain_visitors_on_to_tls_is_seen() -> None:
    def moved(request: bytes) -> bytes:
        return b"HTTP/1.1 301 Moved\r\nLocation: https://intranet.city.example/\r\nContent-Length: 0\r\n\r\n"

    city = declared((80, "http"), port=80)
    assert over_tls(city, 443, plain=moved) == [True, True]
    assert over_tls(city, plain=moved) == [False, False]


def test_another_page_has_no_canary_and_a_status() -> None:
    town = Town(listeners={(IN4, 80): page("maintenance", "503 Later")})
    first, *_ = intranet_inside(context(town)).pages
    assert (first.canary, first.status, first.unseen) == (False, 503, "")


def test_a_server_that_is_gone_is_unseen() -> None:
    (v4, v6, *_) = intranet_inside(context(Town(listeners={(IN4, 80): page(CANARY)}))).pages
    assert v4.canary
    assert v6.unseen.startswith("no-answer")


def test_a_vantage_that_is_gone_is_unseen_and_the_other_still_looks() -> None:
    town = Town(listeners={(IN4, 80): page(CANARY), (IN6, 80): page(CANARY)}, dead_vantages=frozenset({"workstation"}))
    seen = intranet_inside(context(town, TWO)).of(IN4, after_sweep=False)
    assert [(one.vantage, one.canary) for one in seen] == [("here", True), ("workstation", False)]


def test_a_sweep_that_could_not_look_leaves_nothing_after_it() -> None:
    def gone(name: str) -> None:
        raise CouldNotLook(Unseen.VANTAGE, "outside is gone")

    seen = intranet_inside(context(Town(listeners={(IN4, 80): page(CANARY)}), sight=gone))
    assert seen.of(IN4, after_sweep=False)
    assert not seen.of(IN4, after_sweep=True)
