"""What really leaves a host of the city: counted as it leaves its devices, where frames of packet sockets pass as well."""

import json
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

FAMILIES = (("4", "ip", "ipv4_addr"), ("6", "ip6", "ipv6_addr"))
TABLE = "witness"
DEVICES = ("lo", "eth0", "mgmt0")  #: of every host that is watched
_SYN = "tcp flags & (syn | ack) == syn"
#: Datagrams that begin something; what daemons answer comes from their own ports.
_ASKS = "meta l4proto udp udp sport != { 53, 161, 514 }"


@dataclass(frozen=True)
class Wire:
    """The output of one host under watch. `swept` addresses are counted as a whole, others by port."""

    lab: object
    host: str

    def watch(self, scope, swept=()):
        """Begin to watch, or begin anew."""
        self._nft("-f", "-", text=f"table netdev {TABLE}\ndelete table netdev {TABLE}\n{rules(scope, swept)}")
        return self

    def end(self):
        self._nft("delete", "table", "netdev", TABLE)

    def beyond(self):
        """Packets to addresses outside the scope."""
        return self._counter("beyond")

    def begun(self):
        """Connections and exchanges that were begun: flows, however often their first packet was sent."""
        return self._counter("begun")

    def by_address(self):
        """Flows begun by address."""
        found = {}
        for version, _, _ in FAMILIES:
            for element in self._elements(f"host{version}"):
                found[ip_address(element["elem"]["val"])] = element["elem"]["counter"]["packets"]
        return found

    def contacts(self):
        """(address, "tcp" or "udp", port) of everything that was begun, but with swept addresses."""
        found = set()
        for version, _, _ in FAMILIES:
            for transport in ("tcp", "udp"):
                for element in self._elements(f"{transport}{version}"):
                    address, port = element["concat"]
                    found.add((ip_address(address), transport, port))
        return found

    def probe(self, address, port=9):
        """Send one datagram from that host: what is not counted then would never be counted."""
        family = "AF_INET6" if ":" in address else "AF_INET"
        text = f"import socket; socket.socket(socket.{family}, socket.SOCK_DGRAM).sendto(b'x', ('{address}', {port}))"
        done = self.lab.exec(self.host, ["python3", "-c", text])
        assert done.returncode == 0, done.stderr

    def _counter(self, name):
        (counter,) = [entry["counter"] for entry in self._json("counter", name) if "counter" in entry]
        return counter["packets"]

    def _elements(self, name):
        (found,) = [entry["set"] for entry in self._json("set", name) if "set" in entry]
        return found.get("elem", ())

    def _json(self, kind, name):
        return json.loads(self._nft("-j", "list", kind, "netdev", TABLE, name).stdout)["nftables"]

    def _nft(self, *words, text=""):
        done = self.lab.exec(self.host, ["nft", *words], stdin=text.encode())
        assert done.returncode == 0, done.stderr.decode()
        return done


def rules(scope, swept):
    sets, chain = ["counter beyond { }", "counter begun { }"], []
    for version, keyword, kind in FAMILIES:
        sets += [
            _networks(f"{side}{version}", kind, [n for n in scope[side] if ip_network(n).version == int(version)])
            for side in ("allow", "deny")
        ]
        sets.append(_networks(f"swept{version}", kind, [str(a) for a in swept if ip_address(str(a)).version == int(version)]))
        sets.append(f"set host{version} {{ type {kind}; size 4096; flags dynamic; counter; }}")
        sets.append(
            f"set flow{version} {{ type inet_proto . {kind} . inet_service . inet_service; size 1000000; flags dynamic; }}"
        )
        chain.append(
            f"meta l4proto {{ tcp, udp }} {keyword} daddr @deny{version} {keyword} daddr @allow{version} counter name beyond"
        )
        chain.append(f"meta l4proto {{ tcp, udp }} {keyword} daddr != @allow{version} counter name beyond")
        for transport, begins in (("tcp", _SYN), ("udp", _ASKS)):
            sets.append(f"set {transport}{version} {{ type {kind} . inet_service; size 65536; flags dynamic; }}")
            chain.append(
                f"{begins} {keyword} daddr != @swept{version} add @{transport}{version} {{ {keyword} daddr . {transport} dport }}"
            )
            # A swept address is sent a frame for each port; to remember them all would keep nft busy for seconds.
            chain.append(
                f"{begins} {keyword} daddr @swept{version} add @host{version} {{ {keyword} daddr }} counter name begun return"
            )
            flow = f"meta l4proto . {keyword} daddr . th sport . th dport"
            chain.append(f"{begins} {flow} @flow{version} return")
            chain.append(f"{begins} add @flow{version} {{ {flow} }} add @host{version} {{ {keyword} daddr }} counter name begun")
    lines = "\n".join(sets)
    hook = f"type filter hook egress devices = {{ {', '.join(DEVICES)} }} priority 100;"
    body = "\n".join(chain)
    return f"table netdev {TABLE} {{\n{lines}\nchain out {{\n{hook}\n{body}\n}}\n}}\n"


def _networks(name, kind, networks):
    elements = f" elements = {{ {', '.join(networks)} }};" if networks else ""
    return f"set {name} {{ type {kind}; flags interval; auto-merge;{elements} }}"


def scope_of(inventory):
    """An inventory's scope as texts."""
    return {"allow": [str(n) for n in inventory.scope.allow], "deny": [str(n) for n in inventory.scope.deny]}
