"""Random rulesets as iptables-save and ip6tables-save write them: filter, now and then nat and raw. One rule a line."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

from selftest.proof.kernel.matches import Writer
from selftest.proof.kernel.pools import SOURCES, TARGETS
from selftest.proof.kernel.ruleset import Part, Ruleset

PROGRAM = {4: "iptables", 6: "ip6tables"}
PORTS = ("25", "119", "23", "20:21", "1024:65535", "0:1023", "22", "80:90", "119:563")
LISTS = ("25,119", "20:21,25", "22,80:90,1024:65535", "119")


def _not(w: Writer, probability: float = 0.15) -> str:
    if not w.chance(probability):
        return ""
    w.use("iptables negation")
    return "! "


def address(w: Writer, version: int) -> str:
    letter, side, pool = w.dice.choice((("s", "src", SOURCES[version]), ("d", "dst", TARGETS[version])))
    if w.chance(0.25):
        w.use("iprange")
        return f"-m iprange {_not(w)}--{side}-range {w.dice.choice([s for s in pool.spans if '-' in s])}"
    if w.chance(0.15):
        w.use("iptables address mask")
        mask = {4: "255.0.0.15", 6: "ff00::f"}[version]
        return f"{_not(w)}-{letter} {pool.one}/{mask}"
    w.use("iptables address")
    return f"{_not(w)}-{letter} {w.dice.choice([s for s in pool.spans if '-' not in s])}"


def port(w: Writer, version: int) -> str:
    protocol = w.dice.choice(("tcp", "tcp", "tcp", "udp", "sctp"))
    side = w.dice.choice(("dport", "dport", "dport", "sport"))
    if w.chance(0.3):
        w.use("multiport")
        plural = w.dice.choice(("dports", "dports", "sports", "ports"))
        return f"-p {protocol} -m multiport {_not(w)}--{plural} {w.dice.choice(LISTS)}"
    w.use("iptables port")
    return f"-p {protocol} -m {protocol} {_not(w)}--{side} {w.dice.choice(PORTS)}"


def flags(w: Writer, version: int) -> str:
    w.use("iptables tcp flags")
    texts = (
        "--tcp-flags SYN,ACK SYN",
        "--tcp-flags FIN,SYN,RST,ACK SYN",
        "--tcp-flags ALL NONE",
        "--tcp-flags FIN,PSH,URG FIN,PSH,URG",
    )
    return f"-p tcp -m tcp {_not(w)}{w.dice.choice((*texts, '--syn', '--syn', '--syn', '--tcp-flags ALL ALL'))}"


def protocol(w: Writer, version: int) -> str:
    w.use("iptables protocol")
    return w.dice.choice(
        ("-p tcp", "-p udp", "! -p tcp", "-p 200", "! -p udp", "-p all", "-p sctp", {4: "-p icmp", 6: "-p ipv6-icmp"}[version])
    )


def control(w: Writer, version: int) -> str:
    w.use("iptables icmp")
    types = {4: ("8", "8/0", "13", "3/3", "any"), 6: ("128", "128/0", "135", "129/3")}[version]
    name = {4: "-p icmp -m icmp {}--icmp-type", 6: "-p ipv6-icmp -m icmp6 {}--icmpv6-type"}[version]
    chosen = w.dice.choice(types)
    return f"{name.format(_not(w) if chosen != 'any' else '')} {chosen}"


def state(w: Writer, version: int) -> str:
    w.use("ctstate")
    names = ("NEW", "RELATED,ESTABLISHED", "NEW,UNTRACKED", "INVALID", "INVALID,NEW", "UNTRACKED")
    how = w.dice.choice(("-m conntrack {}--ctstate", "-m conntrack {}--ctstate", "-m state {}--state"))
    return f"{how.format(_not(w))} {w.dice.choice(names)}"


def device(w: Writer, version: int) -> str:
    w.use("iptables interface")
    return _not(w, 0.3) + w.dice.choice(("-i f0", "-i f+", "-i lo", "-i e+", "-i f0"))


def fragment(w: Writer, version: int) -> str:
    if version == 6:
        return protocol(w, version)
    w.use("iptables fragment")
    return w.dice.choice(("-f", "! -f"))


#: What a prover cannot know.
OPAQUE = (
    "-m limit --limit 20/sec",
    "-m mark --mark 0x5",
    "-m length --length 0:60",
    "-m mac --mac-source 02:00:00:00:00:01",
    "-m addrtype --dst-type LOCAL",
    "-m pkttype --pkt-type unicast",
    "-m statistic --mode random --probability 0.5",
    "-m dscp --dscp 0x08",
)
OWN: tuple[tuple[float, Callable[[Writer, int], str]], ...] = (
    (32, port),
    (7, flags),
    (8, protocol),
    (8, control),
    (9, state),
    (7, device),
    (3, fragment),
)


def conditions(w: Writer, version: int, hook: str) -> list[str]:
    found = [address(w, version) for probability in (0.4, 0.2) if w.chance(probability)]
    if w.chance(0.75):
        weights, kinds = zip(*OWN, strict=True)
        found.append(w.dice.choices(kinds, weights)[0](w, version))
    if hook == "FORWARD" and w.chance(0.08):
        found.append(_not(w) + w.dice.choice(("-o f1", "-o f+", "-o lo")))
    w.dice.shuffle(found)
    return found


#: What rules end with, by weight. Calls are for tables that have chains to call.
TARGETS_BY_WEIGHT = (("ACCEPT", 40), ("DROP", 20), ("REJECT", 8), ("RETURN", 7), ("-j", 14), ("-g", 8), ("LOG", 3))
NO_CALLS = tuple((word, weight) for word, weight in TARGETS_BY_WEIGHT if not word.startswith("-"))
NOTES = ("-j LOG", '-m comment --comment "a note"', '-j LOG --log-prefix "-j ACCEPT "')


def target(w: Writer, version: int, chains: list[str], told: str) -> str:
    words, weights = zip(*(TARGETS_BY_WEIGHT if chains else NO_CALLS), strict=True)
    word = w.dice.choices(words, weights)[0]
    w.use(f"iptables {word}")
    if word == "REJECT":
        kinds = ["", {4: " --reject-with icmp-host-prohibited", 6: " --reject-with icmp6-adm-prohibited"}[version]]
        kinds += [" --reject-with tcp-reset"] * ("-p tcp" in told and "! -p" not in told)
        return f"-j REJECT{w.dice.choice(kinds)}"
    if word == "LOG":
        return w.dice.choice(NOTES)
    return f"{word} {w.dice.choice(chains)}" if word in ("-j", "-g") else f"-j {word}"


def _rule(w: Writer, version: int, chain: str, chains: list[str], unknowns: float) -> str:
    found = conditions(w, version, chain)
    if w.chance(unknowns):
        w.use("iptables unknown")
        found.append(w.dice.choice(OPAQUE))
    return " ".join([f"-A {chain}", *found, target(w, version, chains, " ".join(found))])


def _filter(w: Writer, version: int, unknowns: float) -> list[str]:
    subs = [f"sub{number}" for number in range(w.dice.randint(0, 3))]
    policies = {hook: w.dice.choice(("DROP", "DROP", "ACCEPT")) for hook in ("INPUT", "FORWARD")}
    lines = ["*filter", *(f":{hook} {policy} [0:0]" for hook, policy in policies.items()), ":OUTPUT ACCEPT [0:0]"]
    lines += [f":{sub} - [0:0]" for sub in subs]
    for number, sub in enumerate(subs):
        lines += [_rule(w, version, sub, subs[:number], unknowns) for _ in range(w.dice.randint(1, 4))]
    for hook in policies:
        lines += [_rule(w, version, hook, subs, unknowns) for _ in range(w.dice.randint(1, 8))]
    return [*lines, "COMMIT"]


def _nat(w: Writer, version: int) -> list[str]:
    to, inside = {4: "10.8.0.7", 6: "fd08::7"}[version], TARGETS[version]
    bracket = to if version == 4 else f"[{to}]"
    texts = [
        f"-A PREROUTING -p tcp -m tcp --dport 2525 -j DNAT --to-destination {bracket}:25",
        f"-A PREROUTING -d {inside.disjoint[1]} -p tcp -m tcp --dport 119 -j DNAT --to-destination {to}",
        f"-A PREROUTING -d {inside.spans[3]} -j DNAT --to-destination {to}",
        "-A PREROUTING -p tcp -m tcp --dport 2525 -j REDIRECT --to-ports 25",
        "-A PREROUTING -p udp -m udp --dport 119 -j REDIRECT --to-ports 23",
        f"-A PREROUTING -s {SOURCES[version].one} -p tcp -m tcp --dport 23 -j ACCEPT",
    ]
    w.use("iptables nat")
    heads = [f":{chain} ACCEPT [0:0]" for chain in ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING")]
    return ["*nat", *heads, *w.some(texts), "COMMIT"]


def _raw(w: Writer, version: int) -> list[str]:
    w.use("NOTRACK")
    rule = " ".join(
        ["-A PREROUTING", *(c for c in conditions(w, version, "PREROUTING")[:1] if "state" not in c), "-j CT --notrack"]
    )
    return ["*raw", ":PREROUTING ACCEPT [0:0]", ":OUTPUT ACCEPT [0:0]", rule, "COMMIT"]


def _tables(w: Writer, version: int) -> str:
    """All tables of one family."""
    w.use(PROGRAM[version])
    unknowns = w.dice.choice((0, 0, 0, 0.05))
    special = w.dice.choices(("", "nat", "raw"), (74, 18, 8))[0]
    lines = _filter(w, version, unknowns)
    if special:
        lines = (_nat if special == "nat" else _raw)(w, version) + lines
    return "\n".join([*lines, ""])


def ruleset(dice: random.Random) -> Ruleset:
    """Filtering of input and forward in both families."""
    w = Writer(dice, "iptables", Counter())
    return Ruleset(tuple(Part(PROGRAM[version], _tables(w, version)) for version in (4, 6)), w.used)
