"""Three throw-away network namespaces in a row, and the ruleset of the one in the middle.

src 10.9.0.0/16, fd09::/48 - fw 10.1.0.1, 10.7.0.0/28, fd01::1, fd07::/124 - dst 10.8.0.0/16, fd08::/48
Neighbours are fixed, so that nothing waits for an answer. The namespaces live as long as a `cat` each.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

from ordinance.lab.ns import join_network, return_network

MAC = {"s0": "02:00:00:00:00:01", "f0": "02:00:00:00:00:02", "f1": "02:00:00:00:00:03", "d0": "02:00:00:00:00:04"}
LINKS = (("src", "s0", "fw", "f0"), ("fw", "f1", "dst", "d0"))
#: Everything unknown goes back to where it came from: an answer of fw (reject) must find its way, and never to dst.
ROUTES = (
    ("10.9.0.0/16", "10.1.0.2", "f0"),
    ("10.8.0.0/16", "10.2.0.2", "f1"),
    ("default", "10.1.0.2", "f0"),
    ("fd09::/32", "fd01::2", "f0"),
    ("fd08::/32", "fd02::2", "f1"),
    ("default", "fd01::2", "f0"),
)
ADDRESSES = (("10.1.0.1/24", "f0"), ("10.2.0.1/24", "f1"), ("fd01::1/64", "f0"), ("fd02::1/64", "f1"))
NEIGHBOURS = (("10.1.0.2", "f0", "s0"), ("10.2.0.2", "f1", "d0"), ("fd01::2", "f0", "s0"), ("fd02::2", "f1", "d0"))
SETTINGS = {
    "fw": (
        "ipv4/ip_forward=1",
        "ipv6/conf/all/forwarding=1",
        "ipv4/conf/all/rp_filter=0",
        "ipv4/conf/default/rp_filter=0",
        "ipv4/conf/f0/rp_filter=0",
        "ipv4/conf/f1/rp_filter=0",
    )
}
QUIET = ("ipv6/conf/all/accept_dad=0", "ipv6/conf/default/accept_dad=0", "ipv6/conf/default/router_solicitations=0")
NETLINK_NETFILTER = 12
#: Forget every connection (IPCTNL_MSG_CT_DELETE without a filter).
FORGET = struct.pack("=IHHIIBBH", 20, 1 << 8 | 2, 5, 1, 0, 0, 0, 0)
Made = TypeVar("Made")


class Said(NamedTuple):
    """What a command answered."""

    status: int
    out: str
    err: str


class Bed:
    """The running network; `fw` is the firewall under test, `twin` a place to load its listing again."""

    def __init__(self) -> None:
        self.holders: dict[str, subprocess.Popen[bytes]] = {}
        self._netfilter: socket.socket | None = None

    def up(self) -> None:
        for name in ("src", "fw", "dst", "twin"):
            self.holders[name] = subprocess.Popen(["unshare", "-n", "cat"], stdin=subprocess.PIPE)
        for name in self.holders:
            self._wait_for_namespace(name)
            self._set(name, *QUIET)
        for near, near_device, far, far_device in LINKS:
            self._link(near, near_device, far, far_device)
        self.must("fw", "ip", "link", "set", "lo", "up")
        self._set("fw", *SETTINGS["fw"])
        batch = [f"addr add {address} dev {device}{' nodad' * (':' in address)}" for address, device in ADDRESSES]
        batch += [f"neigh add {address} lladdr {MAC[mac]} dev {device} nud permanent" for address, device, mac in NEIGHBOURS]
        batch += [f"{'-6 ' * (':' in via)}route add {to} via {via} dev {device}" for to, via, device in ROUTES]
        batch += ["route add local 10.7.0.0/28 dev lo", "-6 route add local fd07::/124 dev lo"]
        for line in batch:
            self.must("fw", "ip", *line.split())
        self._make_twin()
        self._netfilter = self.inside("fw", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER))
        self._netfilter.settimeout(5)

    def _wait_for_namespace(self, name: str) -> None:
        mine = Path("/proc/self/ns/net").readlink()
        until = time.monotonic() + 60
        while Path(f"/proc/{self.holders[name].pid}/ns/net").readlink() == mine:
            assert time.monotonic() < until, f"namespace {name} did not come"
            time.sleep(0.005)

    def _set(self, name: str, *settings: str) -> None:
        script = "; ".join(f"echo {value} > /proc/sys/net/{key}" for key, value in (s.split("=") for s in settings))
        self.must(name, "sh", "-ec", script)

    def _link(self, near: str, near_device: str, far: str, far_device: str) -> None:
        peer = ("peer", "name", far_device, "netns", str(self.holders[far].pid))
        self.must(near, "ip", "link", "add", near_device, "type", "veth", *peer)
        for name, device in ((near, near_device), (far, far_device)):
            self.must(name, "ip", "link", "set", device, "address", MAC[device], "up")

    def _make_twin(self) -> None:
        """Another namespace with the devices of fw, by name and number, so that rules that name them are the same program."""
        numbers = self.inside("fw", lambda: {name: str(number) for number, name in socket.if_nameindex()})
        peer = ("peer", "name", "f1", "index", numbers["f1"])
        self.must("twin", "ip", "link", "add", "f0", "index", numbers["f0"], "type", "veth", *peer)

    def run(self, where: str, *argv: str, stdin: str = "") -> Said:
        command = ["nsenter", "-n", "-t", str(self.holders[where].pid), *argv]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=60, check=False)
        return Said(done.returncode, done.stdout, done.stderr)

    def must(self, where: str, *argv: str, stdin: str = "") -> str:
        said = self.run(where, *argv, stdin=stdin)
        assert said.status == 0, (where, argv, said.err)
        return said.out

    def inside(self, where: str, make: Callable[[], Made]) -> Made:
        """What `make` makes (sockets) in the namespace `where`."""
        mine = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            join_network(self.holders[where].pid)
            return make()
        finally:
            return_network(mine)
            os.close(mine)

    def clear(self) -> None:
        self.must("fw", "nft", "flush", "ruleset")
        self.forget()

    def forget(self) -> None:
        """Forget every connection: one that an earlier ruleset let through is still `established` to the next."""
        assert self._netfilter is not None
        self._netfilter.send(FORGET)
        error = struct.unpack_from("=i", self._netfilter.recv(4096), 16)[0]
        assert error == 0, os.strerror(-error)

    def settle(self) -> None:
        """Let what was taken away leave the kernel: hooks of connection tracking and defragmentation go in work done later.

        Nothing tells when that is done, so this is a pause.
        """
        time.sleep(0.1)

    def down(self) -> None:
        if self._netfilter is not None:
            self._netfilter.close()
        for process in self.holders.values():
            process.kill()
            process.wait()
            assert process.stdin is not None
            process.stdin.close()


@contextlib.contextmanager
def bed() -> Iterator[Bed]:
    made = Bed()
    try:
        made.up()
        yield made
    finally:
        made.down()
