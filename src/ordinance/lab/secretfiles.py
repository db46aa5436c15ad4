"""The lab's secrets on disk: DIR/secrets (0700), each secret in a file of its own (0600)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path


def write_secrets(folder: Path, made: Mapping[str, str]) -> None:
    """Write each secret to a file of its own, readable by its owner alone from the first byte on."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    for name, text in made.items():
        handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)


def read_secrets(folder: Path) -> dict[str, str]:
    """Read back what `write_secrets` wrote."""
    return {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
