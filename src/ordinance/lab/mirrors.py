"""Where the image's packages come from: the machine's own sources for the release when it has them, else Debian's mirror."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ordinance.errors import UsageError

RELEASE = "bookworm"
_APT = Path("/etc/apt")
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_SUITES = frozenset((RELEASE, f"{RELEASE}-updates", f"{RELEASE}-security"))
_DEBIAN = f"""\
deb [signed-by={_KEYRING}] http://deb.debian.org/debian {RELEASE} main
deb [signed-by={_KEYRING}] http://deb.debian.org/debian {RELEASE}-updates main
deb [signed-by={_KEYRING}] http://deb.debian.org/debian-security {RELEASE}-security main
"""


def sources(scratch: Path, apt: Path = _APT, keyring: Path = _KEYRING) -> list[str]:
    """Return mmdebstrap's source arguments, writing what they name to `scratch`.

    The machine's sources count when they offer the release itself and nothing but Debian: a mirror near by, or the only one that
    can be reached. Errors: UsageError when Debian's mirror would be used but nothing here can check its signature.
    """
    own = [path for path in _source_files(apt) if _is_debian(path)]
    if any(RELEASE in _suites(path) for path in own):
        return [str(path) for path in own]
    if not keyring.exists():
        raise UsageError("the image is made of Debian packages, whose keys are missing: apt-get install debian-archive-keyring")
    listed = scratch / "debian.list"
    listed.write_text(_DEBIAN, encoding="utf-8")
    return [str(listed)]


def _source_files(apt: Path) -> Iterator[Path]:
    yield from (path for path in [apt / "sources.list"] if path.is_file())
    yield from sorted([*(apt / "sources.list.d").glob("*.list"), *(apt / "sources.list.d").glob("*.sources")])


def _is_debian(path: Path) -> bool:
    """Whether a file offers suites of the release and no others: other people's repositories have no place in the image."""
    suites = _suites(path)
    return bool(suites) and suites <= _SUITES


def _suites(path: Path) -> set[str]:
    lines = [line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
    if path.suffix == ".sources":
        fields = [line.partition(":") for line in lines]
        return {suite for name, _, value in fields if name.lower() == "suites" for suite in value.split()}
    return {suite for line in lines for suite in _listed_suite(line)}


def _listed_suite(line: str) -> Iterator[str]:
    """Give the suite of a one-line source (sources.list(5)): `deb [options] uri suite component...`."""
    words = line.split()
    if words[:1] != ["deb"]:
        return
    rest = words[1:]
    if rest and rest[0].startswith("["):
        end = next((index for index, word in enumerate(rest) if word.endswith("]")), len(rest))
        rest = rest[end + 1 :]
    yield from rest[1:2]
