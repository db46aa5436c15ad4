"""Verdicts as text, and the files that hold what was said: `== test` and under it each verdict, in the order they were made."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from ordinance.judge.verdict import Evidence, Passages, State, Verdict

HEAD = "== "


def as_text(found: Any) -> str:
    """A verdict with all that it carries; anything else as Python shows it."""
    if not hasattr(found, "state"):
        return f"{found!r}\n"
    lines = [f"{State(found.state).value}: {found.reason}", *_extras(found)]
    for piece in found.evidence:
        lines += [f"  evidence {' '.join(piece.observations)}: {piece.text}", *_rows(piece)]
    lines += [f"  witness {' '.join(piece.observations)}: {piece.text}" for piece in found.witnesses]
    return "".join(f"{line}\n" for line in lines)


def _extras(found: Verdict) -> list[str]:
    named = ("breaches", "decided_by", "by", "until")
    return [f"  {name}: {value}" for name in named if (value := getattr(found, name, None))]


def _rows(piece: Evidence) -> list[str]:
    rows = piece.rows if isinstance(piece, Passages) else ()
    return [f"    {row.source} -> {row.target}{' beyond' if row.beyond else ''}: {' / '.join(row.what)}" for row in rows]


def write_words(path: Path, sections: dict[str, str]) -> None:
    text = "".join(f"{HEAD}{test}\n{said}" for test, said in sorted(sections.items()) if said)
    if text:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")


@cache
def read_words(path: Path) -> dict[str, str]:
    """What each test of one file brought about; {} when nothing was ever written down."""
    if not path.exists():
        return {}
    sections: dict[str, list[str]] = {}
    for line in path.read_text("utf-8").split("\n")[:-1]:
        if line.startswith(HEAD):
            held = sections.setdefault(line.removeprefix(HEAD), [])
        else:
            held.append(f"{line}\n")
    return {test: "".join(lines) for test, lines in sections.items()}
