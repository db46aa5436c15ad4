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
_MACRO_ENDS = "@"
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
    """Yield the lines that are commands: not those of a banner, nor of another text between two marks, nor of a macro (IOS)."""
    ends, begun = "", 0
    for line in lines:
        if ends:
            ends = "" if (line.text.strip() == ends if ends == _MACRO_ENDS else ends in line.text) else ends
            continue
        ends, text = ("", line.text) if asa else _mark(line.text)
        begun = line.number
        if text:
            yield Line(line.number, text)
    if ends:
        problems.add(begun, "a banner or macro that is never closed", f"close it with {shown(ends)}; is the text cut off?")


def _mark(text: str) -> tuple[str, str]:
    """Return the mark that ends what begins on this line, or "", and what of the line is a command."""
    words = text.split(" ", 2)
    if words[:2] == ["macro", "name"]:
        return _MACRO_ENDS, ""
    if words[0] == "banner" and words[2:] and words[2].strip():
        rest = words[2].lstrip(" ")
        mark = "^C" if rest.startswith("^C") else rest[0]
        return ("" if mark in rest[len(mark) :] else mark), ""
    for mark in ("^C", "\x03"):
        if mark in text and not text.startswith(("!", " !")):
            return ("" if text.count(mark) > 1 else mark), text.partition(mark)[0]
    return "", text


def refuse_no(command: Command) -> None:
    """Raise LineError: what takes something away again is no part of a configuration as a device shows it."""
    right = "give the configuration as the device shows it, not the commands that change it"
    raise LineError(f"{shown(command.text)} takes something away again", right)


def _check_whole(lines: list[Line], problems: Problems, asa: bool) -> None:
    begins, ends = (_BEGINS_ASA, _ENDS_ASA) if asa else (_BEGINS_IOS, re.compile(r"end\s*$"))
    begun = any(begins.match(line.text) for line in lines)
    if begun and not any(ends.match(line.text) for line in lines):
        last = next(line.number for line in reversed(lines) if line.text.strip() or line.number == 1)
        end = ": end" if asa else "end"
        problems.add(last, "the configuration is cut off here", f'give all of it, to its "{end}"')
