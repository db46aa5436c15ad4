"""Tools of somebody who tampers with evidence, without the signing key; and with it, for what only its owner could get wrong."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ordinance.record.signer import find_signer
from ordinance.record.sshsig import sign
from ordinance.record.sums import sums_of

#: A key that nobody has allowed.
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(b"somebody else's key, 32 bytes ..")


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def sum_up(run: Path) -> bytes:
    """Make `SHA256SUMS` fit what is there now."""
    (run / "SHA256SUMS").write_bytes(sums_of(run, {}))
    return (run / "SHA256SUMS").read_bytes()


def sign_again(run: Path, key: Ed25519PrivateKey | None = None) -> None:
    """Sum up and sign, with the audit's own key or another."""
    (run / "SHA256SUMS.sig").write_bytes(sign(sum_up(run), key or find_signer().key))


def change_json(run: Path, name: str, change: Callable[[Any], object]) -> None:
    """Change what a JSON file says; it is written as it was."""
    data = json.loads((run / name).read_bytes())
    change(data)
    (run / name).write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n")


def write_chain(run: Path, lines: list[bytes]) -> None:
    """Write a journal of these lines, numbered and chained as they must be, and make head and results fit it."""
    written, previous = [], "0" * 64
    for number, line in enumerate(lines, 1):
        begin = b'{"id":"o-%06d","previous":"%s",' % (number, previous.encode())
        written.append(re.sub(rb'^\{"id":"[^"]*","previous":"[^"]*",', begin, line))
        previous = hashlib.sha256(written[-1]).hexdigest()
    data = b"".join(written)
    (run / "observations.jsonl").write_bytes(data)
    change_json(run, "head.json", lambda head: head.update(head=previous, records=len(written)))
    facts = {"observations": len(written), "observations_sha256": hashlib.sha256(data).hexdigest()}
    change_json(run, "results.json", lambda results: results["run"].update(facts))
