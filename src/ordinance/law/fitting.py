"""Whether clauses and controls fit together: nothing listed on one side only, nothing half described."""

from __future__ import annotations

from ordinance.errors import Problem
from ordinance.law.files import Clause, ClausesFile, Control, ControlsFile
from ordinance.strict import Loaded


def check(clauses: Loaded[ClausesFile], controls: Loaded[ControlsFile]) -> list[Problem]:
    """Return every problem between and within the two well-formed files."""
    listed = {name: clause.id for clause in clauses.value.clauses for name in clause.controls}
    problems = _twice(clauses, "clauses", [clause.id for clause in clauses.value.clauses])
    problems += _twice(controls, "controls", [control.id for control in controls.value.controls])
    known = {clause.id for clause in clauses.value.clauses}
    for index, control in enumerate(controls.value.controls):
        found = _control(control, known, listed)
        problems += [controls.problem(("controls", index, key), what, right) for key, what, right in found]
    names = {control.id for control in controls.value.controls}
    for index, clause in enumerate(clauses.value.clauses):
        problems += [clauses.problem(("clauses", index, key), what, right) for key, what, right in _clause(clause, names)]
    return problems


def _twice(loaded: Loaded[ClausesFile] | Loaded[ControlsFile], kind: str, ids: list[str]) -> list[Problem]:
    return [
        loaded.problem((kind, index, "id"), f"{name} stands twice", "keep one of the two")
        for index, name in enumerate(ids)
        if name in ids[:index]
    ]


Fault = tuple[str, str, str]  #: key, what, right


def _control(control: Control, clauses: set[str], listed: dict[str, str]) -> list[Fault]:
    faults: list[Fault] = []
    if control.clause != control.id.partition("/")[0]:
        faults.append(
            ("clause", f"{control.id} belongs to another clause than it names", f"write {control.id.partition('/')[0]}")
        )
    if control.clause not in clauses:
        faults.append(("clause", f"no clause {control.clause}", "name a clause of clauses.yml"))
    elif listed.get(control.id) != control.clause:
        faults.append(("id", f"the clause {control.clause} does not list {control.id}", "list it there"))
    if control.covered and not (control.looks and control.targets):
        faults.append(("covered", f"{control.id} is covered but names no targets or no looks", "name both"))
    if not control.covered and (control.looks or control.targets):
        faults.append(("covered", f"{control.id} is not covered but names targets or looks", "leave both out until it is built"))
    if len(set(control.looks)) != len(control.looks):
        faults.append(("looks", f"{control.id} names a look twice", "name each once"))
    return faults


def _clause(clause: Clause, controls: set[str]) -> list[Fault]:
    faults: list[Fault] = [
        ("controls", f"no control {name}", "describe it in controls.yml") for name in clause.controls if name not in controls
    ]
    if clause.disposition == "tested":
        if not clause.controls:
            faults.append(("disposition", f"the clause {clause.id} is tested by no control", "list its controls"))
        if clause.why:
            faults.append(("why", f"the clause {clause.id} is tested", "write human_part for what only a person can attest"))
        return faults
    if clause.controls:
        faults.append(
            ("controls", f"the clause {clause.id} is {clause.disposition} but has controls", "write disposition: tested")
        )
    if not clause.why:
        faults.append(("disposition", f"the clause {clause.id} is {clause.disposition} without a reason", "write why"))
    if clause.human_part:
        faults.append(("human_part", f"the clause {clause.id} is not tested", "write why instead"))
    return faults
