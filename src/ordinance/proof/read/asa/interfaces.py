"""Interfaces of the ASA: name, security level, addresses.

Source: "Cisco ASA Series General Operations CLI Configuration Guide", Security Levels; Management-only interface.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address

from ordinance.proof.read.asa.known import INTERFACE
from ordinance.proof.read.asa.objects import Host, Objects
from ordinance.proof.read.cisco.config import Command
from ordinance.proof.read.cisco.words import Words
from ordinance.proof.read.text import LineError, Problems, decimal, shown

_MOST_LEVEL = 100


@dataclass(slots=True)
class Interface:
    """One interface that has a name. `hosts`: its own addresses; None: they are not in the text (DHCP, PPPoE)."""

    name: str
    line: int
    level: int
    management: bool = False
    hosts: list[Host] | None = field(default_factory=list)
    unread: list[Command] = field(default_factory=list)


def interface_of(command: Command, objects: Objects, problems: Problems) -> Interface | None:
    """Read the commands beneath an interface; None for one without a nameif, which carries no traffic."""
    of = {line.words[0]: line for line in command.below}
    name = of.get("nameif")
    if name is None:
        return None
    found = Interface(Words(name.words[1:]).take("a name"), command.line, _MOST_LEVEL if name.words[1:] == ("inside",) else 0)
    found.management = "management-only" in of
    for line in command.below:
        with problems.at(line.line):
            _take(line, found, objects)
    return found


def _take(line: Command, found: Interface, objects: Objects) -> None:
    words = Words(line.words)
    if words.has("security-level"):
        level = decimal(words.take("a level"), _MOST_LEVEL)
        if level is None:
            raise LineError(f"{shown(line.words[1])} is no security level", f"0 to {_MOST_LEVEL}")
        found.level = level
    elif line.words[:2] in (("ip", "address"), ("ipv6", "address")):
        _address(line, found, objects)
    elif line.words[0] not in INTERFACE:
        found.unread.append(line)


def _address(line: Command, found: Interface, objects: Objects) -> None:
    text = Words(line.words[2:]).take("an address").partition("/")[0]
    if text in ("dhcp", "pppoe", "autoconfig", "setroute"):
        found.hosts = None
    elif found.hosts is not None:
        if line.words[0] == "ip":
            found.hosts.append(objects.address(text))
            return
        try:
            found.hosts.append(ip_address(text))
        except ValueError:
            found.hosts = None  # a prefix with a name, or an address that the interface makes itself
