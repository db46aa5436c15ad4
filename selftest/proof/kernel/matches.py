"""Random conditions of nft rules. Each construct counts itself, so that the test can tell that every one was met."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from selftest.proof.kernel.pools import DISJOINT_PORTS, PORTS, SOURCES, TARGETS, Pool

FAMILY = {4: "ip", 6: "ip6"}
KIND = {4: "ipv4_addr", 6: "ipv6_addr"}


@dataclass
class Writer:
    """One table being written: the dice, what was used, and the sets declared so far."""

    dice: random.Random
    table: str  #: its family: inet, ip or ip6
    used: Counter[str]
    declared: list[str] = field(default_factory=list)
    serial: int = 0

    def use(self, construct: str) -> None:
        self.used[construct] += 1

    def chance(self, probability: float) -> bool:
        return self.dice.random() < probability

    def version(self) -> int:
        """Of the addresses a rule names."""
        return {"ip": 4, "ip6": 6}.get(self.table) or self.dice.choice((4, 6))

    def some(self, values: Sequence[str], most: int = 3) -> list[str]:
        return self.dice.sample(values, self.dice.randint(1, min(most, len(values))))

    def declare(self, what: str, body: str) -> str:
        self.serial += 1
        name = f"n{self.serial}"
        self.declared.append(f"{what} {name} {{ {body} }}")
        return name

    def negate(self, probability: float = 0.15) -> str:
        if not self.chance(probability):
            return ""
        self.use("negation")
        return "!= "


def address(w: Writer, version: int) -> str:
    """One of source and destination."""
    side, pool = w.dice.choice((("saddr", SOURCES[version]), ("daddr", TARGETS[version])))
    left = f"{FAMILY[version]} {side}"
    return f"{left} {w.dice.choice((_span, _span, _span, _named, _anonymous, _masked, _compared))(w, version, pool)}"


def _span(w: Writer, version: int, pool: Pool) -> str:
    w.use("address")
    return w.negate() + w.dice.choice(pool.spans)


def _named(w: Writer, version: int, pool: Pool) -> str:
    w.use("named interval set")
    body = f"type {KIND[version]}; flags interval; auto-merge; elements = {{ {', '.join(w.some(pool.spans))} }}"
    return f"{w.negate()}@{w.declare('set', body)}"


def _anonymous(w: Writer, version: int, pool: Pool) -> str:
    w.use("anonymous address set")
    return f"{w.negate()}{{ {', '.join(w.some(pool.disjoint))} }}"


def _masked(w: Writer, version: int, pool: Pool) -> str:
    w.use("address mask")
    mask, value = pool.mask
    return f"& {mask} {w.dice.choice(('==', '==', '!='))} {value}"


def _compared(w: Writer, version: int, pool: Pool) -> str:
    w.use("address comparison")
    return f"{w.dice.choice(('<', '>', '<=', '>='))} {pool.one}"


def port(w: Writer, version: int) -> str:
    protocol = w.dice.choice(("tcp", "tcp", "udp", "th"))
    guard = ""
    if protocol == "th":
        w.use("th")
        guard = w.dice.choice(("meta l4proto { tcp, udp } ", "meta l4proto { tcp, udp } ", ""))
    left = f"{guard}{protocol} {w.dice.choice(('dport', 'dport', 'dport', 'sport'))}"
    which = w.dice.random()
    if which < 0.3:
        w.use("port set")
        return f"{left} {w.negate()}{{ {', '.join(w.some(DISJOINT_PORTS))} }}"
    if which < 0.45:
        w.use("port comparison")
        return f"{left} {w.dice.choice(('<', '>', '<=', '>='))} {w.dice.choice(('25', '119', '1024'))}"
    if which < 0.55:
        w.use("named port set")
        name = w.declare("set", f"type inet_service; flags interval; elements = {{ {', '.join(w.some(DISJOINT_PORTS))} }}")
        return f"{left} {w.negate()}@{name}"
    w.use("port range")
    return f"{left} {w.negate()}{w.dice.choice(PORTS)}"


FLAGS = (
    "syn",
    "& (fin|syn|rst|ack) == syn",
    "!= ack",
    "{ syn, ack }",
    "! fin,rst",
    "== syn|ack",
    "& (syn|ack) != syn",
    "syn / fin,syn,rst,ack",
    "& (fin|psh|urg) == fin|psh|urg",
    "& (fin|syn|rst|psh|ack|urg) == 0x0",
    "fin,syn",
)


def flags(w: Writer, version: int) -> str:
    w.use("tcp flags")
    return f"tcp flags {w.dice.choice(FLAGS)}"


def protocol(w: Writer, version: int) -> str:
    w.use("l4proto")
    return f"meta l4proto {w.dice.choice(('tcp', '!= udp', '{ tcp, 200 }', '200', 'sctp', '< 17', '6-17', '!= { tcp, udp }'))}"


INTERNET = {
    4: (
        "icmp type echo-request",
        "icmp type != echo-request",
        "icmp type { echo-request, timestamp-request }",
        "icmp type echo-request icmp code 0",
        "icmp code 3",
        "icmp code != 0",
        "icmp type 13-17",
        "icmp type . icmp code { echo-request . 0, echo-request . 3 }",
        "ip protocol tcp",
        "ip protocol != { tcp, icmp }",
        "ip protocol icmp",
        "ip protocol { tcp, udp }",
        "ip frag-off & 0x1fff != 0",
        "ip frag-off 0",
        "ip frag-off & 0x2000 != 0",
        "ip frag-off & 0x4000 == 0x4000",
    ),
    6: (
        "icmpv6 type echo-request",
        "icmpv6 type { nd-neighbor-solicit, echo-request }",
        "icmpv6 type != echo-reply",
        "icmpv6 code 3",
        "icmpv6 type 128-135",
        "ip6 nexthdr tcp",
        "ip6 nexthdr != udp",
        "ip6 nexthdr ipv6-icmp",
        "ip6 nexthdr { tcp, udp }",
        "ip6 nexthdr 60",
        "ip6 nexthdr 0",
    ),
}


def internet(w: Writer, version: int) -> str:
    chosen = w.dice.choice(INTERNET[version])
    w.use(" ".join(chosen.split()[:2]))
    return chosen


STATES = (
    "new",
    "!= new",
    "established,related",
    "{ new, untracked }",
    "invalid",
    "! invalid",
    "invalid,new",
    "new,untracked",
    "!= { established, related }",
    "! established,related",
    "untracked",
)


def state(w: Writer, version: int) -> str:
    w.use("ct state")
    return f"ct state {w.dice.choice(STATES)}"


DEVICES = (
    "iifname f0",
    "iifname != f0",
    'iifname "f*"',
    "iif lo",
    'iifname != "e*"',
    'iifname != "f*"',
    'iifname { "f0", "lo" }',
    "iif != f0",
)
OUTWARD = ("oifname f1", 'oifname "f*"', "oif != f1", 'oifname { "f1", "lo" }', "iifname f0 oifname f1", 'oifname != "f0"')


def device(w: Writer, version: int) -> str:
    w.use("interface")
    chosen = w.dice.choice(DEVICES)
    if "*" in chosen:
        w.use("interface wildcard")
    return chosen


def outward(w: Writer, version: int) -> str:
    w.use("interface")
    return w.dice.choice(OUTWARD)


def concatenated(w: Writer, version: int) -> str:
    """A set of source address and port, named or anonymous."""
    w.use("concatenation")
    spans = w.some(SOURCES[version].disjoint)
    elements = ", ".join(f"{span} . {w.dice.choice(PORTS)}" for span in spans)
    left = f"{FAMILY[version]} saddr . {w.dice.choice(('tcp', 'udp'))} dport"
    if w.chance(0.3):
        return f"{left} {w.negate(0.3)}{{ {elements} }}"
    name = w.declare("set", f"type {KIND[version]} . inet_service; flags interval; elements = {{ {elements} }}")
    return f"{left} {w.negate(0.3)}@{name}"


def three(w: Writer, version: int) -> str:
    """A set of source, destination and port without intervals: a hash set in the kernel."""
    w.use("concatenation of three")
    pairs = w.dice.sample([(s, t, p) for s in (3, 4, 7) for t in (4, 7, 8) for p in (22, 25, 119)], 6)
    heads = {4: ("10.9.0.", "10.8.0."), 6: ("fd09::", "fd08::")}[version]
    elements = ", ".join(f"{heads[0]}{s} . {heads[1]}{t} . {p}" for s, t, p in pairs)
    name = w.declare("set", f"type {KIND[version]} . {KIND[version]} . inet_service; elements = {{ {elements} }}")
    family = FAMILY[version]
    return f"{family} saddr . {family} daddr . tcp dport {w.negate(0.2)}@{name}"


def nfproto(w: Writer, version: int) -> str:
    w.use("nfproto")
    return w.dice.choice(
        ("meta nfproto ipv4", "meta nfproto ipv6", "meta nfproto != ipv4", "meta protocol ip", "meta protocol ip6")
    )


#: What a prover cannot know: such a rule may match, or not.
OPAQUE = (
    "limit rate 20/second",
    "meta mark 5",
    "meta length > 70",
    "ip ttl 64",
    "meta mark != 0",
    "ct mark 7",
    "ip dscp cs1",
    "quota 2 kbytes",
)


def opaque(w: Writer, version: int) -> str:
    w.use("unknown")
    return w.dice.choice([text for text in OPAQUE if not (text.startswith("ip ") and w.table == "ip6")])


Condition = Callable[[Writer, int], str]
OWN: tuple[tuple[float, Condition], ...] = (
    (30, port),
    (6, flags),
    (8, protocol),
    (10, internet),
    (6, state),
    (7, device),
    (7, concatenated),
    (2, three),
    (3, nfproto),
)
"""What a rule asks for beside addresses, by weight."""


def conditions(w: Writer, hook: str) -> list[str]:
    """The conditions of one rule: none to four."""
    version = w.version()
    found = [address(w, version) for probability in (0.4, 0.25) if w.chance(probability)]
    if w.chance(0.75):
        weights, kinds = zip(*OWN, strict=True)
        found.append(w.dice.choices(kinds, weights)[0](w, version))
    if hook == "forward" and w.chance(0.06):
        found.append(outward(w, version))
    return found
