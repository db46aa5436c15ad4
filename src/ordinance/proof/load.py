"""A file with a ruleset in any language that has a reader, as a ruleset, with the gate's word on it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ordinance.errors import DataError, Problem, UsageError
from ordinance.proof import netns
from ordinance.proof.gate import gate
from ordinance.proof.gate_iptables import gate_iptables
from ordinance.proof.ir import Ruleset
from ordinance.proof.read.asa import read_asa
from ordinance.proof.read.detect import FORMATS, detect, families
from ordinance.proof.read.ios import read_ios
from ordinance.proof.read.iptables import read_iptables
from ordinance.proof.read.nft import read_nft
from ordinance.proof.read.objects import LARGEST
from ordinance.proof.wording import plain

_NFT_ERROR = re.compile(r"^(?P<file>[^\n:]+):(?P<line>\d+):\d+(?:-\d+)?: Error: (?P<what>.*)$", re.MULTILINE)


__all__ = ["FORMATS", "Given", "Read", "load"]


@dataclass(frozen=True, slots=True)
class Given:
    """Where a ruleset is read from. iptables says what it does in up to three files."""

    file: Path
    format: str = ""  #: one of FORMATS; "": by what stands in it
    ip6: Path | None = None  #: what ip6tables-save printed, beside iptables-save
    ipset: Path | None = None  #: what `ipset save` printed
    program: Path | None = None  #: what `nft --debug=netlink list ruleset` printed beside a JSON listing


@dataclass(frozen=True, slots=True)
class Read:
    """A ruleset, and why it is not to be trusted (empty: the gate found nothing)."""

    ruleset: Ruleset
    refused: tuple[str, ...] = ()


def load(given: Given) -> Read:
    """Read a ruleset from files. Raises DataError for what is none, UsageError for what cannot be read here."""
    text = _text(given.file)
    kind = given.format or detect(text, str(given.file))
    if kind == "nft-json":
        return _listing(given, text)
    if kind == "nft":
        return _nft(given.file)
    if kind in ("asa", "ios"):
        return Read((read_asa if kind == "asa" else read_ios)(text, str(given.file)))
    return _iptables(given, text, kind)


def _listing(given: Given, text: str) -> Read:
    """A JSON listing is taken as it is, and loaded: into what the kernel makes of it, or has made of it by `program`."""
    found = read_nft(text, str(given.file))
    if given.program is not None:
        return Read(found, gate(text, _text(given.program)))
    try:
        loaded = netns.load_json(text)
    except netns.NoNamespace as error:
        return Read(found, (f"the listing was not compared with a kernel's program: {plain(str(error))}",))
    except (netns.NotLoaded, netns.NotListed) as error:
        return Read(found, (f"nft cannot load the listing: {plain(str(error))}",))
    return Read(found, gate(loaded.listing, loaded.program))


def _nft(path: Path) -> Read:
    """Nft's own language is read by nft: what it has loaded then is listed."""
    try:
        loaded = netns.load_text(path)
    except netns.NotLoaded as error:
        raise DataError(_problems(path, str(error))) from None
    except netns.NotListed as error:
        why = f"nft cannot list this ruleset: {plain(str(error))}"
        return Read(Ruleset(str(path), "nft", {}, (), taints=(why,)), (why,))
    except netns.NoNamespace as error:
        right = "run as root or where user namespaces are allowed, or give what `nft -j list ruleset` prints"
        raise UsageError(f"{path}: nft is needed to read this language: {error}; {right}") from None
    return Read(read_nft(loaded.listing, str(path)), gate(loaded.listing, loaded.program))


def _problems(path: Path, said: str) -> list[Problem]:
    found = [
        Problem(match["file"], int(match["line"]), f"nft: {plain(match['what'])}", "correct it until `nft -c -f` accepts it")
        for match in _NFT_ERROR.finditer(said)
    ]
    return found[:20] or [Problem(str(path), 0, f"nft cannot load it: {plain(said)}", "correct it until `nft -c -f` accepts it")]


def _iptables(given: Given, text: str, kind: str) -> Read:
    """Both families, from two files or from one that holds both, as long as one of them says which is which."""
    other = _text(given.ip6) if given.ip6 else None
    halves = families(text) if other is None else None
    v4, v6 = halves or ((text, other) if kind == "iptables-save" else (other, text))
    ipsets = _text(given.ipset) if given.ipset else None
    names = (str(given.file), str(given.ip6 or given.file), str(given.ipset or "ipset save"))
    found = read_iptables(v4, v6, ipsets, names)
    return Read(found, gate_iptables(found, v4, v6, ipsets))


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise DataError([Problem(str(path), 0, f"the file is larger than any ruleset ({LARGEST} bytes)", "give a ruleset")])
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise DataError([Problem(str(path), line, "not UTF-8 text", "give a ruleset as text")]) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError([Problem(str(path), line, "has a NUL character, as no text has", "give a ruleset as text")])
    return text
