"""9.A.2: inbound, the firewall lets only SMTP and NNTP through, each to its own hosts."""

from ordinance.judge.blocked_by_ruleset import joined, tcp_by_rulesets
from ordinance.judge.inbound import inbound_tcp
from ordinance.judge.services import right_host, speaks_what_it_says
from ordinance.judge.stealth import without_holes
from ordinance.sight.crossing import CrossingSighting
from ordinance.sight.perimeter import ConversationSighting, SweepSighting
from ordinance.sight.rulesets import RulesetSighting
from ordinance.suite import Check, control


@control("9.A.2/inbound-tcp")
def test_only_mail_and_news_come_in(
    check: Check, perimeter_sweep: SweepSighting, conversations: ConversationSighting, stealth: CrossingSighting,
    rulesets: RulesetSighting,
) -> None:  # fmt: skip
    """Of all TCP ports of every public address, only those of mail, news and the declared readings are open, to any segment."""
    swept = inbound_tcp(check.target, perimeter_sweep, conversations, check.inventory, check.profile)
    probed = without_holes(check.target, swept, stealth, check.inventory)
    proven = tcp_by_rulesets(check.target, rulesets, check.inventory, check.profile, check.today)
    check.settle(joined(check.target, probed, proven))


@control("9.A.2/speaks-what-it-says")
def test_open_ports_speak_what_they_say(
    check: Check, perimeter_sweep: SweepSighting, conversations: ConversationSighting
) -> None:
    """SMTP ports speak SMTP, NNTP ports speak NNTP, and every declared service is who it should be."""
    check.settle(speaks_what_it_says(check.target, perimeter_sweep, conversations, check.inventory, check.profile))


@control("9.A.2/right-host")
def test_mail_and_news_stand_on_their_hosts(
    check: Check, perimeter_sweep: SweepSighting, conversations: ConversationSighting
) -> None:
    """SMTP answers only on mail gateways and NNTP only on news hosts."""
    check.settle(right_host(check.target, perimeter_sweep, conversations, check.inventory, check.profile))
