"""What was read of the firewalls' rulesets: listings as the device printed them, and what its kernel made of them.

A listing is not a faithful picture of what the kernel runs (docs/decisions/proof.md), so each comes with two programs: the
kernel's own, and the kernel's own after the listing was loaded back into an empty network namespace. Where they differ, the
listing lies.
"""

from __future__ import annotations

import msgspec


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """A network device of a firewall, with the addresses it carries as text."""

    name: str
    index: int
    addresses: tuple[str, ...] = ()


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """One ruleset: `text` as listed (nft -j), `program` of its kernel, `reloaded` of a kernel that was given `text`."""

    text: str
    program: str
    reloaded: str
    observations: tuple[str, ...]


class FirewallRules(msgspec.Struct, frozen=True, kw_only=True):
    """The rulesets of one firewall. What could not be read is None, and `unseen` says why, by name of what is missing."""

    host: str
    reader: str = ""  #: "nftables"; "": the inventory does not say how it is read
    system: str = ""  #: kernel and program, as the device names them
    boot: str = ""  #: boot id of the device: the same one before and after the readings
    devices: tuple[Device, ...] = ()
    running: Listing | None = None
    saved: Listing | None = None  #: what loading the saved file gives, in an empty network namespace
    saved_file: str = ""
    flows: tuple[str, ...] | None = None  #: established connections, lines of conntrack; None: not read
    unseen: dict[str, str] = {}
    observations: tuple[str, ...] = ()


class RulesetSighting(msgspec.Struct, frozen=True, kw_only=True):
    """Every firewall of the inventory."""

    firewalls: tuple[FirewallRules, ...] = ()

    def of(self, host: str) -> FirewallRules | None:
        """Find what was read of `host`; None when nobody looked."""
        return next((seen for seen in self.firewalls if seen.host == host), None)
