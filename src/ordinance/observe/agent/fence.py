"""The inventory's scope in the vantage's own kernel: while the agent is at work, packets of its sockets go nowhere else.

A second lock behind the one in the audit process, which checks every job. The rules stand in an nftables table that belongs to a
process of the agent's (flag `owner`, Linux 5.12): however that ends, the kernel removes them. They concern no other process: the
agent's sockets are told apart by a file system uid (setfsuid(2)) that nobody has, which changes nothing else that root may do.

Frames of packet sockets take another way out than packets. Before an engine sends any, it has `hold_frames` put the same rules
on the egress of its devices (hook `egress` of the family netdev, Linux 5.16), which such frames do pass.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import time
from collections.abc import Sequence
from typing import Any

#: No uid that systemd.io/UIDS-GIDS hands out to anybody; below it one that exists in a user namespace of 65536.
UIDS = (2_000_000_000, 40_000)
FAMILIES = ("4", "ip", "ipv4_addr"), ("6", "ip6", "ipv6_addr")
#: Jobs that send no packet: a firewall that only watches is given no table.
SILENT_JOBS = ("watch", "own")
PACKETS, FRAMES = "inet", "netdev"  # families of the two tables
CAPABILITY_VERSION_3 = 0x20080522  # capget(2)
UP_SECONDS = 2.0
NFT_SECONDS = 10.0  # for one listing: nft reads the whole ruleset for it, a second where a set holds 262,144 addresses
PATHS = "/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/sbin"


class NoFence(Exception):
    """Why the kernel of this vantage cannot be asked to keep the scope."""


class Fence:
    """Up from `__init__` to `down`; NoFence when it cannot be. `scope` is {"allow": [network ...], "deny": [network ...]}."""

    def __init__(self, scope: dict[str, list[str]]) -> None:
        if os.geteuid() != 0:
            raise NoFence("the agent is not root there")
        pid = os.getpid()
        self.scope = scope
        self.frames = "no frames were announced"  # why frames are not held to the scope; empty when they are
        self.table = f"ordinance_{pid}"
        self.uid = next((base + pid % 20_000 for base in UIDS if can_be(base + pid % 20_000)), 0)
        if not self.uid:
            raise NoFence("no spare uid is to be had there")
        try:
            self.keeper = subprocess.Popen(
                ["nft", "-i"],  # noqa: S607 - where nft is differs from vantage to vantage; PATH is ours
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"PATH": PATHS},
            )
        except OSError:
            raise NoFence("there is no nft") from None
        self.tell(rules(PACKETS, self.table, self.uid, scope, "type filter hook output priority -160"))
        if not self.stands(PACKETS):
            self.down()
            raise NoFence("nft took no table of our own (it needs CAP_NET_ADMIN and Linux 5.12)")
        set_fsuid(self.uid)

    def tell(self, text: str) -> None:
        """Give the keeper of the table one line, which it does as a whole or not at all."""
        if self.keeper.stdin is not None:
            try:
                self.keeper.stdin.write(text.encode() + b"\n")
                self.keeper.stdin.flush()
            except OSError:
                pass  # it has ended, as `stands` will say

    def hold_frames(self, devices: Sequence[str]) -> None:
        """Hold the frames that leave by these devices to the scope, where the kernel can."""
        if not devices or any(set(device) & set('"\\') for device in devices):
            self.frames = "a device there has a name that nft does not take"
            return
        named = ", ".join(f'"{device}"' for device in devices)
        hook = f"type filter hook egress devices = {{ {named} }} priority 0"
        self.tell(rules(FRAMES, self.table, self.uid, self.scope, hook))
        held = self.stands(FRAMES)
        self.frames = "" if held else "its frames do not pass the rules for packets, and nft hooked no egress (Linux 5.16)"

    def stands(self, family: str) -> bool:
        """Whether the kernel has the table, once the keeper has had time to hand it over."""
        end = time.monotonic() + UP_SECONDS
        while time.monotonic() < end and self.keeper.poll() is None:
            if self.counted(family) is not None:
                return True
            time.sleep(0.01)
        return False

    def counted(self, family: str) -> dict[str, int] | None:
        """Packets that were let through and stopped; None while there is no such table."""
        try:
            said = subprocess.run(
                ["nft", "-j", "list", "counters", "table", family, self.table],  # noqa: S607 - as above
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={"PATH": PATHS}, timeout=NFT_SECONDS, check=False,
            )  # fmt: skip
            found = [entry["counter"] for entry in json.loads(said.stdout or b"{}").get("nftables", ()) if "counter" in entry]
        except (OSError, ValueError, subprocess.SubprocessError):
            return None
        return {counter["name"]: counter["packets"] for counter in found} or None

    def down(self) -> dict[str, dict[str, int] | None]:
        """Take it away; what each table counted, None when nobody knows. The agent must send nothing afterwards."""
        counts = {family: self.counted(family) for family in ([PACKETS] if self.frames else [PACKETS, FRAMES])}
        self.keeper.kill()
        self.keeper.wait()
        return counts


#: The fence that is up, if one is.
STANDING: list[Fence] = []


def hold_frames(devices: Sequence[str]) -> None:
    """Have the fence, where there is one, hold frames that leave by these devices too. Their sockets must be made behind it."""
    for fence in STANDING:
        fence.hold_frames(devices)


def rules(family: str, table: str, uid: int, scope: dict[str, list[str]], hook: str) -> str:
    """Write a table in one line: deny before allow, and nothing that neither names."""
    parts = ["flags owner;", "counter passed { };", "counter stopped { };"]
    chain = []
    for version, keyword, kind in FAMILIES:
        for side, fate in (("deny", "counter name stopped drop"), ("allow", "counter name passed accept")):
            networks = [network for network in scope.get(side, ()) if (":" in network) == (version == "6")]
            if networks:
                name, listed = f"{side}{version}", ", ".join(networks)
                parts.append(f"set {name} {{ type {kind}; flags interval; auto-merge; elements = {{ {listed} }}; }};")
                chain.append(f"{keyword} daddr @{name} {fate};")
    parts.append(f"chain ours {{ {' '.join(chain)} counter name stopped drop; }};")
    # Asked once a packet: the kernel locks the socket for it, which two senders share. A packet without a socket (a reset, a last
    # ACK, neighbour discovery) has no uid, so it matches no rule, and is not ours.
    return f"table {family} {table} {{ {' '.join(parts)} chain out {{ {hook}; policy accept; meta skuid {uid} jump ours; }}; }}"


def set_fsuid(uid: int) -> None:
    """Own the sockets this thread makes from now on, and those of its children.

    With root's file system uid the kernel takes its rights over files away (capabilities(7)), and Python could no longer read
    modules that only root may: what was there before is taken back.
    """
    libc = ctypes.CDLL(None)
    header, held = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    known = libc.capget(header, held) == 0
    libc.setfsuid(ctypes.c_uint32(uid))
    if known:
        libc.capset(header, held)


def can_be(uid: int) -> bool:
    """Whether setfsuid(2), which says nothing, takes this uid."""
    libc = ctypes.CDLL(None)
    libc.setfsuid(ctypes.c_uint32(uid))
    taken = int(libc.setfsuid(ctypes.c_uint32(0xFFFFFFFF))) & 0xFFFFFFFF
    libc.setfsuid(ctypes.c_uint32(os.geteuid()))
    return taken == uid


def fenced(job: dict[str, Any], work: Any, words: Sequence[Any]) -> dict[str, Any]:
    """Do a job behind the fence, where there can be one; "fence" in the result says what became of that."""
    scope = job.get("scope")
    if scope is None or job.get("job") in SILENT_JOBS:
        return dict(work(job, *words))
    try:
        fence = Fence(scope)
    except NoFence as why:
        return dict(work(job, *words), fence={"up": False, "why": str(why)})
    STANDING.append(fence)
    try:
        result = dict(work(job, *words))
    finally:
        STANDING.clear()
        counts = fence.down()
    return judged(result, fence.frames, counts)


def judged(result: dict[str, Any], unheld: str, counts: dict[str, dict[str, int] | None]) -> dict[str, Any]:
    """Say in a result what the fence saw; or that it is none, when something was stopped or nobody knows.

    A result that names "devices" is of a job that sent its "probes" as frames: what the rules for packets saw is not them.
    """
    known = [seen for seen in counts.values() if seen is not None]
    if len(known) < len(counts):
        return {"error": "what the kernel's rules stopped could not be read"}
    stopped = sum(seen.get("stopped", 0) for seen in known)
    if stopped:
        return {"error": f"{stopped} packets to addresses outside the scope were stopped on the way out"}
    sent, passed = 1, (counts[PACKETS] or {}).get("passed", 0)
    if result.get("devices"):
        if unheld:
            return dict(result, fence={"up": False, "why": unheld})
        sent, passed = result["probes"], (counts[FRAMES] or {}).get("passed", 0)
    # A fence that saw no packet of a job that sends some does not know our sockets.
    if passed < sent:
        why = "no packet" if not passed else f"only {passed} of {sent} packets"
        return dict(result, fence={"up": False, "why": f"{why} of the agent was seen by the kernel's rules"})
    return dict(result, fence={"up": True, "passed": passed, "stopped": 0})
