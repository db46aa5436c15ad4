"""9.A.1: telnet and FTP are blocked at the firewall."""

from ordinance.judge.blocked import ftp_blocked, telnet_blocked
from ordinance.judge.blocked_by_ruleset import ftp_by_rulesets, joined, telnet_by_rulesets
from ordinance.judge.smuggled import no_smuggled_service
from ordinance.sight.perimeter import ConversationSighting, GuardedSighting, SweepSighting
from ordinance.sight.rulesets import RulesetSighting
from ordinance.suite import Check, control


@control("9.A.1/telnet-blocked")
def test_telnet_is_blocked(check: Check, guarded_ports: GuardedSighting, rulesets: RulesetSighting) -> None:
    """No public address lets telnet through, over IPv4 or IPv6."""
    probed = telnet_blocked(check.target, guarded_ports, check.inventory, check.profile)
    proven = telnet_by_rulesets(check.target, rulesets, check.inventory, check.profile, check.today)
    check.settle(joined(check.target, probed, proven))


@control("9.A.1/ftp-blocked")
def test_ftp_is_blocked(check: Check, guarded_ports: GuardedSighting, rulesets: RulesetSighting) -> None:
    """No public address lets FTP or TFTP through, over IPv4 or IPv6."""
    probed = ftp_blocked(check.target, guarded_ports, check.inventory, check.profile)
    proven = ftp_by_rulesets(check.target, rulesets, check.inventory, check.profile, check.today)
    check.settle(joined(check.target, probed, proven))


@control("9.A.1/no-smuggled-service")
def test_no_open_port_speaks_telnet_or_ftp(
    check: Check, perimeter_sweep: SweepSighting, conversations: ConversationSighting
) -> None:
    """No open port of any number speaks telnet or FTP, within TLS either."""
    check.settle(no_smuggled_service(check.target, perimeter_sweep, conversations, check.inventory, check.profile))
