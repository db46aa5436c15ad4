"""The reader of iptables-save and ip6tables-save: both families together are one ruleset.

    ruleset = read_iptables(v4_text, v6_text, ipset_text)

A family that is not given is not empty: nothing is known of it, and so nothing is proved of its packets.
"""

from __future__ import annotations

from ordinance.proof.fields import IPV4, IPV6
from ordinance.proof.ir import Base, Chain, Havoc, Kind, Rule, Ruleset, Where
from ordinance.proof.read.ipset import read_ipsets
from ordinance.proof.read.iptables.bind import Bound, changed_sets
from ordinance.proof.read.iptables.save import Saved, read_save

__all__ = ["read_iptables"]

_TOOLS = {IPV4: "iptables-save", IPV6: "ip6tables-save"}
_TIMES = "times of day and days of the week are UTC, as iptables takes them"


def read_iptables(
    v4_text: str | None,
    v6_text: str | None,
    ipsets: str | None = None,
    names: tuple[str, str, str] = ("iptables-save", "ip6tables-save", "ipset save"),
) -> Ruleset:
    """Read what iptables-save, ip6tables-save and `ipset save` print; None for what is not given.

    `names`: what messages call the three texts. Raises DataError with every line that is none of the language.
    """
    saved = {
        version: read_save(text, name)
        for version, text, name in ((IPV4, v4_text, names[0]), (IPV6, v6_text, names[1]))
        if text is not None
    }
    sets = None if ipsets is None else read_ipsets(ipsets, names[2])
    changing = frozenset(name for one in saved.values() for name in changed_sets(one))
    bound = {version: Bound(one, version, sets, changing) for version, one in saved.items()}
    chains = {key: chain for one in bound.values() for key, chain in one.chains.items()}
    bases = [base for one in bound.values() for base in one.bases]
    for version in _TOOLS.keys() - bound.keys():
        chain, extra = _not_given(version)
        chains[chain.key] = chain
        bases.extend(extra)
    return Ruleset(
        source=" and ".join(one.file for one in saved.values()),
        syntax="iptables-save",
        chains=chains,
        bases=tuple(bases),
        tracked=tuple(version for version, one in bound.items() if one.tracked),
        taints=tuple(taint for one in bound.values() for taint in one.taints),
        notes=_notes(saved, sets is not None),
    )


def _not_given(version: int) -> tuple[Chain, list[Base]]:
    """Return a chain that may do anything with the packets of a family, and where it is met."""
    tool = _TOOLS[version]
    where = Where(f"{tool}, which is not given")
    rule = Rule((Havoc(f"the rules of {tool} are not given"),), where, f"the rules of {tool} are not given")
    chain = Chain(f"{tool} not given", f"{tool} (not given)", (rule,))
    return chain, [Base(chain.key, (version,), hook, 0, Kind.ACCEPT, where) for hook in ("input", "forward")]


def _notes(saved: dict[int, Saved], sets: bool) -> tuple[str, ...]:
    used = {
        module
        for one in saved.values()
        for table in one.tables.values()
        for chain in table.chains.values()
        for rule in chain.rules
        for module in rule.parsed.used
    }
    notes = [_TIMES] if "time" in used else []
    if sets and "set" in used:
        notes.append("IP sets are judged with the members that `ipset save` listed")
    return tuple(notes)
