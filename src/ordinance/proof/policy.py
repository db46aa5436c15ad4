"""What may pass, as data and as a set: services that the policy allows in, and the readings that a proof rests on."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from ordinance.proof.fields import CT_STATES, ICMP, ICMPV6, IPV4, IPV6, TCP, UDP, Range, interface, ip_range
from ordinance.proof.space import NONE, Set, Space

Address = IPv4Address | IPv6Address
PROTOCOLS = {"tcp": TCP, "udp": UDP}
PERIMETER = "9.A.2: inbound only SMTP to mail gateways and NNTP to news hosts"
#: The offset in `fragoff`; the flags beside it make no later fragment
OFFSET = 0x1FFF
#: RST and ACK: a segment with either begins no connection (RFC 9293, 3.10.7.2)
REPLY_FLAGS = 0x14
ICMP_READING = "ICMP and ICMPv6 carry errors and neighbour discovery, and no service"
FRAGMENT_READING = "later fragments to an allowed address and protocol come to nothing without their first one (RFC 1858)"
REPLY_READING = "a router without states lets TCP segments with ACK or RST in, which begin no connection (RFC 9293)"
STATE_READING = "packets of established and related connections belong to one that was judged when it began"


@dataclass(frozen=True, slots=True)
class Service:
    """What may come in: a protocol's ports on some addresses, and why."""

    addresses: tuple[Address, ...]
    protocol: str  #: "tcp" | "udp"
    ports: tuple[Range, ...]
    why: str
    sources: tuple[IPv4Network | IPv6Network, ...] = ()  #: from where; (): from anywhere


@dataclass(frozen=True, slots=True)
class Policy:
    """What may come in from outside; everything that does not come from outside is allowed here."""

    services: tuple[Service, ...]
    outside: tuple[str, ...]  #: interfaces that face outside, `*` at the end for all that begin so; (): every interface does
    rule: str = PERIMETER
    icmp: bool = True
    later_fragments: bool = True
    stateless_replies: bool = True  #: of rulesets that know no connections only
    granted: tuple[str, ...] = ()  #: exceptions among the services, in words

    def readings(self, stateful: bool) -> tuple[str, ...]:
        """Return what a proof under this policy takes for granted."""
        found = [STATE_READING] if stateful else [REPLY_READING] if self.stateless_replies else []
        found += [ICMP_READING] if self.icmp else []
        return (*found, *([FRAGMENT_READING] if self.later_fragments else []), *self.granted)

    def from_outside(self, space: Space) -> Set:
        """Return the packets that come in from outside."""
        if not self.outside:
            return space.complement(NONE)
        return space.ranges("iif", [interface(name.removesuffix("*"), name.endswith("*")) for name in self.outside])

    def allowed(self, space: Space, stateful: bool) -> Set:
        """Return the packets that may pass."""
        found = [space.complement(self.from_outside(space))]
        found += [self._service(space, service) for service in self.services]
        if self.icmp:
            found.append(space.box({"family": ((IPV4, IPV4),), "l4proto": ((ICMP, ICMP),)}))
            found.append(space.box({"family": ((IPV6, IPV6),), "l4proto": ((ICMPV6, ICMPV6),)}))
        if stateful:
            found.append(space.ranges("ct", [(CT_STATES[name],) * 2 for name in ("established", "related")]))
        elif self.stateless_replies:
            begins = space.masked("flags", REPLY_FLAGS, 0) or NONE
            tcp = space.box({"l4proto": ((TCP, TCP),), "thdr": ((1, 1),)})
            found.append(space.minus(tcp, begins))
        return space.any_of(found)

    def _service(self, space: Space, service: Service) -> Set:
        """Its ports in a whole packet or a first fragment; in a later one no port can be read, and none is reached."""
        number = PROTOCOLS[service.protocol]
        first = space.masked("fragoff", OFFSET, 0) or NONE
        ports = space.both(space.box({"thdr": ((1, 1),), "dport": service.ports}), first)
        reached = space.either(ports, space.complement(first)) if self.later_fragments else ports
        to = [space.both(self._to(space, family, service), reached) for family in (IPV4, IPV6)]
        return space.both(space.either(*to), space.ranges("l4proto", [(number, number)]))

    @staticmethod
    def _to(space: Space, family: int, service: Service) -> Set:
        version = 4 if family == IPV4 else 6
        addresses = tuple(ip_range(address) for address in service.addresses if address.version == version)
        region: dict[str, tuple[Range, ...]] = {"daddr": addresses, "family": ((family, family),)}
        if service.sources:
            nets = [net for net in service.sources if net.version == version]
            region["saddr"] = tuple(ip_range(net.network_address, net.broadcast_address) for net in nets)
        return space.box(region)
