"""Judge every network control on a city that is up, sweeping the first ports only: `few_ports.py LAB LAST_PORT CONTROL...`.

A program of its own, for it moves to the auditor's desk. The looks and the judges are the audit's; what is narrowed is the range
of ports, in the sweep and in what the judges ask for, the public addresses, and the canaries of a round: fewer canaries mean more
rounds until the same bound holds. Where the audit holds the rulesets against a control too, it is told twice: as the audit does,
and "by probes", which shows what a path makes of them alone.

Prints as JSON: control -> [verdict, reason].
"""

import json
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

from ordinance.inventory.load import load
from ordinance.inventory.model import PublicGroup
from ordinance.judge import coverage, inbound, sweeping
from ordinance.judge.blocked import ftp_blocked, telnet_blocked
from ordinance.judge.blocked_by_ruleset import ftp_by_rulesets, joined, tcp_by_rulesets, telnet_by_rulesets
from ordinance.judge.inbound import inbound_tcp
from ordinance.judge.inbound_protocols import inbound_protocols
from ordinance.judge.inbound_udp import inbound_udp
from ordinance.judge.internet_server import through_internet_server
from ordinance.judge.intranet import not_reachable
from ordinance.judge.management import management_plane
from ordinance.judge.names import not_named
from ordinance.judge.services import right_host, speaks_what_it_says
from ordinance.judge.smuggled import no_smuggled_service
from ordinance.judge.stealth import without_holes
from ordinance.lab import state
from ordinance.lab.ns import join_network
from ordinance.law.load import load_profile
from ordinance.observatory import Observatory
from ordinance.observe import looks
from ordinance.observe.api import LOOKS, CouldNotLook, LookContext
from ordinance.observe.door import NetworkDoor
from ordinance.observe.looks import perimeter_sweep
from ordinance.observe.memory import MemoryJournal

PUBLIC = [
    "198.51.100.3", "198.51.100.5", "198.51.100.6", "198.51.100.7", "198.51.100.8",
    "2001:db8:100:1::3", "2001:db8:100:1::5", "2001:db8:100:1::6", "2001:db8:100:1::8",
]  # fmt: skip
#: Canaries of a round. Ten thousand are meant for sweeps of a million ports.
CANARIES = 400


def no_holes(target, sweep, talks, holes, inventory, profile):
    """What ordinary connections show, and the stealth pass."""
    return without_holes(target, inbound_tcp(target, sweep, talks, inventory, profile), holes, inventory)


def no_protocols(target, seen, inventory, profile):
    """The one judge that needs no profile."""
    return inbound_protocols(target, seen, inventory)


#: control -> the looks it rests on, how it is judged, its target
JUDGES = {
    "9.A.1/telnet-blocked": (("guarded-ports",), telnet_blocked, "public"),
    "9.A.1/ftp-blocked": (("guarded-ports",), ftp_blocked, "public"),
    "9.A.1/no-smuggled-service": (("perimeter-sweep", "conversations"), no_smuggled_service, "public"),
    "9.A.2/inbound-tcp": (("perimeter-sweep", "conversations", "stealth"), no_holes, "public"),
    "9.A.2/inbound-udp": (("inbound-udp",), inbound_udp, "public"),
    "9.A.2/inbound-protocols": (("inbound-protocols",), no_protocols, "public"),
    "9.A.2/speaks-what-it-says": (("perimeter-sweep", "conversations"), speaks_what_it_says, "public"),
    "9.A.2/right-host": (("perimeter-sweep", "conversations"), right_host, "public"),
    "9.A.2/management-plane": (("management-plane",), management_plane, "fw"),
    "9.A.3/not-reachable": (("perimeter-sweep", "conversations", "intranet-inside"), not_reachable, "intranet"),
    "9.A.3/not-named": (("public-names", "perimeter-sweep", "conversations"), not_named, "city.example"),
    "9.A.3/through-internet-server": (("perimeter-sweep", "conversations"), through_internet_server, "www"),
}


#: controls that the audit holds the rulesets against too
RULESETS = {
    "9.A.1/telnet-blocked": telnet_by_rulesets,
    "9.A.1/ftp-blocked": ftp_by_rulesets,
    "9.A.2/inbound-tcp": tcp_by_rulesets,
}
BY_PROBES = " by probes"


def narrowed():
    """The embedded city with few public addresses."""
    whole = load(Path(__file__).parents[2] / "inventory" / "lab.yml")
    known = tuple(map(ip_address, PUBLIC))
    public = (PublicGroup(name="public", addresses=known),)
    services = tuple(s for s in whole.services if s.address in known or "outside" not in s.seen_from)
    return replace(whole, public=public, services=services)


def only_the_first(last_port):
    """Sweep and demand the ports up to this one."""
    job = perimeter_sweep._job

    def shorter(*args):
        return {**job(*args), "first_port": 1, "last_port": last_port}

    perimeter_sweep._job = shorter
    perimeter_sweep.CANARIES = CANARIES
    perimeter_sweep.ALL_PORTS = (1, last_port)
    coverage.ALL_PORTS = sweeping.PORTS = inbound.PORTS = last_port


def judge(observatory, control, inventory, profile, with_rulesets):
    """What is said of one control: by name, verdict and reason. A look that could not look is unproven, as in the audit."""
    names, function, target = JUDGES[control]
    try:
        seen = [observatory.see(name) for name in names]
        rulesets = observatory.see("rulesets") if with_rulesets and control in RULESETS else None
    except CouldNotLook as missed:
        return {control: ["unproven", f"could not look: {missed}"]}
    found = {control: function(target, *seen, inventory=inventory, profile=profile)}
    if rulesets is not None:
        proven = RULESETS[control](target, rulesets, inventory, profile, datetime.now(UTC).date())
        found = {control: joined(target, found[control], proven), control + BY_PROBES: found[control]}
    return {name: [verdict.state.value, verdict.reason] for name, verdict in found.items()}


def looked(controls, inventory, profile, *, with_rulesets=False):
    """Make the looks that these controls rest on, side by side and once, and judge: control -> [verdict, reason]."""
    door = NetworkDoor(inventory, MemoryJournal())
    observatory = Observatory(
        LOOKS, lambda look: LookContext(door=door.for_look(look), inventory=inventory, profile=profile, sight=lambda _: None)
    )
    for name in dict.fromkeys(name for control in controls for name in JUDGES[control][0]):
        observatory.start(name)
    if with_rulesets:
        observatory.start("rulesets")
    try:
        said = [judge(observatory, control, inventory, profile, with_rulesets) for control in controls]
        return {name: found for one in said for name, found in one.items()}
    finally:
        door.close()


def sit_down(lab_name, last_port):
    """Move this process to the auditor's desk of the lab and narrow the sweep; the lab."""
    os.environ["ORDINANCE_LAB"] = lab_name  # whose secrets `lab:NAME` are
    looks.register_all()
    only_the_first(last_port)
    lab = state.find(lab_name)
    join_network(lab.pid_of("itd"))
    return lab


def main(lab_name, last_port, controls):
    """Look and judge."""
    sit_down(lab_name, int(last_port))
    sys.stdout.write(json.dumps(looked(controls, narrowed(), load_profile("default"), with_rulesets=True)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:] or list(JUDGES))
