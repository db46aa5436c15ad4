"""9.A.1: telnet and FTP are blocked at the firewall."""

from ordinance.judge.blocked import ftp_blocked, telnet_blocked
from ordinance.sight.perimeter import GuardedSighting
from ordinance.suite import Check, control


@control("9.A.1/telnet-blocked")
def test_telnet_is_blocked(check: Check, guarded_ports: GuardedSighting) -> None:
    """No public address lets telnet through, over IPv4 or IPv6."""
    check.settle(telnet_blocked(check.target, guarded_ports, check.inventory, check.profile))


@control("9.A.1/ftp-blocked")
def test_ftp_is_blocked(check: Check, guarded_ports: GuardedSighting) -> None:
    """No public address lets FTP or TFTP through, over IPv4 or IPv6."""
    check.settle(ftp_blocked(check.target, guarded_ports, check.inventory, check.profile))
