"""9.A.2: how the firewalls themselves are managed."""

from ordinance.judge.management import management_plane
from ordinance.sight.management import ManagementSighting
from ordinance.suite import Check, control


@control("9.A.2/management-plane")
def test_management_plane_is_closed(check: Check, management: ManagementSighting) -> None:
    """The firewall's SSH and SNMP do not answer outside; SNMP refuses default communities and answers v3 authPriv alone."""
    check.settle(management_plane(check.target, management, check.inventory, check.profile))
