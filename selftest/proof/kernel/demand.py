"""What a run of the differential test must have met, so that its agreement means anything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from selftest.proof.kernel.trial import Result

#: Of all pairs, at least these shares. Measured shares are two to four times these.
SHARES = {
    "passed": 0.15,
    "blocked": 0.15,
    "forward": 0.30,
    "input": 0.15,
    "IPv4": 0.30,
    "IPv6": 0.20,
    "protocol 6": 0.25,
    "protocol 17": 0.10,
    "protocol 1": 0.04,
    "protocol 58": 0.03,
    "protocol 200": 0.01,
    "extension headers": 0.01,
    "without header": 0.01,
    "first fragments": 0.002,
    "later fragments": 0.005,
    "put together": 0.005,
}
BOTH = 0.80  #: of the rulesets let some packets pass and block some
LOST = 0.002  #: of the packets may be lost under no rules at all, and are then counted for nothing
REFUSED = 0.12  #: of the rulesets may be refused by the gate: some are written so that nft lists them wrongly
UNKNOWN = 0.20  #: of the packets may hang on what the proof cannot know
AGAIN = 0.001  #: of the packets may agree only when sent again


def shortcomings(result: Result, constructs: Counter[str]) -> Iterator[str]:
    """What the run lacks, each in one sentence. `constructs`: how often each must have been written at least."""
    tally, judged = result.tally, result.tally["rulesets"] - result.tally["rulesets refused"]
    sent = tally["pairs"] + tally["unknown"] + tally["control lost"]
    if tally["stale"]:
        yield f"{tally['stale']} packets came of a batch before theirs"
    if not tally["pairs"]:
        yield "no packet was judged"
    for name, share in SHARES.items():
        if tally[name] < share * tally["pairs"]:
            yield f"{name}: {tally[name]} of {tally['pairs']} pairs, fewer than {share:.1%}"
    if tally["rulesets with both outcomes"] < BOTH * judged:
        yield f"only {tally['rulesets with both outcomes']} of {judged} rulesets had both outcomes"
    for name, limit, of in (
        ("control lost", LOST, sent),
        ("unknown", UNKNOWN, sent),
        ("agreed when sent again", AGAIN, sent),
        ("rulesets refused", REFUSED, tally["rulesets"]),
    ):
        if tally[name] > limit * of + 2:
            yield f"{name}: {tally[name]} of {of}, more than {limit:.1%}"
    for name, least in constructs.items():
        if result.used[name] < least:
            yield f"{name} was written {result.used[name]} times, fewer than {least}"


_NFT = """table inet|table ip|table ip6|address|named interval set|anonymous address set|address mask|address comparison|negation
|th|port set|named port set|port comparison|port range|tcp flags|l4proto|icmp type|icmp code|ip protocol|ip frag-off|icmpv6 type
|ip6 nexthdr|ct state|interface|interface wildcard|concatenation|concatenation of three|nfproto|unknown|vmap|vmap default
|named vmap|concatenated vmap|accept|drop|reject|return|jump|goto|counter|several base chains|dnat|dnat map|redirect|notrack"""
_IPTABLES = """iptables|ip6tables|iptables address|iptables address mask|iptables negation|iprange|iptables port|multiport
|iptables tcp flags|iptables protocol|iptables icmp|ctstate|iptables interface|iptables fragment|iptables unknown|iptables -j
|iptables -g|iptables ACCEPT|iptables DROP|iptables REJECT|iptables RETURN|iptables LOG|iptables nat|NOTRACK"""
#: Each construct of each kind at least twice.
CONSTRUCTS = {
    name: Counter(dict.fromkeys(words.replace("\n", "").split("|"), 2))
    for name, words in (("nft", _NFT), ("iptables", _IPTABLES))
}
