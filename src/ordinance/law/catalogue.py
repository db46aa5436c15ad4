"""Makes `docs/controls.md`, the catalogue of controls, from `policy/`; a test keeps the two alike."""

from __future__ import annotations

from collections.abc import Iterator

from ordinance.law.load import load_law
from ordinance.law.model import Clause, Law


def page(law: Law) -> str:
    """Return the text of `docs/controls.md`."""
    built = sum(control.covered for control in law.controls.values())
    head = [
        "# Controls",
        "",
        "Made from `policy/` by `python -m ordinance.law.catalogue > docs/controls.md`.",
        "",
        f"{built} of {len(law.controls)} controls are built. The others are *not covered yet*: in no plan and in no verdict.",
        "",
    ]
    return "\n".join([*head, *(line for clause in law.clauses.values() for line in _clause(law, clause))]) + "\n"


def _clause(law: Law, clause: Clause) -> Iterator[str]:
    yield f"## {clause.id} {clause.title}"
    yield ""
    yield f"{clause.disposition.value}" + (f": {clause.why}" if clause.why else "")
    yield ""
    if not clause.controls:
        return
    yield "| control | compliant world | witness | seen from | built |"
    yield "|---|---|---|---|---|"
    for name in clause.controls:
        control = law.controls[name]
        cells = [f"`{name}`", control.compliant_world, control.witness, control.vantage, "yes" if control.covered else "not yet"]
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    yield ""


if __name__ == "__main__":
    import sys

    sys.stdout.write(page(load_law()))
