"""What must not come in through a firewall, as a policy of the proof: everything else may (9.A.1)."""

from __future__ import annotations

from dataclasses import dataclass

from ordinance.law.model import Profile
from ordinance.proof.fields import IPV4, IPV6, TCP, UDP, ip_range
from ordinance.proof.policy import OFFSET, Address, Policy
from ordinance.proof.space import EVERY, NONE, Set, Space

Ports = tuple[tuple[int, int], ...]  #: IP protocol and port


def telnet_ports(profile: Profile) -> Ports:
    """Return the ports of telnet, by protocol."""
    return tuple((TCP, port) for port in profile.telnet_tcp_ports)


def ftp_ports(profile: Profile) -> Ports:
    """Return the ports of FTP and TFTP, by protocol."""
    return (*((TCP, port) for port in profile.ftp_tcp_ports), *((UDP, port) for port in profile.tftp_udp_ports))


def guarded_ports(profile: Profile) -> Ports:
    """Return all ports that 9.A.1 is about."""
    return (*telnet_ports(profile), *ftp_ports(profile))


@dataclass(frozen=True, slots=True)
class Barred(Policy):
    """Nothing may come in to some ports, () for every port of TCP; `services` are the exceptions.

    `addresses`: of which this is said, (): of all. A packet that address translation has rewritten counts for the family of the
    addresses: where it was going before is not in the set any more.
    """

    ports: Ports = ()
    addresses: tuple[Address, ...] = ()

    def allowed(self, space: Space, stateful: bool) -> Set:
        """Return the packets that may pass."""
        excepted = Policy.allowed(self, space, stateful)
        return space.either(excepted, space.complement(self._barred(space)))

    def _barred(self, space: Space) -> Set:
        """Return whole packets and first fragments to the ports: a later one reaches none by itself."""
        if not self.ports:
            every = space.both(space.ranges("l4proto", [(TCP, TCP)]), space.masked("fragoff", OFFSET, 0) or NONE)
            return space.both(every, self._where(space))
        boxes = [space.box({"l4proto": ((number, number),), "dport": ((port, port),)}) for number, port in self.ports]
        headed = space.both(space.ranges("thdr", [(1, 1)]), space.masked("fragoff", OFFSET, 0) or NONE)
        return space.all_of([space.any_of(boxes), headed, self._where(space)])

    def _where(self, space: Space) -> Set:
        if not self.addresses:
            return EVERY
        found = []
        for family, version in ((IPV4, 4), (IPV6, 6)):
            mine = tuple(ip_range(address) for address in self.addresses if address.version == version)
            if mine:
                here = space.ranges("daddr", mine)
                moved = space.complement(space.ranges("nat", [(0, 0)]))
                found.append(space.both(space.ranges("family", [(family, family)]), space.either(here, moved)))
        return space.any_of(found)
