"""Behind a SYN proxy every port takes connections: only what follows the handshake tells who is there."""

from __future__ import annotations

from typing import Any

import pytest

from selftest.observe.agent.bed import Bed

HOST, HOST6, UNUSED = "198.51.100.5", "2001:db8:100:1::5", "198.51.100.9"
#: The proxy's own SYNs leave by the hook `output`, where `behind` filters them. The second counter is that of the proxy.
PROXY = """
table inet proxy {{
    chain raw {{ type filter hook prerouting priority raw; iifname f0 tcp flags syn counter notrack; }}
    chain shake {{
        type filter hook forward priority -10;
        iifname f0 ct state invalid,untracked synproxy mss 1460 wscale 7 timestamp sack-perm;
    }}
    chain own {{
        type filter hook output priority filter;
        oifname f1 fib saddr type != local tcp flags & (syn | ack) == syn jump behind;
    }}
    chain behind {{
        tcp dport 25 accept; {rules} counter drop;
    }}
}}
"""
SCOPE = {"allow": ["198.51.100.0/24", "2001:db8:100:1::/64", "203.0.114.0/24"], "deny": []}


@pytest.fixture
def proxied(net: Bed) -> Any:
    """Put a SYN proxy into the firewall, with these rules behind it."""

    def behind(rules: str = "") -> Bed:
        net.also(PROXY.format(rules=rules))
        return net

    return behind


def careful(net: Bed, address: str = HOST, control: str = HOST, late: float = 1.0) -> dict[str, Any]:
    target = {
        "address": address,
        "control": {"address": control, "port": 25},
        "decoys": [{"transport": "tcp", "port": 47321}],
        "ports": [{"transport": "tcp", "port": port} for port in (21, 23)],
    }
    job = {"job": "careful", "targets": [target], "miss_bound": 1e-4, "seed": 3, "timeout": 0.25, "late": late}
    seen: dict[str, Any] = net.agent(job)["targets"][0]
    assert net.counters()[0] > 0, "the proxy saw no SYN"
    return seen


def kinds(seen: dict[str, Any], number: int) -> set[tuple[Any, ...]]:
    port = next(port for port in [*seen["ports"], *seen["decoys"]] if port["port"] == number)
    return {(reply["answer"], reply["by"], reply["type"], reply["code"], reply["hops"]) for reply in port["replies"]}


@pytest.mark.parametrize("address", [HOST, HOST6])
def test_a_handshake_of_the_proxy_alone_is_mute_and_the_control_is_not(proxied: Any, address: str) -> None:
    seen = careful(proxied(), address, address)
    assert kinds(seen, 23) == kinds(seen, 47321) == {("mute", "", None, None, 0)}
    assert seen["control"] == {"sent": 7, "answered": 7, "hops": 1}
    assert seen["miss_bound"] <= 1e-4


def test_a_port_that_somebody_takes_behind_the_proxy_is_open(proxied: Any) -> None:
    seen = careful(proxied("tcp dport 23 accept;"))
    assert kinds(seen, 23) == {("open", "", None, None, 1)}
    assert kinds(seen, 21) == {("mute", "", None, None, 0)}


def test_a_host_that_refuses_behind_the_proxy_is_heard(proxied: Any) -> None:
    seen = careful(proxied("tcp dport 21 accept;"))
    assert kinds(seen, 21) == {("rst", "", None, None, 1)}


def test_a_firewall_that_refuses_behind_its_own_proxy_is_heard(proxied: Any) -> None:
    seen = careful(proxied("tcp dport 21 reject with tcp reset;"))
    assert kinds(seen, 21) == {("rst", "", None, None, 0)}


def test_a_port_let_through_to_nobody_behind_the_proxy_is_told_by_the_router(proxied: Any) -> None:
    seen = careful(proxied(f"ip daddr {UNUSED} tcp dport 23 accept;"), UNUSED, late=4.0)
    assert ("icmp", "203.0.113.1", 3, 1, None) in kinds(seen, 23)
    assert kinds(seen, 21) == {("mute", "", None, None, 0)}


def sweep(net: Bed, **more: Any) -> dict[str, Any]:
    job = {
        "job": "sweep",
        "addresses": [HOST, HOST6],
        "echo": ["203.0.114.7"],
        "canaries": [[HOST, 25, 1.0], [HOST6, 25, 1.0]],
        "canaries_per_round": {"4": 200, "6": 200},
        "miss_bound": 1e-4,
        "last_port": 200,
        "settle": 0.2,
        "timeout": 0.25,
        "seed": 3,
        "scope": SCOPE,
        **more,
    }
    last = net.agent(job)
    assert net.counters()[0] > 0, "the proxy saw no SYN"
    return last


def found(last: dict[str, Any], answer: str, address: str = HOST) -> list[Any]:
    groups = [group for group in last["answers"] if group["address"] == address and group["answer"] == answer]
    return [(group["ports"], group["hops"]) for group in groups]


@pytest.mark.parametrize("engine", ["", "connect"])
def test_a_sweep_connects_and_waits_for_what_follows(proxied: Any, engine: str) -> None:
    net = proxied("tcp dport 23 accept;")
    last = sweep(net, **({"engine": engine} if engine else {}))
    assert last["engine"] == "connect"
    assert engine or last["why"].startswith("a SYN proxy")
    assert last["complete"], last["why_incomplete"]
    assert found(last, "open") == [([[23, 23], [25, 25]], 1)]
    assert found(last, "mute") == [([[1, 22], [24, 24], [26, 200]], 0)]
    assert found(last, "rst", HOST6) == [([[23, 23]], 1)]
    assert found(last, "open", "203.0.114.7") == [([[1, 200]], 0)]
    assert [canary["hops"] for canary in last["canaries"]] == [1, 1]
    assert all(canary["late_answered"] for canary in last["canaries"])
    assert all(bound["miss_bound"] <= 1e-4 for bound in last["bounds"])


def test_the_raw_engine_alone_claims_nothing_behind_a_proxy(proxied: Any) -> None:
    last = sweep(proxied(), engine="raw")
    assert (last["engine"], last["complete"]) == ("raw", False)
    assert "SYN proxy" in last["why_incomplete"]
