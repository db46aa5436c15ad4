"""`head.json`: the head of a run's chain, and the head of the night before it."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import msgspec

from ordinance.record.chain import NotSound

HEAD = "head.json"
FORMAT = 1
#: How runs are named (`RunFolder.begin`).
RUN_NAME = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{8}\Z")


class Previous(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The run that was sealed last before this one."""

    run: str
    sha256: str  #: of its head.json


class Head(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a run comes down to."""

    format: int
    run: str
    started: str
    finished: str
    records: int  #: lines of the journal
    head: str  #: of their chain
    plan: int  #: checks planned
    previous: Previous | None  #: none for the first run of a reports folder


def encode_head(head: Head) -> bytes:
    """As JSON, indented."""
    return msgspec.json.format(msgspec.json.encode(head), indent=1) + b"\n"


def read_head(folder: Path) -> tuple[Head, str]:
    """Read the head of a run, and the hash of its file. Raises NotSound."""
    path = folder / HEAD
    try:
        data = path.read_bytes()
        head = msgspec.json.decode(data, type=Head)
    except FileNotFoundError:
        raise NotSound(f"{path}: is missing") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, OSError) as error:
        raise NotSound(f"{path}: not the head of a run ({getattr(error, 'strerror', None) or error})") from error
    if head.format != FORMAT:
        raise NotSound(f"{path}: written in format {head.format}; this version of ordinance reads format {FORMAT}")
    if not RUN_NAME.match(head.run) or (head.previous and not RUN_NAME.match(head.previous.run)):
        raise NotSound(f"{path}: what it names is not a run")
    return head, hashlib.sha256(data).hexdigest()
