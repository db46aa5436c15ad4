"""`time-range`: when an entry is in force.

Source: "Cisco IOS Network Management Command Reference", absolute and periodic; the ASA's is the same. Hours are those of the
device. Whether the last minute still counts is not said there, so it is an unknown; so is what is `absolute`, for the proof
knows days of the week and no dates.
"""

from __future__ import annotations

from ordinance.proof.fields import DAYS
from ordinance.proof.ir import ALWAYS, In, Match, Unknown
from ordinance.proof.read.cisco.config import Command
from ordinance.proof.read.cisco.words import Words
from ordinance.proof.read.making import every, some
from ordinance.proof.read.text import LineError, Problems, decimal, shown

_MINUTE, _DAY = 60, 86_400
_NAMED: dict[str, tuple[int, ...]] = {name.lower(): (number,) for number, name in enumerate(DAYS)}
_NAMED |= {"daily": tuple(range(7)), "weekdays": (1, 2, 3, 4, 5), "weekend": (6, 0)}


def time_range(command: Command, problems: Problems) -> Match:
    """Return when a time range is in force."""
    periods: list[Match] = []
    absolute: list[Match] = []
    for line in command.below:
        words = Words(line.words)
        with problems.at(line.line):
            if words.has("periodic"):
                periods.append(_period(words, command.words[-1]))
            elif words.has("absolute"):
                absolute.append(Unknown(f"time-range {command.words[-1]}: {line.text}"))
            elif not words.has("description"):
                raise LineError(f"{shown(line.text)} is no line of a time range", "write periodic or absolute")
    return every(some(periods) if periods else ALWAYS, *absolute)


def _period(words: Words, name: str) -> Match:
    days = _days(words)
    first = _time(words.take("the time it begins"))
    if not words.has("to"):
        raise LineError("a period without its end", "write periodic weekdays 8:00 to 17:00")
    until = _days(words)
    last = _time(words.take("the time it ends"))
    words.end()
    edge = Unknown(f"the last minute of time-range {name}")
    if until and (len(days) != 1 or len(until) != 1):
        raise LineError("a period from several days to another day", "name one day at each end")
    if not until:
        if last < first:
            raise LineError("a period that ends before it begins", "write it as two periods, to 23:59 and from 0:00")
        return every(_on(days), some([_between(first, last - 1), every(_between(last, last + _MINUTE - 1), edge)]))
    return _over_days(days[0], first, until[0], last, edge)


def _over_days(day: int, first: int, until: int, last: int, edge: Match) -> Match:
    """From a time of one day to a time of another, through all days between."""
    whole = tuple((day + number) % 7 for number in range(1, (until - day - 1) % 7 + 1))
    if day == until and first <= last:
        return every(_on((day,)), some([_between(first, last - 1), every(_between(last, last + _MINUTE - 1), edge)]))
    ends = some([_between(0, last - 1), every(_between(last, last + _MINUTE - 1), edge)])
    return some([every(_on((day,)), _between(first, _DAY - 1)), every(_on((until,)), ends), *([_on(whole)] if whole else [])])


def _on(days: tuple[int, ...]) -> Match:
    return In("day", tuple((day, day) for day in days))


def _between(first: int, last: int) -> Match:
    return In("second", ((first, min(last, _DAY - 1)),) if first <= last else ())


def _days(words: Words) -> tuple[int, ...]:
    return tuple(day for word in words.skip_while({*_NAMED, *map(str.capitalize, _NAMED)}) for day in _NAMED[word.lower()])


def _time(text: str) -> int:
    hours, _, minutes = text.partition(":")
    of_day, of_hour = decimal(hours, 24), decimal(minutes, 59)
    if of_day is None or of_hour is None or (of_day == 24 and of_hour):  # noqa: PLR2004 - 24:00 is the day's end
        raise LineError(f"{shown(text)} is no time of day", "0:00 to 23:59")
    return of_day * 3600 + of_hour * _MINUTE
