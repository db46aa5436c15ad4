"""What was seen of a firewall's management plane: from outside its ports, from inside how its SNMP agent guards itself."""

from __future__ import annotations

import msgspec

from ordinance.sight.perimeter import CarefulAddress, EchoProof


class SnmpTry(msgspec.Struct, frozen=True, kw_only=True):
    """One SNMP GET from inside. `missed` says in a word why there was no value ("no-answer", "credentials"), empty with one."""

    version: str  #: "1" | "2c" | "3"
    level: str = ""  #: version 3: "noAuthNoPriv" | "authNoPriv" | "authPriv"
    community: str = ""  #: versions 1 and 2c; only well-known ones, so no secret
    missed: str = ""
    said: str = ""  #: safe text: the value, or what was said instead
    observation: str = ""

    @property
    def answered(self) -> bool:
        """Whether the agent gave a value."""
        return not self.missed


class OuterAddress(msgspec.Struct, frozen=True, kw_only=True):
    """One address of a firewall as the outside sees it. A port of the look may stand there several times, once a payload."""

    address: str
    careful: CarefulAddress | None = None
    unseen: str = ""  #: why it was not asked; empty when it was


class FirewallSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One firewall. `before` and `after` are the right user with authPriv around the tries that must fail."""

    host: str
    outer: tuple[OuterAddress, ...] = ()
    before: SnmpTry | None = None
    tries: tuple[SnmpTry, ...] = ()
    after: SnmpTry | None = None


class ManagementSighting(msgspec.Struct, frozen=True, kw_only=True):
    """Every firewall, and the proofs that the vantage can emit to the ports in question."""

    vantage: str
    firewalls: tuple[FirewallSeen, ...]
    echoes: tuple[EchoProof, ...] = ()

    def of(self, host: str) -> FirewallSeen | None:
        """Find what was seen of one firewall; None when nobody looked."""
        return next((seen for seen in self.firewalls if seen.host == host), None)

    def echoed(self, family: int, transport: str, port: int) -> EchoProof | None:
        """Find the proof that the vantage can emit to this port."""
        return next((e for e in self.echoes if (e.family, e.transport, e.port) == (family, transport, port) and e.echoed), None)
