"""A configuration of Cisco's as a tree: commands at the left margin, and beneath each the indented ones of its mode.

Comments (`!`, and `:` of the ASA), banners and what a terminal adds around the text are left out. A text that says where it
begins but not where it ends was cut off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ordinance.proof.read.text import Line, LineError, Problems, lines_of, shown

_PAGER = re.compile(r"-+\s?[Mm]ore\s?-+")
_TYPED = re.compile(r"[\w.()/-]+[#>]\s*((sh|show|wr|write|term|terminal|more|exit)\b.*)?")
_AROUND = (
    "Building configuration",
    "Current configuration",
    "Using ",
    "Load for ",
    "Time source is",
    "Last configuration change",
    "Cryptochecksum:",
)
_BEGINS_IOS = re.compile(r"(Building configuration|Current configuration|version \d)")
_BEGINS_ASA = re.compile(r"(: Saved|ASA Version |PIX Version )")
_ENDS_ASA = re.compile(r"(: end|Cryptochecksum:)")


@dataclass(slots=True)
class Command:
    """One command and those of its mode, in their order."""

    line: int
    text: str
    words: tuple[str, ...]
    below: list[Command] = field(default_factory=list)


def commands_of(text: str, file: str, asa: bool) -> list[Command]:
    """Return the commands at the left margin. Raises DataError."""
    lines = lines_of(text, file)
    problems = Problems(file)
    _check_whole(lines, problems, asa)
    found: list[Command] = []
    for line in _without_banners(lines, asa, problems):
        with problems.at(line.number):
            _take(line, found, asa)
    problems.throw()
    return found


def _take(line: Line, found: list[Command], asa: bool) -> None:
    text = line.text.replace("\t", " ").replace("\x0c", "").rstrip(" ")
    bare = text.lstrip(" ")
    if not bare or bare.startswith("!") or (asa and bare.startswith(":")) or bare.startswith(_AROUND):
        return
    if _PAGER.search(bare):
        raise LineError(
            "the prompt of a pager stands in the text", 'say "terminal length 0" (ASA: "terminal pager 0"), then show it again'
        )
    if "\x03" in bare:
        raise LineError("a ^C outside of a banner", "give the whole configuration, as the device prints it")
    command = Command(line.number, bare, tuple(word for word in bare.split(" ") if word))
    if text != bare:
        if not found:
            raise LineError(f"{shown(bare)} is indented, but stands under no command", "give the text from its beginning")
        found[-1].below.append(command)
    elif not _TYPED.fullmatch(bare):
        found.append(command)


def _without_banners(lines: list[Line], asa: bool, problems: Problems) -> Iterator[Line]:
    """Yield the lines that are no banner's. IOS: `banner motd ^Ctext ... ^C`, with any character in place of ^C."""
    ends, begun = "", 0
    for line in lines:
        if ends:
            ends = "" if ends in line.text else ends
            continue
        words = line.text.split(" ", 2)
        if asa or words[0] != "banner" or len(words) < 3 or not words[2].strip():  # noqa: PLR2004 - banner KIND TEXT
            yield line
            continue
        rest = words[2].lstrip(" ")
        mark = "^C" if rest.startswith("^C") else rest[0]
        if mark not in rest[len(mark) :]:
            ends, begun = mark, line.number
    if ends:
        problems.add(begun, "a banner that is never closed", f"close it with {shown(ends)}; is the text cut off?")


def _check_whole(lines: list[Line], problems: Problems, asa: bool) -> None:
    begins, ends = (_BEGINS_ASA, _ENDS_ASA) if asa else (_BEGINS_IOS, re.compile(r"end\s*$"))
    begun = any(begins.match(line.text) for line in lines)
    if begun and not any(ends.match(line.text) for line in lines):
        last = next(line.number for line in reversed(lines) if line.text.strip() or line.number == 1)
        end = ": end" if asa else "end"
        problems.add(last, "the configuration is cut off here", f'give all of it, to its "{end}"')
