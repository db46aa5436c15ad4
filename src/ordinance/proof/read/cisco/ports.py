"""Operators of ports, types of ICMP, flags of TCP: what follows an address in an entry."""

from __future__ import annotations

from ordinance.proof.fields import IPV4, TCP_FLAGS
from ordinance.proof.ir import Mask, Match, Not, Unknown
from ordinance.proof.read.cisco.names import DISPUTED, ICMP, ICMPV6
from ordinance.proof.read.cisco.words import Words
from ordinance.proof.read.making import every, icmp, ports, some
from ordinance.proof.read.numbers import MOST_PORT
from ordinance.proof.read.text import LineError, decimal, shown

OPERATORS = ("eq", "neq", "lt", "gt", "range")
_MOST_BYTE = 255
_ACK_OR_RST = Not(Mask("flags", TCP_FLAGS["ack"] | TCP_FLAGS["rst"], 0))
FLAGS = ("ack", "fin", "psh", "rst", "syn", "urg")


def port_match(words: Words, field: str, names: dict[str, int], several: bool) -> Match | None:
    """Return what an operator and its ports ask, or None where no operator stands.

    `several`: eq and neq take more than one port.
    """
    if words.peek() not in OPERATORS:
        return None
    operator = words.take("an operator")
    first = _port(words.take("a port"), names)
    if operator == "range":
        last = _port(words.take("the range's last port"), names)
        if isinstance(first, int) and isinstance(last, int):
            return ports(field, [(min(first, last), max(first, last))])
        return Unknown(f"{field} range with a port of disputed number")
    wanted = [first]
    while several and operator in ("eq", "neq") and (words.peek() in names or decimal(words.peek(), MOST_PORT) is not None):
        wanted.append(_port(words.take("a port"), names))
    return _compared(operator, field, wanted)


def _compared(operator: str, field: str, wanted: list[int | str]) -> Match:
    known = [port for port in wanted if isinstance(port, int)]
    if len(known) < len(wanted):
        return Unknown(f"{field} {operator} {' '.join(map(str, wanted))}")
    if operator in ("eq", "neq"):
        equal = ports(field, [(port, port) for port in known])
        return equal if operator == "eq" else Not(equal)
    span = (0, known[0] - 1) if operator == "lt" else (known[0] + 1, MOST_PORT)
    return ports(field, [span] if span[0] <= span[1] else [])


def port_of(text: str, names: dict[str, int], field: str) -> Match | None:
    """Return the match of one port written without an operator, or None if it is none."""
    number = names.get(text, decimal(text, MOST_PORT))
    return None if number is None else ports(field, [(number, number)])


def _port(text: str, names: dict[str, int]) -> int | str:
    if text in names:
        return names[text]
    number = decimal(text, MOST_PORT)
    if number is None and text in DISPUTED:
        return text
    if number is None:
        raise LineError(f"no port is called {shown(text)}", f"write its number, 0 to {MOST_PORT}")
    return number


def icmp_match(words: Words, version: int) -> Match | None:
    """Return what a type of ICMP, with or without its code, asks; None where none stands."""
    kind, code = (ICMP if version == IPV4 else ICMPV6).get(words.peek(), (decimal(words.peek(), _MOST_BYTE), None))
    if kind is None:
        return None
    words.take("a type")
    written = decimal(words.peek(), _MOST_BYTE) if code is None else None
    if written is not None:
        words.take("a code")
    return icmp([(kind, code if written is None else written)])


def flags_match(words: Words) -> Match | None:
    """Return what the flags of TCP that stand next ask: established, match-all, match-any, or the older names alone."""
    if words.has("established"):
        return _ACK_OR_RST
    if words.peek() in ("match-all", "match-any"):
        every_one = words.take("") == "match-all"
        asked = []
        while words.peek()[:1] in ("+", "-"):
            asked.append(_flag(words.take("a flag")))
        if not asked:
            raise LineError("no flag stands where one must", "write +syn or -ack")
        return every(*asked) if every_one else some(asked)
    if words.peek() in FLAGS:
        return some([_flag("+" + word) for word in words.skip_while(FLAGS)])
    return None


def _flag(text: str) -> Match:
    if text[1:] not in FLAGS:
        raise LineError(f"{shown(text)} is no flag of TCP", f"one of {', '.join(FLAGS)}, after + or -")
    bit = TCP_FLAGS[text[1:]]
    return Mask("flags", bit, bit if text[0] == "+" else 0)


def both(*parts: Match | None) -> Match | None:
    """Return the match of all parts that are there, or None if none is."""
    there = [part for part in parts if part is not None]
    return every(*there) if there else None
