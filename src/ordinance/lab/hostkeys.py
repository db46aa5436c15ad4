"""Print the public SSH host keys of the city, for an inventory to pin: `python -m ordinance.lab.hostkeys`."""

from __future__ import annotations

import sys

from ordinance.lab.city import city_folder, read_city
from ordinance.lab.secrets import host_key, public_line
from ordinance.lab.topology import Topology


def lines(topology: Topology) -> list[str]:
    """One line a host: its name, then its key as in known_hosts."""
    return [f"{host} {public_line(host_key(host))}" for host in topology.hosts]


if __name__ == "__main__":
    sys.stdout.write("".join(f"{line}\n" for line in lines(read_city(city_folder()).topology)))
