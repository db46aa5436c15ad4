"""A thousand ways to tamper with three nights, a seed each: every one is noticed, in the night it was done to or in the next."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from ordinance.record.folder import RunFolder
from ordinance.record.nights import verify_reports
from ordinance.record.signers import own
from selftest.record.forging import OTHER_KEY, lines_of, sign_again, sum_up, write_chain
from selftest.record.nights_made import FIRST, begin, end, make_night, read_brief

TAMPERS = 1_000


class City:
    """Three nights as they were sealed, and the same three made again otherwise, with the same key and under the same names."""

    def __init__(self, top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reports, other = top / "reports", top / "other"
        brief = read_brief(top)
        self.nights = [make_night(brief, self.reports, number, records=30) for number in range(3)]
        names = iter([night.name for night in self.nights])
        monkeypatch.setattr(RunFolder, "begin", classmethod(lambda cls, reports, _: _made(cls(reports, next(names)))))
        self.others = []
        for number in range(3):
            audit = begin(brief, other, FIRST + timedelta(days=number), records=31)
            end(audit)
            self.others.append(audit.folder.path)
        self.whole = {path: path.read_bytes() for path in self.reports.rglob("*") if path.is_file() and not path.is_symlink()}
        self.whole = {path: data for path, data in self.whole.items() if "latest" not in path.parts}
        self.latest = (self.reports / "latest").readlink()

    def restore(self) -> None:
        for path in self.reports.rglob("*"):
            if not path.is_dir() and path not in self.whole:
                path.unlink()
        for path, data in self.whole.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_symlink() or not path.exists() or path.read_bytes() != data:
                path.unlink(missing_ok=True)
                path.write_bytes(data)
        (self.reports / "latest").unlink(missing_ok=True)
        (self.reports / "latest").symlink_to(self.latest)

    def faults(self) -> list[str]:
        return [told.text for told in verify_reports(self.reports, own()) if told.fault]


def _made(run: RunFolder) -> RunFolder:
    run.path.mkdir(parents=True)
    return run


def flip(city: City, night: Path, dice: random.Random) -> None:
    path = a_file(night, dice)
    data = bytearray(path.read_bytes())
    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)
    path.write_bytes(data)


def a_file(night: Path, dice: random.Random) -> Path:
    return dice.choice(sorted(path for path in night.rglob("*") if path.is_file()))


def a_text(night: Path, dice: random.Random) -> tuple[Path, list[bytes]]:
    """A file of several lines, the journal more often than the others."""
    others = (
        "results.json",
        "plan.json",
        "report.html",
        "head.json",
        "SHA256SUMS",
        "inputs/inventory.yml",
        "inputs/policy/controls.yml",
    )
    path = night / dice.choice(("observations.jsonl",) * len(others) + others)
    return path, lines_of(path)


def drop(city: City, night: Path, dice: random.Random) -> None:
    path, lines = a_text(night, dice)
    del lines[dice.randrange(len(lines))]
    path.write_bytes(b"".join(lines))


def swap(city: City, night: Path, dice: random.Random) -> None:
    path, lines = a_text(night, dice)
    one = dice.randrange(len(lines))
    two = dice.choice([number for number, line in enumerate(lines) if line != lines[one]])
    lines[one], lines[two] = lines[two], lines[one]
    path.write_bytes(b"".join(lines))


def twice(city: City, night: Path, dice: random.Random) -> None:
    path, lines = a_text(night, dice)
    lines.insert(dice.randrange(len(lines) + 1), dice.choice(lines))
    path.write_bytes(b"".join(lines))


def truncate(city: City, night: Path, dice: random.Random) -> None:
    path = a_file(night, dice)
    path.write_bytes(path.read_bytes()[: dice.randrange(path.stat().st_size)])


def replace(city: City, night: Path, dice: random.Random) -> None:
    """By the same file of another night, or of the same night made again."""
    path = a_file(night, dice)
    while path.relative_to(night).parts[0] == "inputs":  # the same every night
        path = a_file(night, dice)
    sources = [other / path.relative_to(night) for other in (*city.nights, *city.others) if other != night]
    path.write_bytes(dice.choice([source for source in sources if source.read_bytes() != path.read_bytes()]).read_bytes())


def remove(city: City, night: Path, dice: random.Random) -> None:
    a_file(night, dice).unlink()


def add(city: City, night: Path, dice: random.Random) -> None:
    name = dice.choice(
        ["note.txt", ".hidden", "inputs/more.yml", "SHA256SUMS.old", "results.json~", "observations.jsonl.1", "latest"]
    )
    if dice.random() < 0.3:
        (night / name).symlink_to("report.html")
    else:
        (night / name).write_bytes(dice.randbytes(dice.randrange(200)))


def another_key(city: City, night: Path, dice: random.Random) -> None:
    """Change the journal, make all the rest fit, and sign it with a key of one's own."""
    lines = lines_of(night / "observations.jsonl")
    del lines[dice.randrange(len(lines) - 1)]
    write_chain(night, lines)
    sign_again(night, OTHER_KEY)


def no_key(city: City, night: Path, dice: random.Random) -> None:
    """The same without signing."""
    lines = lines_of(night / "observations.jsonl")
    dice.shuffle(lines)
    write_chain(night, lines)
    sum_up(night)


def roll_back(city: City, night: Path, dice: random.Random) -> None:
    """Put another night in the place of one: the one before, or the same made again and signed with the true key."""
    place = city.nights.index(night)
    sources = [*city.nights[:place]] + ([city.others[place]] if place < 2 else [])  # nothing names the last one yet
    source = dice.choice(sources)
    shutil.rmtree(night)
    shutil.copytree(source, night)


def take_away(city: City, night: Path, dice: random.Random) -> None:
    """A whole night, its neighbours kept; or all that makes it a run."""
    night = city.nights[1]
    if dice.random() < 0.5:
        shutil.rmtree(night)
    else:
        for name in ("results.json", "head.json", "SHA256SUMS", "SHA256SUMS.sig"):
            (night / name).unlink()


def turn_back(city: City, night: Path, dice: random.Random) -> None:
    """Let `latest` show an older night."""
    (city.reports / "latest").unlink()
    (city.reports / "latest").symlink_to(dice.choice(city.nights[:2]).name)


WITHIN = (flip, drop, swap, twice, truncate, replace, remove, add, another_key, no_key)
AMONG = (roll_back, take_away, turn_back)


def test_every_one_of_a_thousand_tampers_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    city, done = City(tmp_path, monkeypatch), Counter[str]()
    assert city.faults() == []
    for seed in range(TAMPERS):
        dice = random.Random(seed)
        tamper: Callable[[City, Path, random.Random], None] = dice.choice(WITHIN + AMONG)
        night = dice.choice(city.nights[1:] if tamper is roll_back else city.nights)
        tamper(city, night, dice)
        done[tamper.__name__] += 1
        faults = city.faults()
        assert faults, f"seed {seed}: {tamper.__name__} on {night.name} was not noticed"
        if tamper in WITHIN:
            assert night.name in faults[0], f"seed {seed}: {tamper.__name__} on {night.name} was told as {faults[0]}"
        assert all("\n" not in fault for fault in faults)
        city.restore()
    assert city.faults() == [], "nothing of it was left"
    assert len(done) == len(WITHIN + AMONG) and min(done.values()) > TAMPERS // 30, done
