"""Look "rulesets": what every firewall runs, what it would load when it starts, and which flows it holds open (9.A.1, 9.A.2).

All is read over SSH and nothing is changed: what has to be loaded is loaded in a network namespace that the command makes for
itself and that ends with it. Devices of the firewall's names and numbers stand there, since rules name them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from ordinance.inventory.model import Host, RulesetSource
from ordinance.observe.api import CommandResult, CouldNotLook, Deadline, LookContext, Unseen, VantagePoint, look
from ordinance.observe.safetext import safe_line
from ordinance.sight.rulesets import Device, FirewallRules, Listing, RulesetSighting

SECONDS = 60.0
LISTING_CAP = 64 << 20  #: bytes; a ruleset of 100,000 rules takes 50 MB as JSON
FLOWS_CAP = 16 << 20
TRIES = 3  #: a ruleset may change between two readings of it
LISTED = ("nft", "-j", "list", "ruleset")
PROGRAM = ("nft", "--debug=netlink", "list", "ruleset")
SYSTEM = ("sh", "-c", "uname -sr; nft --version; cat /proc/sys/kernel/random/boot_id")
DEVICES = ("ip", "-j", "address", "show")
FLOWS = ("cat", "/proc/net/nf_conntrack")
#: Devices are made as whatever this kernel can make. $1 says how many NAME INDEX pairs follow; what is left is the caller's.
MAKE_DEVICES = """
n=$1; shift
while [ "$n" -gt 0 ]; do
    made=
    for kind in dummy bridge ifb; do
        ip link add name "$1" index "$2" type "$kind" 2>/dev/null && { made=yes; break; }
    done
    [ "$made" ] || { echo "no device $1 could be made in an empty network namespace" >&2; exit 1; }
    shift 2; n=$((n - 1))
done
"""
RELOADED = MAKE_DEVICES + "nft -j -f - && exec nft --debug=netlink list ruleset"
SAVED_LISTED = MAKE_DEVICES + 'nft -f "$1" && exec nft -j list ruleset'
SAVED_PROGRAM = MAKE_DEVICES + 'nft -f "$1" && exec nft --debug=netlink list ruleset'
LOOPBACK = 1  #: the index of lo, which is in every namespace
#: What of a listing moves by itself: counters, quotas, time left.
_MOVING = re.compile(rb'"(packets|bytes|used|expires|last)": \d+')
_Part = TypeVar("_Part")


@look("rulesets")
def rulesets(context: LookContext) -> RulesetSighting:
    """Read the rulesets of all firewalls."""
    hosts = context.inventory.with_role("firewalls")
    seen = []
    for done, host in enumerate(hosts):
        context.progress(done, len(hosts), f"ruleset of {host.name}")
        seen.append(_firewall(context, host))
    return RulesetSighting(firewalls=tuple(seen))


def _firewall(context: LookContext, host: Host) -> FirewallRules:
    nothing = FirewallRules(host=host.name)
    if host.ruleset is None:
        why = "the inventory does not say how its ruleset is read (`ruleset`)"
        return msgspec.structs.replace(nothing, unseen={"running": why, "saved": why})
    seen = msgspec.structs.replace(nothing, reader=host.ruleset.read, saved_file=host.ruleset.saved)
    try:
        return _Reading(context, host, host.ruleset, seen).read()
    except CouldNotLook as missed:
        if missed.reason is Unseen.HALTED:
            raise
        observed = (missed.observation,) if missed.observation else ()
        return msgspec.structs.replace(seen, unseen={"running": str(missed), "saved": str(missed)}, observations=observed)


class _Reading:
    """The readings of one firewall, one after the other."""

    def __init__(self, context: LookContext, host: Host, source: RulesetSource, seen: FirewallRules) -> None:
        self.context, self.source, self.seen = context, source, seen
        self.machine: VantagePoint = context.door.host(host.name)
        self.deadline = Deadline.after(SECONDS)

    def read(self) -> FirewallRules:
        """Read everything; a part that cannot be read leaves its reason."""
        system, boot = self._system()
        devices, told = self._devices()
        self.seen = msgspec.structs.replace(self.seen, system=system, boot=boot, devices=devices, observations=(told,))
        running = self._part("running", self._running)
        saved = self._part("saved", self._saved)
        flows = self._part("flows", self._flows)
        if self._system()[1] != boot:
            raise CouldNotLook(Unseen.IDENTITY, f"{self.seen.host} was started again between two readings")
        return msgspec.structs.replace(self.seen, running=running, saved=saved, flows=flows)

    def _part(self, name: str, read: Callable[[], _Part]) -> _Part | None:
        try:
            return read()
        except CouldNotLook as missed:
            if missed.reason is Unseen.HALTED:
                raise
            unseen = {**self.seen.unseen, name: str(missed)}
            observed = (*self.seen.observations, *([missed.observation] if missed.observation else []))
            self.seen = msgspec.structs.replace(self.seen, unseen=unseen, observations=observed)
            return None

    def _system(self) -> tuple[str, str]:
        result = self._run(SYSTEM, "who the device is")
        told = [safe_line(line) for line in result.stdout.splitlines()]
        if len(told) != 3:  # noqa: PLR2004 - one line of each of the three programs
            raise CouldNotLook(Unseen.PROTOCOL, "the device did not say what it is", result.observation)
        return f"{told[0]}, {told[1]}", told[2]

    def _devices(self) -> tuple[tuple[Device, ...], str]:
        result = self._run(DEVICES, "its network devices")
        try:
            found = json.loads(result.stdout)
            devices = tuple(_device(entry) for entry in found)
        except (ValueError, LookupError, TypeError) as error:
            raise CouldNotLook(
                Unseen.PROTOCOL, f"ip(8) did not list the devices as JSON ({error})", result.observation
            ) from error
        return devices, result.observation

    def _running(self) -> Listing:
        """List twice around the program: what changed in between is read again."""
        for _ in range(TRIES):
            listed = self._run(LISTED, "nft -j list ruleset", cap=LISTING_CAP)
            program = self._run(PROGRAM, "nft --debug=netlink list ruleset", cap=LISTING_CAP)
            again = self._run(LISTED, "nft -j list ruleset", cap=LISTING_CAP)
            if _still(listed.stdout) == _still(again.stdout):
                return self._listing(again, program)
        raise CouldNotLook(Unseen.PROTOCOL, f"the ruleset changed during each of {TRIES} readings", again.observation)

    def _saved(self) -> Listing:
        listed = self._inside(SAVED_LISTED, self.source.saved)
        return self._listing(listed, self._inside(SAVED_PROGRAM, self.source.saved))

    def _listing(self, listed: CommandResult, program: CommandResult) -> Listing:
        reloaded = self._inside(RELOADED, stdin=listed.stdout)
        text = listed.stdout.decode("utf-8", "backslashreplace")
        if not text.strip():
            raise CouldNotLook(Unseen.PROTOCOL, "nft listed nothing at all", listed.observation)
        return Listing(
            text=text,
            program=program.stdout.decode("utf-8", "backslashreplace"),
            reloaded=reloaded.stdout.decode("utf-8", "backslashreplace"),
            observations=(listed.observation, program.observation, reloaded.observation),
        )

    def _flows(self) -> tuple[str, ...]:
        result = self._run(FLOWS, "/proc/net/nf_conntrack", cap=FLOWS_CAP)
        return tuple(safe_line(line) for line in result.stdout.split(b"\n") if line.strip())

    def _inside(self, script: str, *arguments: str, stdin: bytes = b"") -> CommandResult:
        """Run a script in a network namespace of its own."""
        devices = [device for device in self.seen.devices if device.index != LOOPBACK]
        named = [text for device in devices for text in (device.name, str(device.index))]
        argv = ("unshare", "--net", "sh", "-c", script, "sh", str(len(devices)), *named, *arguments)
        return self._run(argv, "loading it in an empty network namespace", stdin=stdin, cap=LISTING_CAP)

    def _run(self, argv: tuple[str, ...], what: str, *, stdin: bytes = b"", cap: int = 262_144) -> CommandResult:
        result = self.machine.run(argv, self.deadline, stdin=stdin, cap=cap)
        if result.exit_status != 0:
            complaint = safe_line(result.stderr, cap=300)
            raise CouldNotLook(Unseen.TOOL, f"{what} failed with {result.exit_status}: {complaint}", result.observation)
        return result


def _device(entry: dict[str, Any]) -> Device:
    """Take one device out of what ip(8) lists."""
    addresses = tuple(safe_line(str(held["local"])) for held in entry.get("addr_info", ()) if "local" in held)
    return Device(name=safe_line(str(entry["ifname"])), index=int(entry["ifindex"]), addresses=addresses)


def _still(listing: bytes) -> bytes:
    """Return a listing without what moves by itself."""
    return _MOVING.sub(rb'"\1": 0', listing)
