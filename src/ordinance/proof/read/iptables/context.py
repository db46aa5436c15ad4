"""What the meaning of a rule hangs on besides its own line."""

from __future__ import annotations

from dataclasses import dataclass, field

from ordinance.proof.fields import IPV4
from ordinance.proof.ir import ALWAYS, Match
from ordinance.proof.read.ipset import IpSets


@dataclass(frozen=True, slots=True)
class Context:
    """Where a rule stands, and what is known of its device.

    `roots`: the built-in chains from which its chain is reached. `later`: what a match of the transport header asks of a
    packet that may be a later fragment (see transport.py). `changing`: sets that some rule of the device changes.
    """

    version: int
    table: str
    roots: frozenset[str]
    later: Match = ALWAYS
    sets: IpSets | None = None
    changing: frozenset[str] = field(default_factory=frozenset)

    @property
    def tool(self) -> str:
        """Return the name of the program that lists these rules."""
        return "iptables" if self.version == IPV4 else "ip6tables"
