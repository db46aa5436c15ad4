"""`ordinance inventory`: what it prints, where, and its exit codes."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest
from inventory_text import GOOD

from ordinance.errors import UsageError
from ordinance.inventory.cli import register


def _run(*words: str) -> int:
    parser = argparse.ArgumentParser()
    register(parser.add_subparsers(required=True))
    arguments = parser.parse_args(["inventory", *words])
    return arguments.func(arguments)


def test_a_good_inventory_is_summed_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "city.yml"
    path.write_text(GOOD)
    assert _run("check", str(path)) == 0
    out = capsys.readouterr().out
    assert "Smallville" in out
    assert "4 hosts, 4 reached by SSH" in out
    assert "mail_gateways: mail\n" in out
    assert "public group public-ipv4: 8 addresses" in out
    assert "9 public addresses in all" in out


def test_a_wrong_inventory_is_told_problem_by_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "city.yml"
    path.write_text(GOOD.replace("echo:", "ecko:").replace("port: 25", "port: 0"))
    assert _run("check", str(path)) == 4
    seen = capsys.readouterr()
    assert seen.out == ""
    lines = seen.err.splitlines()
    assert [line.rpartition("city.yml:")[2].partition(":")[0] for line in lines[:-1]] == ["29", "33"]
    assert lines[-1] == "2 problems"


def test_an_inventory_with_nothing_to_check_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "city.yml"
    path.write_text("city: {name: S, timezone: UTC}\npace: {per_host: 1, total: 1}\nscope: {allow: []}\n")
    assert _run("check", str(path)) == 0
    assert "nothing to check" in capsys.readouterr().out


def test_the_schema_is_printed_or_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("schema") == 0
    printed = capsys.readouterr().out
    assert json.loads(printed)["title"] == "Inventory of a city"
    assert _run("schema", "--output", str(tmp_path / "s.json")) == 0
    assert (tmp_path / "s.json").read_text() == printed


def test_a_schema_that_cannot_be_written_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written"):
        _run("schema", "--output", str(tmp_path / "missing" / "s.json"))
