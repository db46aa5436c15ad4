"""The match `time`: hours and days of the week, in UTC (iptables-extensions(8), time).

Dates and days of the month are not fields of the proof, nor is --contiguous or the kernel's own zone: with them the match is
an unknown.
"""

from __future__ import annotations

from ordinance.proof.fields import DAYS
from ordinance.proof.ir import Either, In, Match
from ordinance.proof.read.iptables.options import Option
from ordinance.proof.read.text import LineError, OpaqueError, decimal, shown

_DAY = 86_400
_SHORT = {name[:2].lower(): number for number, name in enumerate(DAYS)}
#: Dates that iptables-save writes where none was given: the bounds of its numbers.
_NO_DATE = {"datestart": "1970-01-01T00:00:00", "datestop": "2038-01-19T03:14:07"}
_READ = {"timestart", "timestop", "weekdays", "utc"}


def clock(options: list[Option]) -> list[Match]:
    """Return what the options of `-m time` ask. Raises LineError, OpaqueError."""
    options = [option for option in options if option.values[:1] != (_NO_DATE.get(option.name),)]
    named = {option.name: option for option in options}
    if len(named) != len(options) or not named.keys() <= _READ:
        raise OpaqueError
    for option in options:
        if option.negated and option.name != "weekdays":
            raise LineError(f"--{option.name} cannot be negated", 'leave the "!" out, and exchange start and stop')
    found: list[Match] = []
    if "timestart" in named or "timestop" in named:
        first = _second(named["timestart"].values[0]) if "timestart" in named else 0
        last = _second(named["timestop"].values[0]) if "timestop" in named else _DAY - 1
        found.append(_hours(first, last))
    if "weekdays" in named:
        days = {_weekday(name) for name in named["weekdays"].values[0].split(",")}
        found.append(In("day", tuple((day, day) for day in range(7) if (day in days) != named["weekdays"].negated)))
    return found


def _hours(first: int, last: int) -> Match:
    """Both ends count; a start after the stop goes over midnight (net/netfilter/xt_time.c)."""
    if first < last:
        return In("second", ((first, last),))
    return Either((In("second", ((first, _DAY - 1),)), In("second", ((0, last),))))


def _second(text: str) -> int:
    hours, colon, rest = text.partition(":")
    minutes, _, seconds = rest.partition(":")
    parts = decimal(hours, 23), decimal(minutes, 59), decimal(seconds or "0", 59)
    if None in parts or not colon:
        raise LineError(f"{shown(text)} is no time of day", "00:00:00 to 23:59:59")
    return sum((part or 0) * weight for part, weight in zip(parts, (3600, 60, 1), strict=True))


def _weekday(text: str) -> int:
    if len(text) == 1 and text in "01234567":
        return int(text) % 7
    if text[:2].lower() not in _SHORT:
        raise LineError(f"{shown(text)} is no day of the week", "Mon, Tue, Wed, Thu, Fri, Sat, Sun, or 1 (Monday) to 7")
    return _SHORT[text[:2].lower()]
