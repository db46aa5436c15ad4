"""Evidence on disk."""

from __future__ import annotations

from selftest.mutants.mutant import Mutant

BREAKS = (
    Mutant(
        "journal-not-written",
        "an observation counts without having been written",
        "record/journal.py",
        "            _write_all(self._file, line)\n",
        "",
        "record/test_journal.py",
    ),
    Mutant(
        "journal-of-yesterday",
        "a journal that is there already is gone on with",
        "record/journal.py",
        "| os.O_EXCL | os.O_CLOEXEC, 0o600)",
        "| os.O_CLOEXEC, 0o600)",
        "record/test_journal.py",
    ),
    Mutant(
        "journal-gap",
        "lines missing in the journal are not noticed",
        "record/chain.py",
        "if seen.id != line_name(number):",
        "if False:",
        "record/test_chain.py record/test_journal.py",
    ),
    Mutant(
        "chain-not-followed",
        "a line need not follow the one before it",
        "record/chain.py",
        "if seen.previous != previous:",
        "if False:",
        "record/test_chain.py",
    ),
    Mutant(
        "chain-of-one-hash",
        "every line carries the hash of the first",
        "record/chain.py",
        "        previous = hashlib.sha256(line).hexdigest()\n        yield Link(seen, previous)\n",
        "        yield Link(seen, hashlib.sha256(line).hexdigest())\n",
        "record/test_chain.py",
    ),
    Mutant(
        "evidence-not-in-the-journal",
        "evidence need not stand in the journal",
        "final.py",
        "missing = [name for name in cited if name not in recorded]",
        "missing = []",
        "test_final.py",
    ),
    Mutant(
        "secrets-published",
        "secrets in sentences are published",
        "final.py",
        "reason=redact(verdict.reason),",
        "reason=verdict.reason,",
        "test_final.py",
    ),
    Mutant(
        "latest-not-marked",
        "the last night's report stands as `latest` while a run is under way",
        "record/folder.py",
        "            run._mark(started)\n",
        "",
        "record/test_folder.py",
    ),
    Mutant(
        "latest-stolen",
        "an older run takes `latest` from a newer one",
        "record/folder.py",
        "ours = marked_run(self.reports) in (self.id, None)",
        "ours = True",
        "record/test_folder.py",
    ),
    Mutant(
        "publish-not-atomic",
        "a file is written where it is read",
        "record/folder.py",
        "            part.replace(final)\n        _sync_folder(path.parent)\n",
        "            final.write_bytes(part.read_bytes())\n",
        "record/test_folder.py",
    ),
)
