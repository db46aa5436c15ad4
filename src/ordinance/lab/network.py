"""The city's cables and addresses, as ip-batch(8) text, and the kernel switches of a host's network."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from ordinance.lab.errors import LabError
from ordinance.lab.topology import LabHost, Topology

#: Seconds for one batch; it takes some hundredths.
_BATCH_SECONDS = 20.0
_IPV6 = 6


def cables(topology: Topology, pids: Mapping[str, int]) -> Iterator[str]:
    """Lines that make every bridge here, and every cable from a bridge straight into the network namespace of a host's PID 1."""
    yield "link set lo up"
    for name in topology.networks:
        yield f"link add {_bridge(name)} type bridge mcast_snooping 0"
        yield f"link set {_bridge(name)} up"
    ends = [(host, nic) for host in topology.hosts.values() for nic in host.nics]
    for number, (host, nic) in enumerate(ends):
        yield f"link add v{number} type veth peer name {nic.name} netns {pids[host.name]}"
        yield f"link set v{number} master {_bridge(nic.network)} up"


def _bridge(network: str) -> str:
    return f"br-{network}"[:15]


def addresses(host: LabHost) -> Iterator[str]:
    """Lines that bring a host's own cards up, with addresses and routes."""
    yield "link set lo up"
    for nic in host.nics:
        for address in nic.addresses:
            yield f"addr add {address} dev {nic.name}{' nodad' if address.version == _IPV6 else ''}"
        yield f"link set {nic.name} up"
    for route in host.routes:
        yield f"route add {route.to} via {route.via}"


def run_batch(ip: str, lines: Iterable[str]) -> None:
    """Run all lines in one process; stops at the first that fails. Errors: LabError with what ip(8) said."""
    text = "".join(f"{line}\n" for line in lines)
    done = subprocess.run([ip, "-batch", "-"], input=text.encode(), capture_output=True, timeout=_BATCH_SECONDS, check=False)
    if done.returncode != 0:
        raise LabError(f"ip -batch failed: {done.stderr.decode(errors='replace').strip()}")


def switches(host: LabHost) -> dict[str, str]:
    """Return kernel switches, path below /proc/sys/net -> value; to be set before the links go up.

    Duplicate address detection (RFC 4862 section 5.4) would hold back the first second of IPv6; `nodad` on an address does not
    spare its link-local sibling. Forwarding is written in every host: a new namespace may inherit it from the machine.
    """
    forward = "1" if host.forward else "0"
    values = {"ipv4/ip_forward": forward, "ipv6/conf/all/forwarding": forward}
    for nic in ("all", "default", "lo", *(nic.name for nic in host.nics)):
        values[f"ipv6/conf/{nic}/disable_ipv6"] = "0"
    for nic in ("all", "default", *(nic.name for nic in host.nics)):
        values |= {f"ipv6/conf/{nic}/{switch}": "0" for switch in ("accept_dad", "dad_transmits", "accept_ra")}
    return values


def set_switches(host: LabHost) -> None:
    """Write the switches of the network namespace the caller is in. Errors: OSError."""
    for path, value in switches(host).items():
        Path("/proc/sys/net", path).write_text(value, encoding="ascii")
