"""The packets that there can be at a hook, before any rule."""

from __future__ import annotations

from ordinance.proof.fields import CT_STATES, IPV4, TOP, Range
from ordinance.proof.ir import Notrack, Ruleset
from ordinance.proof.space import Set, Space

#: `ct state` where connection tracking has not seen the packet yet: invalid (nft_ct_get_eval of the kernel)
NOT_TRACKED_YET: tuple[Range, ...] = ((CT_STATES["invalid"], CT_STATES["invalid"]),)
#: Priority of defragmentation (NF_IP_PRI_CONNTRACK_DEFRAG); what is not tracked from before it on keeps its fragments
DEFRAGMENTATION = -400
#: What makes a fragment: more to come (MF), or an offset
FRAGMENT = 0x3FFF


def packets(space: Space, ruleset: Ruleset, hook: str) -> Set:
    """Return the packets that can come to `hook`.

    An IPv4 packet always has a protocol and no extension header; without a protocol there is no transport header. Where
    connections are tracked no fragment is seen, for it is put together first. Packets come in by some interface, and leave by
    one only when forwarded.
    """
    v4 = space.ranges("family", [(IPV4, IPV4)])
    plain = space.box({"l4ok": ((1, 1),), "ext6": ((0, 0),)})
    shaped = space.either(space.complement(v4), plain)
    headed = space.either(space.ranges("l4ok", [(1, 1)]), space.ranges("thdr", [(0, 0)]))
    tracked = space.ranges("family", [(family, family) for family in ruleset.tracked])
    whole = space.masked("fragoff", FRAGMENT, 0) or 0
    if _early_notrack(ruleset):
        tracked = 0
    unfragmented = space.either(space.complement(tracked), whole)
    out = ((1, TOP["oif"]),) if hook == "forward" else ((0, 0),)
    named = space.box({"iif": ((1, TOP["iif"]),), "oif": out, "nat": ((0, 0),)})
    return space.all_of([named, shaped, headed, unfragmented])


def _early_notrack(ruleset: Ruleset) -> bool:
    early = [base.chain for base in ruleset.bases if base.hook == "prerouting" and base.priority <= DEFRAGMENTATION]
    if not early:
        return False
    rules = (rule for chain in ruleset.chains.values() for rule in chain.rules)
    return any(isinstance(statement, Notrack) for rule in rules for statement in rule.statements)


def untracked(space: Space, of: Set) -> Set:
    """Return the same packets without a state."""
    state = CT_STATES["untracked"]
    return space.both(space.exists(of, ["ct"]), space.ranges("ct", [(state, state)]))


def plausible_new(space: Space) -> Set:
    """Return the packets whose state can be what `ct` says: a TCP flow begins with SYN, or is picked up by ACK.

    `nf_conntrack_proto_tcp.c`, the row `sNO` of its table: SYN, and ACK without SYN, FIN or RST.
    """
    state = CT_STATES["new"]
    other = space.either(
        space.complement(space.ranges("ct", [(state, state)])), space.complement(space.ranges("l4proto", [(6, 6)]))
    )
    syn, ack = space.masked("flags", 0x17, 0x02) or 0, space.masked("flags", 0x17, 0x10) or 0
    return space.either(other, space.both(space.either(syn, ack), space.ranges("thdr", [(1, 1)])))
