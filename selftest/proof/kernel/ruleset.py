"""A ruleset as text, and how it gets into the firewall. What nft or iptables refuses is taken out: a rule is one line."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field, replace

from selftest.proof.kernel.bed import Bed, Said

PLACE = re.compile(r"(?:/dev/stdin:|line:? )(\d+)")
NO_RULE = ("table ", "chain ", "type ", "set ", "map ", "}", "*", ":", "COMMIT")  #: how lines begin that cannot be spared
MOST_REFUSED = 20


@dataclass(frozen=True)
class Part:
    """What one program loads."""

    program: str  #: nft, iptables or ip6tables
    text: str

    def without(self, numbers: set[int]) -> Part:
        """Leave out lines, counted from 1."""
        lines = enumerate(self.text.split("\n"), 1)
        return replace(self, text="\n".join(line for number, line in lines if number not in numbers))


@dataclass(frozen=True)
class Ruleset:
    """One text, or one of each family, and how often each construct was used in writing it."""

    parts: tuple[Part, ...]
    used: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return "\n".join(f"# {part.program}\n{part.text}" for part in self.parts)


class CannotLoad(Exception):
    """A ruleset is refused for more than single rules."""


def load(bed: Bed, ruleset: Ruleset) -> Ruleset:
    """Load it into the firewall, which has no rules; return what is left of it. Errors: CannotLoad, and nothing is loaded."""
    try:
        return replace(ruleset, parts=tuple(_load(bed, part) for part in ruleset.parts))
    except CannotLoad:
        bed.clear()
        raise


def _load(bed: Bed, part: Part) -> Part:
    for _ in range(MOST_REFUSED):
        said = ask(bed, part)
        if said.status == 0:
            return part
        found = PLACE.search(said.err)
        line = part.text.split("\n")[int(found[1]) - 1] if found else ""
        if not found or not line.strip() or line.startswith(NO_RULE):
            raise CannotLoad(said.err)
        part = part.without({int(found[1])})
    raise CannotLoad(f"more than {MOST_REFUSED} rules of one ruleset are refused")


def ask(bed: Bed, part: Part) -> Said:
    """Load a part as it is, beside what is there."""
    argv = ("nft", "-f", "-") if part.program == "nft" else (f"{part.program}-restore",)
    return bed.run("fw", *argv, stdin=part.text)
