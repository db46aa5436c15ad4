"""Scope, before a packet is made: only addresses, only admitted ones, deny before allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from ordinance.inventory.model import Address, Network, Scope
from ordinance.observe.api import CouldNotLook, Unseen

#: Printers start printing whatever they are sent (JetDirect and its neighbours): connected to, never written to.
MUTE_PORTS = frozenset(range(9100, 9108))


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

    def check_job(self, job: Mapping[str, Any]) -> None:
        """Every address and network that stands anywhere in a job for the packet agent, keys included."""
        for text in _texts(job):
            self._check_text(text)

    def _admits(self, address: Address) -> bool:
        odd = address.is_unspecified or address.is_multicast
        # ::ffff:a.b.c.d leaves as an IPv4 packet: it would pass a deny rule written for IPv4.
        mapped = isinstance(address, IPv6Address) and address.ipv4_mapped is not None
        return not odd and not mapped and self._scope.admits(address)

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
