"""Make one tunnel sweep from the auditor's desk of a city: `at_the_tunnel.py LAB SSH_PORT JOB`. A program of its own.

Prints as JSON the result, what was recorded, and how many channels were asked for; or why it could not look.
"""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

from ordinance.inventory.load import load
from ordinance.lab import state
from ordinance.lab.ns import join_network
from ordinance.observe.api import CouldNotLook, Deadline
from ordinance.observe.door import NetworkDoor
from ordinance.observe.memory import MemoryJournal

INVENTORY = load(Path(__file__).parents[2] / "inventory" / "lab.yml")


def city_with(port, pace):
    """The city's inventory, its vantage's SSH server on another port, and a pace."""
    host = INVENTORY.hosts["outside"]
    hosts = {**INVENTORY.hosts, "outside": replace(host, ssh=replace(host.ssh, port=port))}
    return replace(INVENTORY, hosts=hosts, pace=replace(INVENTORY.pace, **pace))


def main(lab_name, port, job):
    """Sweep once."""
    os.environ["ORDINANCE_LAB"] = lab_name
    join_network(state.find(lab_name).pid_of("itd"))
    journal = MemoryJournal()
    shared = NetworkDoor(city_with(port, job.pop("pace", {})), journal)
    try:
        last, observation = shared.for_look("selftest").at("outside").tunnel(job, Deadline.after(120.0), lambda _line: None)
        told = {"last": last, "details": journal.find(observation).details}
    except CouldNotLook as missed:
        told = {"missed": [missed.reason.value, missed.detail]}
    shared.close()
    told["records"] = [[seen.action, seen.outcome] for seen in journal.contacts]
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3]))
