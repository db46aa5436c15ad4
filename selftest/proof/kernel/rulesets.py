"""Random rulesets of nft: tables, chains, rules. One rule a line, so that a rule that nft refuses can be taken out again."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

from selftest.proof.kernel.matches import FAMILY, KIND, Writer, conditions, opaque
from selftest.proof.kernel.pools import DISJOINT_PORTS, PORTS, SOURCES
from selftest.proof.kernel.ruleset import Part, Ruleset

TABLES = (("inet",), ("inet",), ("inet", "ip"), ("ip", "ip6"), ("inet", "ip6"), ("inet", "inet"), ("ip",), ("ip6", "inet", "ip"))
REJECTS = (
    "reject",
    "reject with icmp type host-unreachable",
    "reject with icmpv6 type no-route",
    "reject with icmpx type admin-prohibited",
)
#: Their guard is put first, listed nowhere, and put elsewhere when the listing is loaded: the gate refuses most of these.
HIDDEN = (
    "reject with tcp reset",
    "meta nfproto ipv6 reject",
    "meta nfproto ipv4 reject",
    "meta l4proto tcp reject with tcp reset",
)
RESET = "reject with tcp reset"


#: What rules end with, by weight. Calls are for rules of a table that has chains to call.
VERDICTS = (("accept", 40), ("drop", 20), ("reject", 8), ("return", 7), ("jump", 15), ("goto", 7), ("counter", 2))
NO_CALLS = tuple((word, weight) for word, weight in VERDICTS if word not in ("jump", "goto"))


def verdict(w: Writer, targets: list[str], told: str = "") -> str:
    words, weights = zip(*(VERDICTS if targets else NO_CALLS), strict=True)
    word = w.dice.choices(words, weights)[0]
    w.use(word)
    if word == "reject":
        return _reject(w, told)
    return f"{word} {w.dice.choice(targets)}" if word in ("jump", "goto") else word


def _reject(w: Writer, told: str) -> str:
    """How the sender is told; `told`: the conditions of the rule."""
    if told.startswith("tcp ") and w.chance(0.4):
        return RESET
    return w.dice.choice([text for text in (HIDDEN if w.chance(0.05) else REJECTS) if _fits(text, w.table)])


def _fits(text: str, table: str) -> bool:
    if table == "inet":
        return True
    other = {"ip": ("icmpv6", "ipv6", "icmpx"), "ip6": ("icmp ", "ipv4", "icmpx")}[table]
    return not any(word in text for word in other)


def _outcome(w: Writer, targets: list[str]) -> str:
    return w.dice.choice(["accept", "drop", "continue", "return"] + [f"{word} {t}" for t in targets for word in ("jump", "goto")])


def by_port(w: Writer, targets: list[str]) -> str:
    pairs = ", ".join(f"{key} : {_outcome(w, targets)}" for key in w.some(DISJOINT_PORTS, 4))
    if w.chance(0.2):
        w.use("vmap default")
        pairs += f", * : {_outcome(w, targets)}"
    return f"tcp dport vmap {{ {pairs} }}{w.dice.choice((' accept', ' drop', '', ''))}"


def by_protocol(w: Writer, targets: list[str]) -> str:
    keys = w.dice.sample(["tcp", "udp", "200", "icmp", "ipv6-icmp"], 2)
    return f"meta l4proto vmap {{ {', '.join(f'{key} : {_outcome(w, targets)}' for key in keys)} }}"


def by_state(w: Writer, targets: list[str]) -> str:
    w.use("ct state")
    return f"ct state vmap {{ new : {_outcome(w, targets)}, invalid : {_outcome(w, targets)} }}"


def by_device(w: Writer, targets: list[str]) -> str:
    return f"iifname vmap {{ f0 : {_outcome(w, targets)}, lo : accept }}"


def by_address(w: Writer, targets: list[str]) -> str:
    w.use("named vmap")
    version = w.version()
    pairs = ", ".join(f"{span} : {_outcome(w, [])}" for span in w.some(SOURCES[version].disjoint))
    name = w.declare("map", f"type {KIND[version]} : verdict; flags interval; elements = {{ {pairs} }}")
    return f"{FAMILY[version]} saddr vmap @{name}"


def by_both(w: Writer, targets: list[str]) -> str:
    w.use("concatenated vmap")
    version = w.version()
    spans = w.some(SOURCES[version].disjoint)
    pairs = ", ".join(f"{span} . {w.dice.choice(PORTS)} : {w.dice.choice(('accept', 'drop'))}" for span in spans)
    name = w.declare("map", f"type {KIND[version]} . inet_service : verdict; flags interval; elements = {{ {pairs} }}")
    return f"{FAMILY[version]} saddr . tcp dport vmap @{name}"


MAPS: tuple[Callable[[Writer, list[str]], str], ...] = (by_port, by_port, by_protocol, by_state, by_device, by_address, by_both)


def rule(w: Writer, hook: str, targets: list[str], unknowns: float) -> str:
    if w.chance(0.15):
        w.use("vmap")
        before = conditions(w, hook)[:1] if w.chance(0.25) else []
        return " ".join([*before, w.dice.choice(MAPS)(w, targets)])
    found = conditions(w, hook)
    if w.chance(unknowns):
        found.append(opaque(w, 4))
    return " ".join([*found, verdict(w, targets, " ".join(found))])


def _chain(name: str, head: str, rules: list[str]) -> str:
    return "\n".join([f"chain {name} {{", *([head] if head else []), *rules, "}"])


def _policy(w: Writer, alone: bool) -> str:
    return w.dice.choice(("drop", "drop", "accept") if alone else ("accept", "accept", "accept", "drop"))


def translation(w: Writer) -> str:
    """A chain that changes destinations before the way is chosen. Translated ports are used by nothing else."""
    version = w.version()
    family, to, span = FAMILY[version], {4: "10.8.0.7", 6: "fd08::7"}[version], {4: "10.8.0.0/24", 6: "fd08::/64"}[version]
    inside = {4: "10.8.1.1", 6: "fd08:0:0:1::1"}[version]
    bracket = to if version == 4 else f"[{to}]"
    texts = [
        f"tcp dport 2525 dnat {family} to {bracket}:25",
        f"{family} daddr {span} tcp dport 119 dnat {family} to {to}",
        f"{family} daddr {inside} dnat {family} to {to}",
        "tcp dport 2525 redirect to :25",
        "udp dport 119 redirect to :23",
        f"dnat {family} to tcp dport map {{ 2525 : {to}, 80 : {inside} }}",
        f"meta nfproto {'ipv4' if version == 4 else 'ipv6'} tcp dport 22 redirect",
        f"{family} saddr {SOURCES[version].one} tcp dport 23 accept",
    ]
    chosen = w.some(texts)
    for text in chosen:
        w.use("redirect" if "redirect" in text else "dnat map" if "map" in text else "dnat" if "dnat" in text else "nat accept")
    return _chain("nat", "type nat hook prerouting priority dstnat; policy accept;", chosen)


def untracking(w: Writer) -> str:
    w.use("notrack")
    rules = [" ".join([*conditions(w, "prerouting")[:1], "notrack"]) for _ in range(w.dice.randint(1, 2))]
    return _chain("raw", "type filter hook prerouting priority raw; policy accept;", [r for r in rules if "ct " not in r])


def _table(w: Writer, name: str, priority: int, alone: bool, unknowns: float, nat: bool, raw: bool) -> str:
    subs = [f"u{number}" for number in range(w.dice.randint(0, 3))]
    body = [
        _chain(sub, "", [rule(w, "any", subs[:number], unknowns) for _ in range(w.dice.randint(1, 4))])
        for number, sub in enumerate(subs)
    ]
    for hook in ("forward", "input"):
        many = w.dice.choices((1, 2, 3), (80, 15, 5))[0]
        for number in range(many):
            head = f"type filter hook {hook} priority {priority + number * 3}; policy {_policy(w, alone and many == 1)};"
            body.append(_chain(f"{hook}{number}", head, [rule(w, hook, subs, unknowns) for _ in range(w.dice.randint(1, 7))]))
        if many > 1:
            w.use("several base chains")
    if nat:
        body.append(translation(w))
    if raw:
        body.append(untracking(w))
    return "\n".join([f"table {w.table} {name} {{", *w.declared, *body, "}"])


def ruleset(dice: random.Random) -> Ruleset:
    """One to three tables with filtering of forward and input; now and then unknowns, translation, or untracked traffic."""
    families = dice.choice(TABLES)
    priorities = dice.sample((-50, -10, 0, 10, 50), len(families))
    used: Counter[str] = Counter()
    unknowns = dice.choice((0, 0, 0, 0.05))
    special = dice.choices(("", "nat", "raw"), (74, 18, 8))[0]
    where = dice.randrange(len(families))
    texts = []
    for number, (family, priority) in enumerate(zip(families, priorities, strict=True)):
        w = Writer(dice, family, used)
        w.use(f"table {family}")
        mine = special if number == where else ""
        texts.append(_table(w, f"t{number}", priority, len(families) == 1, unknowns, mine == "nat", mine == "raw"))
    return Ruleset((Part("nft", "\n".join(texts)),), used)
