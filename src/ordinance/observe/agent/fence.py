"""The inventory's scope in the vantage's own kernel: while the agent is at work, packets of its sockets go nowhere else.

A second lock behind the one in the audit process, which checks every job. The rules stand in an nftables table that belongs to a
process of the agent's (flag `owner`, Linux 5.12): however that ends, the kernel removes them. They concern no other process: the
agent's sockets are told apart by a file system uid (setfsuid(2)) that nobody has, which changes nothing else that root may do.
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
        self.tell(rules(self.table, self.uid, scope))
        if not self.stands():
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

    def stands(self) -> bool:
        """Whether the kernel has the table, once the keeper has had time to hand it over."""
        end = time.monotonic() + UP_SECONDS
        while time.monotonic() < end and self.keeper.poll() is None:
            if self.counted() is not None:
                return True
            time.sleep(0.01)
        return False

    def counted(self) -> dict[str, int] | None:
        """Packets that were let through and stopped; None while there is no such table."""
        try:
            said = subprocess.run(
                ["nft", "-j", "list", "counters", "table", "inet", self.table],  # noqa: S607 - as above
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={"PATH": PATHS}, timeout=NFT_SECONDS, check=False,
            )  # fmt: skip
            found = [entry["counter"] for entry in json.loads(said.stdout or b"{}").get("nftables", ()) if "counter" in entry]
        except (OSError, ValueError, subprocess.SubprocessError):
            return None
        return {counter["name"]: counter["packets"] for counter in found} or None

    def down(self) -> dict[str, int] | None:
        """Take it away; what it counted, None when nobody knows. The agent must send nothing afterwards."""
        counts = self.counted()
        self.keeper.kill()
        self.keeper.wait()
        return counts


def rules(table: str, uid: int, scope: dict[str, list[str]]) -> str:
    """Write the table in one line: deny before allow, and nothing that neither names."""
    parts = ["flags owner;", "counter passed { };", "counter stopped { };"]
    # named in every rule: a packet without a socket (a reset, a last ACK, neighbour discovery) has no uid, and is not ours
    ours = f"meta skuid {uid}"
    chain = []
    for version, keyword, kind in FAMILIES:
        for side, fate in (("deny", "counter name stopped drop"), ("allow", "counter name passed accept")):
            networks = [network for network in scope.get(side, ()) if (":" in network) == (version == "6")]
            if networks:
                name, listed = f"{side}{version}", ", ".join(networks)
                parts.append(f"set {name} {{ type {kind}; flags interval; auto-merge; elements = {{ {listed} }}; }};")
                chain.append(f"{ours} {keyword} daddr @{name} {fate};")
    chain.append(f"{ours} counter name stopped drop;")
    hook = "type filter hook output priority -160; policy accept;"
    return f"table inet {table} {{ {' '.join(parts)} chain out {{ {hook} {' '.join(chain)} }}; }}"


def set_fsuid(uid: int) -> None:
    """Own the sockets this thread makes from now on, and those of its children."""
    ctypes.CDLL(None).setfsuid(ctypes.c_uint32(uid))


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
    try:
        result = dict(work(job, *words))
    finally:
        counts = fence.down()
    if counts is None:
        return {"error": "what the kernel's rules stopped could not be read"}
    if counts.get("stopped"):
        return {"error": f"{counts['stopped']} packets to addresses outside the scope were stopped on the way out"}
    # A fence that saw no packet of a job that sends some does not know our sockets.
    if not counts.get("passed"):
        return dict(result, fence={"up": False, "why": "no packet of the agent was seen by the kernel's rules"})
    return dict(result, fence=dict(counts, up=True))
