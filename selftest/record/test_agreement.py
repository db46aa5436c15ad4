"""What only the owner of the key could sign: parts of a run that say different things."""

# ruff: noqa: E501 - a case is a line
from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ordinance.cli import main
from selftest.record.forging import change_json, lines_of, sign_again, write_chain


def of_run(**facts: object) -> Callable[[Path], None]:
    return lambda run: change_json(run, "results.json", lambda results: results["run"].update(facts))


def of_check(**facts: object) -> Callable[[Path], None]:
    return lambda run: change_json(run, "results.json", lambda results: results["checks"][0].update(facts))


def of_head(**facts: object) -> Callable[[Path], None]:
    return lambda run: change_json(run, "head.json", lambda head: head.update(facts))


def no_end(run: Path) -> None:
    write_chain(run, lines_of(run / "observations.jsonl")[:-1])


def cites(name: str) -> Callable[[Path], None]:
    def change(run: Path) -> None:
        change_json(run, "results.json", lambda results: results["checks"][1]["evidence"][-1]["observations"].append(name))

    return change


def without(witness: bool) -> Callable[[Path], None]:
    def change(results: dict) -> None:
        results["checks"][0]["evidence"] = [
            piece for piece in results["checks"][0]["evidence"] if piece["witness"] is not witness
        ]

    return lambda run: change_json(run, "results.json", change)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (of_head(run="20261123T201500Z-00000000"), "head.json: is of the run 20261123T201500Z-00000000, in a folder named "),
        (of_head(format=2), "head.json: written in format 2; this version of ordinance reads format 1"),
        (of_head(run="../elsewhere"), "head.json: what it names is not a run"),
        (of_head(previous={"run": "../elsewhere", "sha256": "0" * 64}), "head.json: what it names is not a run"),
        (of_head(more=1), "head.json: not the head of a run"),
        (of_head(records=13), "observations.jsonl:12: the journal ends here, after 12 of 13 lines"),
        (of_head(records=11), "observations.jsonl:12: the journal ended before this line"),
        (of_head(head="0" * 64), "observations.jsonl:12: this last line is not the one"),
        (of_head(plan=3), r"results.json:\d+: planned is 2, while head.json has 3"),
        (of_head(started="2026-11-24T20:15:00.001Z"), r"results.json:\d+: started is '2026-11-24T20:15:00.000Z', while head.json has"),
        (of_run(id="20261123T201500Z-00000000"), r"results.json:\d+: id is '20261123T201500Z-00000000', while head.json has"),
        (of_run(observations=11), r"results.json:\d+: observations is 11, while head.json has 12"),
        (of_run(observations_sha256="0" * 64), r"results.json:\d+: observations_sha256 is '0000.*, while the journal has"),
        (of_run(inventory_sha256="0" * 64), r"plan.json:\d+: inventory_sha256 is "),
        (of_run(planned=3), r"results.json:\d+: planned is 3, while head.json has 2"),
        (of_run(profile="strict"), r"plan.json:\d+: profile is 'default', while results.json has 'strict'"),
        (of_run(selection="--clause 3"), r"plan.json:\d+: selection is "),
        (of_run(exit_code=1), r"results.json:\d+: exit_code is 1, while the list of its checks has 0"),
        (of_run(headline="unproven"), r"results.json:\d+: headline is 'unproven', while the list of its checks has 'compliant'"),
        (of_run(status="incomplete"), "results.json:.*: headline is 'compliant', while the list of its checks has 'incomplete'"),
        (of_check(verdict="violated"), "results.json: counts is {.*'compliant': 2, .*while the list of its checks has {.*'compliant': 1"),
        (of_check(verdict="fine"), "results.json: 'fine' is not a valid State"),
        (of_check(target="elsewhere"), "results.json: 10.D/password-age on dept was planned and is not reported"),
        (of_check(vantage="outside"), "results.json: 10.D/password-age on dept was planned and is not reported"),
        (lambda run: change_json(run, "results.json", lambda results: results["checks"].append(results["checks"][0])), "results.json: number of checks is 3, while plan.json has 2"),
        (lambda run: change_json(run, "results.json", lambda results: results["checks"].pop()), "results.json: 10.D/password-age on ws1 was planned and is not reported"),
        (lambda run: change_json(run, "plan.json", lambda plan: plan["checks"].pop()), "results.json: 10.D/password-age on ws1 is reported and was not planned"),
        (cites("o-000013"), r"results.json:\d+: 10.D/password-age on ws1 rests on o-000013, which the journal does not hold"),
        (cites("o-1"), r"results.json:\d+: 10.D/password-age on ws1 rests on o-1, which the journal does not hold"),
        (without(witness=True), "results.json: 10.D/password-age on dept is compliant without witness that cites an observation"),
        (without(witness=False), "results.json: 10.D/password-age on dept is compliant without evidence that cites an observation"),
        (lambda run: (run / "results.json").write_text("{}"), "results.json: not what a run writes"),
        (lambda run: (run / "plan.json").write_bytes(b"\xff"), "plan.json: not what a run writes"),
        (no_end, "observations.jsonl:11: this last line is no end, though the run is said to be complete"),
        (lambda run: (run / "report.html").unlink(), "SHA256SUMS: does not list report.html: the run was sealed without it"),
        (lambda run: (run / "inputs" / "inventory.yml").unlink(), "SHA256SUMS: does not list inputs/inventory.yml: the run was sealed without it"),
    ],
    ids=itertools.count(1),
)  # fmt: skip
def test_parts_that_say_different_things_are_told_though_they_are_signed(run: Path, told, change, sentence: str) -> None:
    change(run)
    sign_again(run)
    assert re.search(f"^{re.escape(str(run))}/{sentence}", told(run))


def test_signing_again_changes_nothing_by_itself(run: Path) -> None:
    before = (run / "SHA256SUMS.sig").read_bytes()
    sign_again(run)
    assert (run / "SHA256SUMS.sig").read_bytes() == before
    assert main(["verify", str(run)]) == 0


def test_an_inventory_that_is_not_the_one_that_was_read_is_told(run: Path, told) -> None:
    (run / "inputs" / "inventory.yml").write_text("city: other\n")
    sign_again(run)
    assert re.search(r"results.json:\d+: inventory_sha256 is '.*', while inputs/inventory.yml has '", told(run))
