"""The intermediate representation: what every reader makes of a ruleset, and all that the walk knows of it.

A match is a tree over named fields (`ordinance.proof.fields`). A rule is a row of statements, met from left to right as in
nftables: the first match that does not hold ends the rule, and the next rule follows. What a reader does not understand it never
leaves out: a match becomes `Unknown`, a statement that might decide over the packet `Havoc`, a thing whose effect reaches
further than its rule a `Taint`.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import msgspec

from ordinance.proof.fields import Range


class In(msgspec.Struct, frozen=True, gc=False):
    """The field lies in one of the ranges (any order, they may overlap; an empty range tuple never matches)."""

    field: str
    ranges: tuple[Range, ...]


class Mask(msgspec.Struct, frozen=True, gc=False):
    """`field & mask == value`. A value with bits outside the mask never matches."""

    field: str
    mask: int
    value: int


class Unknown(msgspec.Struct, frozen=True, gc=False):
    """A match that the proof cannot interpret: it may hold or not, for all that is known.

    Two unknowns of the same `selector` hold together, unless they are `fresh`: then each meeting is a new one (limit, quota,
    numgen, random, a mark that some rule changes). Write the selector as the ruleset does: it is what a reader of the verdict is
    shown.
    """

    selector: str
    fresh: bool = False


class All(msgspec.Struct, frozen=True, gc=False):
    """Every part holds; without parts it always does."""

    parts: tuple[Match, ...]


class Either(msgspec.Struct, frozen=True, gc=False):
    """At least one part holds; without parts it never does."""

    parts: tuple[Match, ...]


class Not(msgspec.Struct, frozen=True, gc=False):
    """The part does not hold. Guards (family, protocol) stand outside: `tcp dport != 25` is All(tcp, Not(dport 25))."""

    part: Match


Match = In | Mask | Unknown | All | Either | Not
ALWAYS = All(())
NEVER = Either(())


class Kind(StrEnum):
    """What a verdict does."""

    ACCEPT = "accept"  #: ends this base chain; the next base chain of the hook follows
    DROP = "drop"  #: final
    REJECT = "reject"  #: final, and the sender is told; a typed reject's hidden guard is a match of its own before it
    JUMP = "jump"  #: comes back to the next rule
    GOTO = "goto"  #: comes back to where the present chain would have
    RETURN = "return"  #: ends the present chain; in a base chain its policy follows
    CONTINUE = "continue"  #: nothing: the next statement follows


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """What becomes of a packet; `target`: the key of the chain to jump or go to (see `Ruleset.chains`), else ""."""

    kind: Kind
    target: str = ""


class VerdictMap(msgspec.Struct, frozen=True, gc=False):
    """The verdict of the first entry that matches. What matches none leaves the RULE (NFT_BREAK), not only the map."""

    entries: tuple[tuple[Match, Verdict], ...]


class Havoc(msgspec.Struct, frozen=True, gc=False):
    """A statement of which nobody knows what it does: it may accept, drop, return or go on."""

    what: str


class Taint(msgspec.Struct, frozen=True, gc=False):
    """A statement whose effect the proof does not follow, when a packet meets it (a rewritten header, tproxy, a helper).

    The packet goes on; but of no packet that may have met it can anything be proved.
    """

    what: str


class NatKind(StrEnum):
    """What is rewritten."""

    DNAT = "dnat"
    REDIRECT = "redirect"  #: to the machine itself, an address of the incoming interface
    SNAT = "snat"
    MASQUERADE = "masquerade"


class Nat(msgspec.Struct, frozen=True, gc=False):
    """Translate, and accept. Met only by the first packet of a flow.

    `addresses`: ranges of the new destination (`fields.ip_range`); (): it stays (or, of a redirect, is the machine's own,
    unknown). `ports`: the new destination ports; (): they stay. `family`: of the addresses, or None for either.
    Source translation changes nothing that the proof judges and is simply an accept.
    """

    kind: NatKind
    addresses: tuple[Range, ...] = ()
    ports: tuple[Range, ...] = ()
    family: int | None = None


class Notrack(msgspec.Struct, frozen=True, gc=False):
    """The packet is not tracked: from here on its `ct` is untracked, and no NAT applies to it."""


Statement = Match | Verdict | VerdictMap | Havoc | Taint | Nat | Notrack


class Where(msgspec.Struct, frozen=True, gc=False):
    """Where a rule stands, for people."""

    file: str
    line: int = 0  #: from 1; 0: not known
    handle: int | None = None  #: nftables' own number of the rule

    def __str__(self) -> str:
        """Render as `file:line` and the handle, as far as they are known."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return place if self.handle is None else f"{place} handle {self.handle}"


class Rule(msgspec.Struct, frozen=True, gc=False):
    """One rule. Counters, logs and comments leave no statement; a rule without statements is passed by.

    `words`: the rule as the ruleset writes it, or near enough for a person to find it, on one line; or what makes these words.
    """

    statements: tuple[Statement, ...]
    where: Where
    words: str | Callable[[], str]

    @property
    def text(self) -> str:
        """The rule in words."""
        return self.words if isinstance(self.words, str) else self.words()


class Chain(msgspec.Struct, frozen=True):
    """A row of rules. `key` is its name in `Ruleset.chains`, `name` what people call it."""

    key: str
    name: str
    rules: tuple[Rule, ...]


class Base(msgspec.Struct, frozen=True):
    """A chain that the kernel calls by itself: where, when, for which families, and what follows at its end."""

    chain: str  #: key
    families: tuple[int, ...]  #: `fields.IPV4`, `fields.IPV6`
    hook: str  #: "prerouting" | "input" | "forward" | "postrouting" (others are not walked)
    priority: int  #: lower is earlier
    policy: Kind  #: ACCEPT or DROP
    where: Where
    nat: bool = False  #: of type nat: met by the first packet of a flow only


class Ruleset(msgspec.Struct, frozen=True):
    """Everything one device decides by.

    `tracked`: families whose packets pass connection tracking, and with it defragmentation, before the rules: no fragment is
    seen. `taints`: what is in the ruleset and may decide over any packet without being followed (flowtables, hooks not walked,
    bridges). `stateful`: False for a router whose lists know no connections (a plain IOS access list).
    """

    source: str  #: the file, for messages
    syntax: str  #: "nft" | "iptables-save" | "asa" | "ios"
    chains: dict[str, Chain]
    bases: tuple[Base, ...]
    tracked: tuple[int, ...] = ()
    taints: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()  #: assumptions that a person should know of; they change no verdict
    stateful: bool = True
