"""A small network in throw-away namespaces: vantage - firewall - hosts, and an echo beside the vantage.

vantage 203.0.113.20, 2001:db8:ffff::20; echo 203.0.114.7, 2001:db8:fffe::7 (not behind the firewall)
firewall; hosts 198.51.100.5, .6 (one namespace) of 198.51.100.0/28, 2001:db8:100:1::5, ::6; every other address is unused.
The namespaces live as long as a `cat` each, which ends with the test process.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ordinance.observe.shipping import argv, request

SERVER = """
import resource, selectors, socket, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (20000, 20000))
sel = selectors.DefaultSelector()
for spec in sys.argv[1:]:
    kind, address, port = spec.split(",")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    s = socket.socket(family, socket.SOCK_DGRAM if kind == "udp" else socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, int(port)))
    if kind != "udp":
        s.listen(4096)
    s.setblocking(False)
    sel.register(s, selectors.EVENT_READ, kind)
print("ready", flush=True)
while True:
    for key, _ in sel.select():
        try:
            if key.data == "udp":
                data, peer = key.fileobj.recvfrom(2048)
                key.fileobj.sendto(data, peer)
            elif key.data == "talk":
                data = key.fileobj.recv(2048)
                key.fileobj.sendall(data) if data else (sel.unregister(key.fileobj), key.fileobj.close())
            else:
                while True:
                    c, _ = key.fileobj.accept()
                    if key.data == "echo":
                        c.setblocking(False)
                        sel.register(c, selectors.EVENT_READ, "talk")
                    else:
                        c.close()
        except BlockingIOError:
            pass
        except OSError:
            if key.data == "talk":
                sel.unregister(key.fileobj)
                key.fileobj.close()
"""

LINKS = (
    # side a, device, addresses; side b, device, addresses
    ("out", "o0", ("203.0.113.20/24", "2001:db8:ffff::20/64"), "fw", "f0", ("203.0.113.1/24", "2001:db8:ffff::1/64")),
    (
        "fw",
        "f1",
        ("198.51.100.1/28", "2001:db8:100:1::1/64"),
        "dmz",
        "d0",
        ("198.51.100.5/28", "198.51.100.6/28", "2001:db8:100:1::5/64", "2001:db8:100:1::6/64"),
    ),
    ("out", "o1", ("203.0.114.20/24", "2001:db8:fffe::20/64"), "net", "n0", ("203.0.114.7/24", "2001:db8:fffe::7/64")),
)
ROUTES = (("out", "203.0.113.1", "2001:db8:ffff::1"), ("dmz", "198.51.100.1", "2001:db8:100:1::1"))
SERVICES = (
    "tcp,198.51.100.5,25",
    "tcp,2001:db8:100:1::5,25",
    "tcp,198.51.100.6,119",
    "tcp,2001:db8:100:1::6,119",
    "udp,198.51.100.5,69",
    "tcp,198.51.100.5,23",
    "tcp,198.51.100.6,3131",
    "tcp,2001:db8:100:1::6,3999",
)
ECHO = ("echo,203.0.114.7,7", "udp,203.0.114.7,7", "echo,2001:db8:fffe::7,7", "udp,2001:db8:fffe::7,7")
#: Asked until all answer: a fresh link's IPv6 is not of use before its link-local address is no longer tentative (RFC 4862).
REACHED = """
import socket, sys, time
until = time.monotonic() + 20
for spec in sys.argv[1:]:
    address, port = spec.split(",")
    while True:
        try:
            socket.create_connection((address, int(port)), 1).close()
            break
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)
"""
#: Forget every connection (IPCTNL_MSG_CT_DELETE without a filter): one that an earlier ruleset let through is still `established`
#: to the next, and a SYN from the same port would pass as part of it.
FORGET = """
import socket, struct
with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as s:  # NETLINK_NETFILTER
    s.send(struct.pack("=IHHIIBBH", 20, 1 << 8 | 2, 5, 1, 0, 0, 0, 0))
    error = struct.unpack_from("=i", s.recv(4096), 16)[0]
    assert error == 0, error
"""
TO_ECHO = "table inet e { chain p { type nat hook prerouting priority dstnat; meta l4proto { tcp, udp } redirect to :7; }; }"
HEAD = (
    "type filter hook forward priority 0; policy drop; ct state established,related accept; icmpv6 type != echo-request accept;"
)
ALLOWED = (
    "ip daddr 198.51.100.5 tcp dport 25 accept; ip daddr 198.51.100.6 tcp dport 119 accept; "
    "ip6 daddr 2001:db8:100:1::5 tcp dport 25 accept; ip6 daddr 2001:db8:100:1::6 tcp dport 119 accept; iifname f1 accept;"
)


class Bed:
    """The running network."""

    def __init__(self) -> None:
        self.holders: dict[str, subprocess.Popen[bytes]] = {}
        self.servers: list[subprocess.Popen[bytes]] = []

    def enter(self, where: str, *argv: str) -> list[str]:
        return ["nsenter", "-n", "-t", str(self.holders[where].pid), *argv]

    def sh(self, where: str, *argv: str, stdin: str = "") -> str:
        done = subprocess.run(self.enter(where, *argv), input=stdin, capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 0, (where, argv, done.stderr)
        return done.stdout

    def up(self) -> None:
        for name in ("out", "fw", "dmz", "net"):
            self.holders[name] = subprocess.Popen(["unshare", "-n", "cat"], stdin=subprocess.PIPE)
        for name in self.holders:
            self._wait_for_namespace(name)
            self.sh(name, "ip", "link", "set", "lo", "up")
        for near, near_dev, near_addresses, far, far_dev, far_addresses in LINKS:
            self.sh(
                near, "ip", "link", "add", near_dev, "type", "veth", "peer", "name", far_dev, "netns", str(self.holders[far].pid)
            )
            for name, device, addresses in ((near, near_dev, near_addresses), (far, far_dev, far_addresses)):
                for address in addresses:
                    self.sh(name, "ip", "addr", "add", address, "dev", device, *(["nodad"] if ":" in address else []))
                self.sh(name, "ip", "link", "set", device, "up")
        for name, via4, via6 in ROUTES:
            self.sh(name, "ip", "route", "add", "default", "via", via4)
            self.sh(name, "ip", "-6", "route", "add", "default", "via", via6)
        self.sh("fw", "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding")
        # a FIN that a server of an earlier test still repeats must not make the connection known again
        self.sh("fw", "sh", "-c", "echo 0 > /proc/sys/net/netfilter/nf_conntrack_tcp_loose")
        self.sh("net", "nft", "-f", "-", stdin=TO_ECHO)
        self.serve("dmz", *SERVICES)
        self.serve("net", *ECHO)
        asked = [spec.removeprefix("tcp,") for spec in SERVICES if spec.startswith("tcp,")]
        self.sh("out", sys.executable, "-c", REACHED, *asked, "203.0.114.7,7", "2001:db8:fffe::7,7")

    def _wait_for_namespace(self, name: str) -> None:
        mine = Path("/proc/self/ns/net").readlink()
        until = time.monotonic() + 5
        while Path(f"/proc/{self.holders[name].pid}/ns/net").readlink() == mine:
            assert time.monotonic() < until, f"namespace {name} did not come"
            time.sleep(0.005)

    def serve(self, where: str, *specs: str) -> None:
        server = subprocess.Popen(self.enter(where, sys.executable, "-c", SERVER, *specs), stdout=subprocess.PIPE)
        self.servers.append(server)
        assert server.stdout is not None
        assert server.stdout.readline() == b"ready\n"

    def filter(self, rules: str = "", allowed: str = ALLOWED, where: str = "fw") -> None:
        """Replace the firewall's ruleset: `rules` come before what is always allowed."""
        self.sh(where, "nft", "-f", "-", stdin=f"flush ruleset\ntable inet t {{ chain f {{ {HEAD} {rules} {allowed} }}; }}")
        self.sh(where, sys.executable, "-c", FORGET)

    def also(self, ruleset: str, where: str = "fw") -> None:
        self.sh(where, "nft", "-f", "-", stdin=textwrap.dedent(ruleset))

    def counters(self, where: str = "fw") -> list[int]:
        """Packets of every counter, in the order of the ruleset."""
        listed = json.loads(self.sh(where, "nft", "-j", "list", "ruleset"))["nftables"]
        found = [
            expression["counter"]["packets"]
            for item in listed
            for expression in item.get("rule", {}).get("expr", ())
            if "counter" in expression
        ]
        assert found, "no counter is loaded"
        return found

    def agent(self, job: dict[str, Any], timeout: float = 60) -> dict[str, Any]:
        """Run the agent at the vantage and return its last line."""
        lines: list[dict[str, Any]] = []
        with subprocess.Popen(
            self.enter("out", sys.executable, *argv()[1:]), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(request({"seconds": timeout, **job}))
            process.stdin.flush()
            lines.extend(json.loads(line) for line in process.stdout)
            process.stdin.close()
        assert lines, "the agent said nothing"
        assert lines[-1].get("done") is True
        assert "error" not in lines[-1], lines[-1]
        return {**lines[-1], "progress": lines[:-1]}

    def down(self) -> None:
        for process in [*self.servers, *self.holders.values()]:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()


@contextlib.contextmanager
def bed() -> Iterator[Bed]:
    made = Bed()
    try:
        made.up()
        yield made
    finally:
        made.down()
