"""9.A.3: the Intranet is inside; the public goes to the Internet server."""

from ordinance.judge.internet_server import through_internet_server
from ordinance.judge.intranet import not_reachable
from ordinance.judge.names import not_named
from ordinance.sight.intranet import IntranetSighting
from ordinance.sight.names import NamesSighting
from ordinance.sight.perimeter import ConversationSighting, SweepSighting
from ordinance.suite import Check, control


@control("9.A.3/not-reachable")
def test_intranet_is_not_reachable(
    check: Check, perimeter_sweep: SweepSighting, conversations: ConversationSighting, intranet_inside: IntranetSighting
) -> None:
    """No port of an Intranet server answers from outside, by public or inside address, over IPv4 or IPv6."""
    seen = perimeter_sweep, conversations, intranet_inside
    check.settle(not_reachable(check.target, *seen, inventory=check.inventory, profile=check.profile))


@control("9.A.3/not-named")
def test_intranet_is_not_named(
    check: Check, public_names: NamesSighting, perimeter_sweep: SweepSighting, conversations: ConversationSighting
) -> None:
    """Public DNS has no record of the Intranet server and gives no zone away; no certificate of a public host names it."""
    seen = public_names, perimeter_sweep, conversations
    check.settle(not_named(check.target, *seen, inventory=check.inventory, profile=check.profile))


@control("9.A.3/through-internet-server")
def test_public_web_is_the_internet_server(
    check: Check, perimeter_sweep: SweepSighting, conversations: ConversationSighting
) -> None:
    """The public web answers on the Internet server and nowhere else."""
    check.settle(through_internet_server(check.target, perimeter_sweep, conversations, check.inventory, check.profile))
