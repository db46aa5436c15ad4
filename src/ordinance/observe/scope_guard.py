"""Scope, before a packet is made: only addresses, only admitted ones, deny before allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from ordinance.inventory.model import Address, Network, Scope
from ordinance.observe.api import CouldNotLook, Unseen

#: Printers start printing whatever they are sent (JetDirect and its neighbours): connected to, never written to.
MUTE_PORTS = frozenset(range(9100, 9108))
_BROADCAST = ip_address("255.255.255.255")
#: IPv4 in IPv6 clothing: mapped, compatible (RFC 4291), NAT64 (RFC 6052), 6to4 (RFC 3056).
_CLOTHED = tuple(ip_network(text) for text in ("::ffff:0:0/96", "::/96", "64:ff9b::/96", "2002::/16"))


class ScopeGuard:
    """Refuses with `CouldNotLook(SCOPE)`; lets pass by returning."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def check(self, address: Address) -> None:
        """TypeError for anything but an address: a name would be resolved by somebody else, perhaps differently twice."""
        if not isinstance(address, IPv4Address | IPv6Address):
            raise TypeError(f"an address is needed, not {type(address).__name__}")
        if not self._admits(address):
            raise CouldNotLook(Unseen.SCOPE, f"{address} is not in the inventory's scope; nothing was sent")

    def networks(self) -> dict[str, list[str]]:
        """Return the scope as texts, for whoever else is to keep it."""
        return {"allow": [str(network) for network in self._scope.allow], "deny": [str(network) for network in self._scope.deny]}

    def check_job(self, job: Mapping[str, Any]) -> None:
        """Every address and network that stands anywhere in a job for the packet agent, keys included.

        And no payload for a printer: neither one that is named, nor the token of an echo.
        """
        for text in _texts(job):
            self._check_text(text)
        speaks = job.get("job") in {"echo", "udp"}
        for port in _ports(job):
            if port["port"] in MUTE_PORTS and (speaks or port.get("payload_b64") or port.get("transport") == "udp"):
                raise CouldNotLook(Unseen.SCOPE, f"port {port['port']} is a printer's, and is never written to")

    def _admits(self, address: Address) -> bool:
        odd = address.is_unspecified or address.is_multicast or address == _BROADCAST
        # Such an address leaves, or arrives, as an IPv4 one: it would pass a deny rule written for IPv4.
        clothed = isinstance(address, IPv6Address) and not address.is_loopback and any(address in net for net in _CLOTHED)
        return not odd and not clothed and self._scope.admits(address)

    def _check_text(self, text: str) -> None:
        try:
            if "/" in text:
                network = ip_network(text, strict=False)
                if not self._admits_all(network):
                    raise CouldNotLook(Unseen.SCOPE, f"{network} is not in the inventory's scope; nothing was sent")
            else:
                self.check(ip_address(text))
        except ValueError:
            return  # not an address: nothing to guard

    def _admits_all(self, network: Network) -> bool:
        inside = any(net.version == network.version and _within(network, net) for net in self._scope.allow)
        return inside and not any(net.version == network.version and net.overlaps(network) for net in self._scope.deny)


def _within(inner: Network, outer: Network) -> bool:
    return inner.network_address in outer and inner.broadcast_address in outer


def _ports(value: Any) -> Iterator[Mapping[str, Any]]:
    """Everything in a job that names a port."""
    if isinstance(value, Mapping):
        if "port" in value:
            yield value
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _ports(item)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, IPv4Address | IPv6Address):
        yield str(value)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from _texts(item)
