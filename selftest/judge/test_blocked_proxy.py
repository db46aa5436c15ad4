"""Telnet behind a SYN proxy that takes every connection: its handshake is not the port's, and hides no other answer."""

from __future__ import annotations

import pytest

from ordinance.judge.blocked import telnet_blocked
from ordinance.judge.verdict import State
from ordinance.sight.perimeter import Reply
from selftest.judge.perimeter_city import (
    MAIL,
    OPEN,
    PROFILE,
    RST_FW,
    RST_HOST,
    careful,
    guarded,
    guarded_address,
    inventory,
    port,
)

DECOYS = (port(47_321, OPEN), port(47_321, transport="udp"))


@pytest.mark.parametrize("replies", [(OPEN, RST_HOST), (RST_HOST, OPEN), (OPEN, RST_FW, RST_HOST)])
def test_a_refusal_of_the_host_beside_a_proxys_handshake_crossed(replies: tuple[Reply, ...]) -> None:
    seen = guarded(guarded_address(MAIL, careful(MAIL, port(23, *replies), decoys=DECOYS)))
    verdict = telnet_blocked("public", seen, inventory(), PROFILE)
    assert verdict.state is State.VIOLATED
    assert verdict.breaches == (f"{MAIL}:23/tcp",)


def test_a_proxys_handshake_alone_is_no_open_port() -> None:
    seen = guarded(guarded_address(MAIL, careful(MAIL, port(23, OPEN), port(992, OPEN), decoys=DECOYS)))
    assert telnet_blocked("public", seen, inventory(), PROFILE).state is State.UNPROVEN
