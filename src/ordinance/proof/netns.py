"""nft in an empty network namespace of its own, where it can load whatever it is given and nothing of the machine is touched.

The namespace is anonymous and ends with the command. Before anything is loaded the command checks that it is another namespace
than ours and that its ruleset is empty; else it does nothing.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from ordinance.errors import OrdinanceError

#: Seconds for one loading and listing; a ruleset of 100,000 rules takes about ten.
SECONDS = 120.0
_GUARD = """
outside=$1 folder=$2; shift 2
cd "$folder" || exit 95
inside=$(readlink /proc/self/ns/net) || exit 96
[ -n "$outside" ] && [ "$inside" != "$outside" ] || exit 96
[ -z "$(nft list ruleset 2>&1)" ] || exit 97
while [ "$1" != -- ]; do
    for kind in dummy bridge ifb; do ip link add name "$1" type "$kind" 2>/dev/null && break; done
    shift
done; shift
"""
_LIST = (
    " >loaded 2>&1 || exit 98\nnft -j list ruleset >json 2>said || exit 99\nnft --debug=netlink list ruleset >program 2>said\n"
)
_TEXT = _GUARD + 'nft -I "$1" -f "$2"' + _LIST
_JSON = _GUARD + "nft -j -f listing.json" + _LIST
_WHY = {
    96: "no network namespace apart from this machine's could be made",
    97: "the network namespace made for it is not empty, or nft cannot list it",
}
_NAME = r'"?([A-Za-z0-9_.-]{1,15})"?'
_DEVICES = re.compile(r'\b(?:iif|oif|device)\s+(?:!=\s*)?(\{[^}]*\}|"?[A-Za-z0-9_.-]{1,15}"?)')
_JSON_DEVICES = re.compile(r'"key":\s*"(?:iif|oif)"\}\},\s*"right":\s*(\{"set":\s*\[[^\]]*\]\}|"[^"]*")')
MOST_DEVICES = 64


class NoNamespace(OrdinanceError):
    """nft could not be run in an empty namespace of its own: nothing is known, and nothing was touched."""


class NotLoaded(OrdinanceError):
    """nft refuses to load what it was given; the text is what it said."""


class NotListed(OrdinanceError):
    """nft loaded it and then could not list it (some versions crash); the text says how it ended."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A ruleset as the kernel has it."""

    listing: str  #: nft -j list ruleset
    program: str  #: nft --debug=netlink list ruleset


def load_text(path: Path) -> Loaded:
    """Load a file of nft's own language and return what the kernel has then. Raises NoNamespace, NotLoaded, NotListed."""
    names = _DEVICES.findall(path.read_text("utf-8", "replace"))
    return _run(_TEXT, (str(path.absolute().parent), str(path.absolute())), _devices(names), None)


def load_json(listing: str) -> Loaded:
    """Load a listing and return what the kernel has then. Raises NoNamespace, NotLoaded, NotListed."""
    return _run(_JSON, (), _devices(_JSON_DEVICES.findall(listing)), listing)


def _devices(found: Sequence[str]) -> list[str]:
    names = dict.fromkeys(name for text in found for name in re.findall(_NAME, text) if name not in ("lo", "set"))
    return list(names)[:MOST_DEVICES]


def _run(script: str, arguments: Sequence[str], devices: Sequence[str], listing: str | None) -> Loaded:
    own = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    outside = str(Path("/proc/self/ns/net").readlink())
    with TemporaryDirectory(prefix="ordinance-proof-") as folder:
        if listing is not None:
            Path(folder, "listing.json").write_text(listing, "utf-8", "backslashreplace")
        command = [*own, "sh", "-c", script, "sh", outside, folder, *devices, "--", *arguments]
        try:
            done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise NotLoaded(f"nft did not end within {SECONDS:.0f} seconds") from None
        except OSError as error:
            raise NoNamespace(f"unshare cannot be run: {error.strerror}") from None
        return _result(done.returncode, done.stderr.decode("utf-8", "replace"), Path(folder))


def _result(code: int, said: str, folder: Path) -> Loaded:
    if code == 98:  # noqa: PLR2004 - the codes of the script above
        raise NotLoaded(_read(folder / "loaded").strip()[:4000] or "nft ended without a word")
    if code == 99:  # noqa: PLR2004
        raise NotListed(_read(folder / "said").strip()[:400] or "nft crashed while it listed the ruleset")
    if code:
        raise NoNamespace(_WHY.get(code) or said.strip()[:400] or f"the shell ended with {code}")
    return Loaded(_read(folder / "json"), _read(folder / "program"))


def _read(path: Path) -> str:
    return path.read_text("utf-8", "backslashreplace") if path.exists() else ""
