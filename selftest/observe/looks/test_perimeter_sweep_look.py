"""How many canaries a sweep asks of the services that bear witness for it."""

from ipaddress import ip_address

import pytest

from ordinance.inventory.model import Service
from ordinance.observe.looks.perimeter_sweep import (
    CANARIES,
    CANARIES_A_HEAVY_WITNESS,
    CANARIES_A_WITNESS_PACED,
    _canaries,
    _Plan,
)


def plan(*protocols: str) -> _Plan:
    services = [
        Service(f"h{n}", ip_address(f"198.51.100.{n}"), 1, protocol, "x", frozenset({"outside"}))
        for n, protocol in enumerate(protocols, 1)
    ]
    return _Plan((), (), tuple(services), ())


@pytest.mark.parametrize(
    ("protocols", "paced", "canaries"),
    [
        (("http", "smtp"), False, CANARIES),
        (("dns",), False, CANARIES),
        (("smtp", "nntp"), False, 2 * CANARIES_A_HEAVY_WITNESS),
        (("http",), True, CANARIES_A_WITNESS_PACED),
        (("smtp",), True, CANARIES_A_HEAVY_WITNESS),
        ((), False, 0),
    ],
)
def test_mail_and_news_hosts_are_not_asked_thousands_of_times(protocols, paced, canaries) -> None:
    assert _canaries(4, plan(*protocols), paced=paced) == canaries
    assert _canaries(6, plan(*protocols), paced=paced) == 0
