"""One deliberate break of the suite, standing for a careless change; the tests named with it must notice."""

from __future__ import annotations

from typing import NamedTuple


class Mutant(NamedTuple):
    """One break. `file` is under src/ordinance, `tests` under selftest."""

    id: str
    careless: str  #: the change it stands for
    file: str
    old: str
    new: str
    tests: str
