"""9.A.2: beside TCP, the firewall lets nothing in: no UDP service, no other IP protocol."""

from ordinance.judge.inbound_protocols import inbound_protocols
from ordinance.judge.inbound_udp import inbound_udp
from ordinance.sight.crossing import CrossingSighting
from ordinance.suite import Check, control


@control("9.A.2/inbound-udp")
def test_no_udp_service_comes_in(check: Check, udp_services: CrossingSighting) -> None:
    """No UDP service of a public address answers or is let through, but what the profile reads as public."""
    check.settle(inbound_udp(check.target, udp_services, check.inventory, check.profile))


@control("9.A.2/inbound-protocols")
def test_no_other_protocol_comes_in(check: Check, other_protocols: CrossingSighting) -> None:
    """No IP protocol but those of the allowed services is let through."""
    check.settle(inbound_protocols(check.target, other_protocols, check.inventory))
