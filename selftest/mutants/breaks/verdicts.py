"""Verdicts that rest on nothing."""

from __future__ import annotations

from selftest.mutants.mutant import Mutant

BREAKS = (
    Mutant(
        "no-witness",
        "compliant needs no witness any more",
        "judge/verdict.py",
        "if not self.witnesses or not all(isinstance(item, Witness)",
        "if not all(isinstance(item, Witness)",
        "judge/test_verdict.py",
    ),
    Mutant(
        "any-witness",
        "`any` for `all`: evidence passes as a witness beside a real one",
        "judge/verdict.py",
        "not all(isinstance(item, Witness)",
        "not any(isinstance(item, Witness)",
        "judge/test_verdict.py",
    ),
    Mutant(
        "no-evidence",
        "compliant needs no evidence any more",
        "judge/verdict.py",
        "if not self.evidence or any(isinstance",
        "if any(isinstance",
        "judge/test_verdict.py",
    ),
    Mutant(
        "witness-as-evidence",
        "a witness alone passes as evidence",
        "judge/verdict.py",
        "if not self.evidence or any(isinstance(item, Witness) for item in self.evidence):",
        "if not self.evidence:",
        "judge/test_verdict.py",
    ),
    Mutant(
        "no-observation",
        "evidence needs no observation any more",
        "judge/verdict.py",
        "if not self.text.strip() or not self.observations:",
        "if not self.text.strip():",
        "judge/test_verdict.py",
    ),
    Mutant(
        "nobody-decided",
        "not-applicable without anybody who decided it",
        "judge/verdict.py",
        "        _need(self.decided_by)\n",
        "",
        "judge/test_verdict.py",
    ),
    Mutant(
        "nobody-waived",
        "a waiver without anybody who gave it",
        "judge/verdict.py",
        "        _need(self.by)\n",
        "",
        "judge/test_verdict.py",
    ),
    Mutant(
        "blank-reason",
        "a reason of blanks is a reason",
        "judge/verdict.py",
        "    if not text.strip():",
        "    if not text:",
        "judge/test_verdict.py",
    ),
)
