"""9.A.2: beside TCP, the firewall lets nothing in: no UDP service."""

from ordinance.judge.inbound_udp import inbound_udp
from ordinance.sight.crossing import CrossingSighting
from ordinance.suite import Check, control


@control("9.A.2/inbound-udp")
def test_no_udp_service_comes_in(check: Check, udp_services: CrossingSighting) -> None:
    """No UDP service of a public address answers or is let through, but what the profile reads as public."""
    check.settle(inbound_udp(check.target, udp_services, check.inventory, check.profile))
