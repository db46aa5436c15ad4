"""What a replay says otherwise than the run did. Pure: results in, sentences out."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ordinance.record.model import CheckRecord, Results


def differences(recorded: Results, made: Results) -> list[str]:
    """One sentence for each check that differs, then for each clause and each fact of the run; empty when all is the same."""
    return [*_checks(recorded, made), *_clauses(recorded, made), *_facts(recorded, made)]


def _checks(recorded: Results, made: Results) -> Iterator[str]:
    then = {(check.control, check.target): check for check in recorded.checks}
    now = {(check.control, check.target): check for check in made.checks}
    for key in dict.fromkeys([*then, *now]):
        was, is_now = then.get(key), now.get(key)
        if was != is_now:
            yield f"{key[0]} on {key[1]}: {_check(was, is_now)}"


def _check(was: CheckRecord | None, is_now: CheckRecord | None) -> str:
    if was is None or is_now is None:
        one = was or is_now
        said = f"{one.verdict} ({one.reason})" if one else ""
        return f"recorded {said}, not planned now" if is_now is None else f"not planned then, recomputed {said}"
    if was.verdict != is_now.verdict:
        return f"recorded {was.verdict} ({was.reason}), recomputed {is_now.verdict} ({is_now.reason})"
    if was.reason != is_now.reason:
        return f"{was.verdict} both times, recorded because {was.reason}; recomputed because {is_now.reason}"
    names = [name for name in CheckRecord.__struct_fields__ if getattr(was, name) != getattr(is_now, name)]
    return f"{was.verdict} both times, with another {', '.join(names)}"


def _clauses(recorded: Results, made: Results) -> Iterator[str]:
    then = {clause.id: clause for clause in recorded.clauses}
    now = {clause.id: clause for clause in made.clauses}
    for name in dict.fromkeys([*then, *now]):
        if then.get(name) != now.get(name):
            standings = [found.standing if found else "not there" for found in (then.get(name), now.get(name))]
            words = f"recorded {standings[0]}, recomputed {standings[1]}" if standings[0] != standings[1] else "its text differs"
            yield f"clause {name}: {words}"


def _facts(recorded: Results, made: Results) -> Iterator[str]:
    then, now = msgspec.structs.asdict(recorded.run), msgspec.structs.asdict(made.run)
    for name, was in then.items():
        if was != now[name]:
            yield f"{name} of the run: recorded {was!r}, recomputed {now[name]!r}"
    for part in ("controls", "sections"):
        if getattr(recorded, part) != getattr(made, part):
            yield f"the {part} of the policy differ"
