"""The options of one rule: which match or target each belongs to, how many words it takes, and whether it is negated."""

from __future__ import annotations

from dataclasses import dataclass, field

from ordinance.proof.read.iptables.modules import ALIASES, MODULES, OF_PROTOCOL, TARGETS, Module
from ordinance.proof.read.numbers import PROTOCOLS
from ordinance.proof.read.text import LineError, shown

#: Options of every rule, by all their names; the words each takes.
GENERAL = {
    "-s": ("source", 1), "--source": ("source", 1), "--src": ("source", 1),
    "-d": ("destination", 1), "--destination": ("destination", 1), "--dst": ("destination", 1),
    "-i": ("in", 1), "--in-interface": ("in", 1), "-o": ("out", 1), "--out-interface": ("out", 1),
    "-p": ("protocol", 1), "--protocol": ("protocol", 1), "--proto": ("protocol", 1),
    "-f": ("fragment", 0), "--fragment": ("fragment", 0), "--fragments": ("fragment", 0),
    "-m": ("match", 1), "--match": ("match", 1),
    "-j": ("jump", 1), "--jump": ("jump", 1), "-g": ("goto", 1), "--goto": ("goto", 1),
    "-c": ("counters", 2), "--set-counters": ("counters", 2),
    "-4": ("ipv4", 0), "--ipv4": ("ipv4", 0), "-6": ("ipv6", 0), "--ipv6": ("ipv6", 0),
}  # fmt: skip
#: General options that may stand behind a `!`.
NEGATABLE = {"source", "destination", "in", "out", "protocol", "fragment"}


@dataclass(frozen=True, slots=True)
class Option:
    """One option. `module` is the match it belongs to, "" for an option of every rule."""

    module: str
    name: str
    negated: bool
    values: tuple[str, ...]


@dataclass(slots=True)
class Parsed:
    """One rule, taken apart. `used` are the matches it loads, in their order; `unread` those that are not known here."""

    options: list[Option] = field(default_factory=list)
    used: list[str] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)
    target: str = ""
    goto: bool = False
    target_options: list[Option] = field(default_factory=list)

    def of(self, module: str) -> list[Option]:
        """Return the options of one match."""
        return [option for option in self.options if option.module == module]


def parse(words: list[str]) -> Parsed:
    """Take the words of a rule (after `-A CHAIN`) apart. Raises LineError."""
    return _Parser(words).run()


class _Parser:
    def __init__(self, words: list[str]) -> None:
        self._words = words
        self._at = 0
        self._rule = Parsed()
        self._protocol: int | None = None

    def run(self) -> Parsed:
        while self._at < len(self._words):
            negated = self._words[self._at] == "!"
            self._at += negated
            if self._at >= len(self._words):
                raise LineError('a "!" with nothing behind it', "write the option that it negates after it")
            self._option(self._words[self._at], negated)
        return self._rule

    def _option(self, word: str, negated: bool) -> None:
        self._at += 1
        if not word.startswith("-") or word == "-":
            raise LineError(f"{shown(word)} stands where an option must", "write an option, as -p or --dport")
        if word in GENERAL:
            self._general(*GENERAL[word], word, negated)
            return
        if self._of_match(word, negated) or self._of_target(word, negated):
            return
        if any(known.startswith(word) for known in GENERAL):
            raise LineError(f"the option {shown(word)} is abbreviated", "write it out, as iptables-save does")
        if not self._greedy(word, negated):
            raise LineError(f"no match or target of this rule has an option {shown(word)}", "name its match before it: -m NAME")

    def _general(self, name: str, count: int, word: str, negated: bool) -> None:
        negated, values = self._values(word, count, negated, inner="!" if name in NEGATABLE else "")
        if negated and name not in NEGATABLE:
            raise LineError(f"{shown(word)} cannot be negated", 'leave the "!" out')
        if name == "match":
            self._load(values[0])
        elif name in ("jump", "goto"):
            if self._rule.target:
                raise LineError("a second target", f"keep one of {shown(self._rule.target)} and {shown(values[0])}")
            self._rule.target, self._rule.goto = values[0], name == "goto"
        elif name != "counters":
            self._rule.options.append(Option("", name, negated, values))
            self._note_protocol(name, values, negated)

    def _note_protocol(self, name: str, values: tuple[str, ...], negated: bool) -> None:
        if name == "protocol" and not negated:
            text = values[0].lower()
            self._protocol = int(text) if text.isascii() and text.isdigit() else PROTOCOLS.get(text)

    def _load(self, name: str) -> None:
        name = ALIASES.get(name, name)
        self._rule.used.append(name)
        if name not in MODULES:
            self._rule.unread.add(name)

    def _of_match(self, word: str, negated: bool) -> bool:
        for name in reversed(self._rule.used):
            if name in MODULES and word in MODULES[name].options:
                self._take(MODULES[name], word, negated)
                return True
        implied = MODULES.get(OF_PROTOCOL.get(self._protocol or -1, ""))
        if implied is None or word not in implied.options:
            return False
        self._rule.used.append(implied.name)
        self._take(implied, word, negated)
        return True

    def _take(self, module: Module, word: str, negated: bool) -> None:
        negated, values = self._values(word, module.options[word], negated, inner="!")
        self._rule.options.append(Option(module.name, word[2:], negated, values))

    def _of_target(self, word: str, negated: bool) -> bool:
        known = TARGETS.get(self._rule.target, {})
        if word not in known:
            return False
        negated, values = self._values(word, known[word], negated, inner="")
        self._rule.target_options.append(Option(self._rule.target, word[2:], negated, values))
        return True

    def _greedy(self, word: str, negated: bool) -> bool:
        """Take an option of a match or target that is not known here, and whatever follows up to the next option."""
        target_unread = self._rule.target not in TARGETS and self._rule.target.isupper()
        owner = self._rule.target if target_unread else next(reversed(self._rule.used), "")
        if not owner:
            return False
        values = []
        while self._at < len(self._words) and not self._words[self._at].startswith("-") and self._words[self._at] != "!":
            values.append(self._words[self._at])
            self._at += 1
        option = Option(owner, word[2:], negated, tuple(values))
        if target_unread:
            self._rule.target_options.append(option)
        else:
            self._rule.unread.add(owner)
            self._rule.options.append(option)
        return True

    def _values(self, word: str, count: int, negated: bool, inner: str) -> tuple[bool, tuple[str, ...]]:
        """Take the words of an option; a `!` between it and them is the older way to negate (iptables before 1.4.3)."""
        if count and inner and self._words[self._at : self._at + 1] == [inner]:
            if negated:
                raise LineError(f"{shown(word)} is negated twice", 'keep one "!"')
            negated = True
            self._at += 1
        values = tuple(self._words[self._at : self._at + count])
        if len(values) < count:
            raise LineError(f"{shown(word)} lacks what belongs behind it", "give its value; is the line cut off?")
        self._at += count
        return negated, values
