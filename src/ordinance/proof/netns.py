"""nft and iptables in an empty network namespace of their own, where they touch nothing of the machine.

The namespace is anonymous and ends with the command. Before anything is loaded the command checks that it is another namespace
than ours and, of nft, that its ruleset is empty; else it does nothing.
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
_APART = """
outside=$1 folder=$2; shift 2
cd "$folder" || exit 95
inside=$(readlink /proc/self/ns/net) || exit 96
[ -n "$outside" ] && [ "$inside" != "$outside" ] || exit 96
"""
_GUARD = (
    _APART
    + """
[ -z "$(nft list ruleset 2>&1)" ] || exit 97
while [ "$1" != -- ]; do
    for kind in dummy bridge ifb; do ip link add name "$1" type "$kind" 2>/dev/null && break; done
    shift
done; shift
"""
)
_LIST = (
    " >loaded 2>&1 || exit 98\nnft -j list ruleset >json 2>said || exit 99\nnft --debug=netlink list ruleset >program 2>said\n"
)
_TEXT = _GUARD + 'nft -I "$1" -f "$2"' + _LIST
_JSON = _GUARD + "nft -j -f listing.json" + _LIST
_SAVED = (
    _APART
    + """
if [ -f ipset ]; then
    command -v ipset >/dev/null || exit 93
    ipset restore <ipset >loaded 2>&1 || exit 98
    ipset save >ipset.again 2>said || exit 99
fi
for tool in iptables ip6tables; do
    [ -f $tool ] || continue
    command -v $tool-restore >/dev/null || exit 94
    $tool-restore <$tool >loaded 2>&1 || exit 98
    $tool-save >$tool.again 2>said || exit 99
done
"""
)
_WHY = {
    93: "ipset is not installed",
    94: "iptables-restore or ip6tables-restore is not installed",
    96: "no network namespace apart from this machine's could be made",
    97: "the network namespace made for it is not empty, or nft cannot list it",
}
_NAME = r'"?([A-Za-z0-9_.-]{1,15})"?'
_DEVICES = re.compile(r'\b(?:iif|oif|device)\s+(?:!=\s*)?(\{[^}]{0,4096}\}|"?[A-Za-z0-9_.-]{1,15}"?)')
_JSON_DEVICES = re.compile(r'"key":\s*"(?:iif|oif)"\}\},\s*"right":\s*(\{"set":\s*\[[^\]]{0,4096}\]\}|"[^"]{0,64}")')
MOST_DEVICES = 64


class NoNamespace(OrdinanceError):
    """No empty namespace could be made, or its program is not there: nothing is known, and nothing was touched."""


class NotLoaded(OrdinanceError):
    """What was given is refused; the text is what nft or iptables-restore said."""


class NotListed(OrdinanceError):
    """It was loaded and then could not be listed (some versions crash); the text says how it ended."""


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


def load_saved(v4: str | None, v6: str | None, ipsets: str | None) -> tuple[str | None, ...]:
    """Load what iptables-save, ip6tables-save and `ipset save` printed, and return what the three print then; None as given.

    Raises NoNamespace, NotLoaded, NotListed.
    """
    texts = {"iptables": v4, "ip6tables": v6, "ipset": ipsets}
    with TemporaryDirectory(prefix="ordinance-proof-") as folder:
        for name, text in texts.items():
            if text is not None:
                Path(folder, name).write_text(text, "utf-8", "backslashreplace")
        _check(*_in_namespace(_SAVED, Path(folder), ()), Path(folder))
        return tuple(None if text is None else _read(Path(folder, f"{name}.again")) for name, text in texts.items())


def _devices(found: Sequence[str]) -> list[str]:
    names = dict.fromkeys(name for text in found for name in re.findall(_NAME, text) if name not in ("lo", "set"))
    return list(names)[:MOST_DEVICES]


def _run(script: str, arguments: Sequence[str], devices: Sequence[str], listing: str | None) -> Loaded:
    with TemporaryDirectory(prefix="ordinance-proof-") as name:
        folder = Path(name)
        if listing is not None:
            (folder / "listing.json").write_text(listing, "utf-8", "backslashreplace")
        _check(*_in_namespace(script, folder, (*devices, "--", *arguments)), folder)
        return Loaded(_read(folder / "json"), _read(folder / "program"))


def _in_namespace(script: str, folder: Path, arguments: Sequence[str]) -> tuple[int, str]:
    own = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    outside = str(Path("/proc/self/ns/net").readlink())
    command = [*own, "sh", "-c", script, "sh", outside, str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise NotLoaded(f"it was not loaded within {SECONDS:.0f} seconds") from None
    except OSError as error:
        raise NoNamespace(f"unshare cannot be run: {error.strerror}") from None
    return done.returncode, done.stderr.decode("utf-8", "replace")


def _check(code: int, said: str, folder: Path) -> None:
    if code == 98:  # noqa: PLR2004 - the codes of the scripts above
        raise NotLoaded(_read(folder / "loaded").strip()[:4000] or "it was not loaded, without a word")
    if code == 99:  # noqa: PLR2004
        raise NotListed(_read(folder / "said").strip()[:400] or "it crashed while it listed the ruleset")
    if code:
        raise NoNamespace(_WHY.get(code) or said.strip()[:400] or f"the shell ended with {code}")


def _read(path: Path) -> str:
    return path.read_text("utf-8", "backslashreplace") if path.exists() else ""
