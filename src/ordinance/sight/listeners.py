"""What hosts say of their own listeners: by ss(8), and by SNMP (RFC 4022 tcpListenerTable, RFC 4113 udpEndpointTable)."""

from __future__ import annotations

from ipaddress import ip_address

import msgspec

#: An address that stands for all of its family, and the one by which ss(8) says both families.
EVERY, BOTH = frozenset({"0.0.0.0", "::"}), "*"  # noqa: S104 - read, not bound to


class Listener(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One socket that waits for somebody: "tcp" or "udp", the address it is bound to, and what holds it where that is known."""

    transport: str
    address: str
    port: int
    process: str = ""

    def answers_at(self, address: str) -> bool:
        """Whether a packet to `address` of this host reaches the socket. One bound to "::" may take IPv4 as well."""
        if self.address == BOTH or ip_address(self.address) == ip_address(address):
            return True
        return self.address == "::" or (self.address in EVERY and ip_address(address).version == ip_address(self.address).version)


class HostListeners(msgspec.Struct, frozen=True, kw_only=True):
    """The listeners of one host as each witness tells them; None where one could not be asked, and `unseen` says why."""

    host: str
    by_ssh: tuple[Listener, ...] | None = None
    by_snmp: tuple[Listener, ...] | None = None
    unseen: dict[str, str] = {}  #: "ssh" or "snmp" -> why
    observations: tuple[str, ...] = ()


class ListenerSighting(msgspec.Struct, frozen=True, kw_only=True):
    """Every host that has a public address or is an Intranet server."""

    hosts: tuple[HostListeners, ...] = ()

    def of(self, host: str) -> HostListeners | None:
        """Find what was seen of `host`; None when nobody looked."""
        return next((seen for seen in self.hosts if seen.host == host), None)
