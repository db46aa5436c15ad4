"""Text of peers, and secrets."""

from __future__ import annotations

from selftest.mutants.mutant import Mutant

BREAKS = (
    Mutant(
        "html-unescaped",
        "the report believes what peers say to be HTML",
        "report/html.py",
        "autoescape=True,",
        "autoescape=False,",
        "report/test_report_html.py",
    ),
    Mutant(
        "text-not-made-safe",
        "what moves the cursor is recorded as it came",
        "observe/safetext.py",
        "if unicodedata.category(char) in _HIDDEN_CATEGORIES or char in _BLANK:",
        "if False:",
        "observe/test_safetext.py",
    ),
    Mutant(
        "secrets-recorded",
        "secrets are recorded",
        "observe/secret.py",
        "raw = raw.replace(needle, MARK.encode())",
        "pass",
        "observe/test_secret.py::test_nothing_that_is_recorded_holds_a_secret",
    ),
    Mutant(
        "secrets-in-base64",
        "secrets in base64 are recorded",
        "observe/secret.py",
        "needles = {raw, *in_base64(raw), ",
        "needles = {raw, ",
        "observe/test_secret.py::test_a_secret_is_found_in_base64_wherever_it_stands",
    ),
    Mutant(
        "hashes-recorded",
        "password hashes are recorded",
        "observe/secret.py",
        'return _HASH.sub(HASH_MARK.encode(), raw) if b"$" in raw else raw',
        "return raw",
        "observe/test_secret.py::test_password_hashes_never_become_evidence",
    ),
    Mutant(
        "details-unredacted",
        "secrets in the details of a record stay",
        "observe/recorder.py",
        "details=_without_secrets(dict(details or {}), vault),",
        "details=dict(details or {}),",
        "observe/test_secret.py::test_nothing_that_is_recorded_holds_a_secret",
    ),
)
