"""The one Debian image that every host shares: built by mmdebstrap, kept in the cache, never written afterwards.

Always Debian 12, whatever the machine runs, so that the city behaves alike everywhere. Building needs the network (apt only)
and about a minute; the environment variable ORDINANCE_IMAGE names a ready directory instead.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ordinance.errors import UsageError
from ordinance.lab.errors import LabError
from ordinance.lab.mirrors import RELEASE, sources
from ordinance.lab.needs import rootless, tool, user_namespace

#: Neither manuals nor translations are read in the city: a third of the image.
_OPTIONS = (
    "--variant=minbase",
    "--format=tar",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    '--aptopt=APT::Install-Recommends "false"',
    # inn2 refuses to be configured on a machine without a domain name
    '--essential-hook=echo "127.0.1.1 $(hostname).city.example $(hostname)" >> "$1/etc/hosts"',
)
#: Devices are mounted by each host; making them is not for a user namespace.
_UNPACK = ("--extract", "--numeric-owner", "--preserve-permissions", "--exclude=./dev/*")


def read_packages(path: Path) -> tuple[str, ...]:
    """Read the package list: one a line, `#` begins a comment; sorted, each once."""
    lines = path.read_text(encoding="utf-8").splitlines()
    words = {line.partition("#")[0].strip() for line in lines} - {""}
    if not words:
        raise UsageError(f"{path} names no package")
    return tuple(sorted(words))


def image_key(packages: Sequence[str]) -> str:
    """Name the image by everything that decides what is in it."""
    text = "\n".join([RELEASE, platform.machine(), *_OPTIONS, *_UNPACK, *packages])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def cache_directory() -> Path:
    """Return $XDG_CACHE_HOME/ordinance, else ~/.cache/ordinance."""
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "ordinance"


def ensure_image(city: Path) -> Path:
    """Return the image's directory, building it first if need be (progress goes to stderr).

    Rootless images are unpacked in a user namespace and so are another directory than root's: their files belong to other ids.
    Errors: UsageError (something is missing on the machine), LabError (the build failed).
    """
    named = os.environ.get("ORDINANCE_IMAGE")
    if named:
        return _checked(Path(named).resolve())
    packages = read_packages(city / "packages.txt")
    image = cache_directory() / f"image-{image_key(packages)}{'-user' if rootless() else ''}"
    if not image.is_dir():
        image.parent.mkdir(parents=True, exist_ok=True)
        with _lock(image.with_name(f"{image.name}.lock")):
            if not image.is_dir():  # while we waited, the holder of the lock may have built it
                _build(image, packages)
    return image


def _checked(image: Path) -> Path:
    if not (image / "usr/bin/env").exists():
        raise UsageError(f"ORDINANCE_IMAGE names {image}, which is no unpacked Debian root")
    return image


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold a lock file; the kernel lets go of it however this process ends."""
    with path.open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say(f"waiting for another build of the same image ({path})")
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _build(image: Path, packages: Sequence[str]) -> None:
    program = tool("mmdebstrap")
    prefix = user_namespace()
    _say(f"building the image of the city ({len(packages)} packages and what they need; about a minute, once)")
    new = image.with_name(f"{image.name}.new")
    _run([*prefix, tool("rm"), "-rf", str(new)])  # what a build that was killed left
    with tempfile.TemporaryDirectory(prefix="ordinance-image-") as scratch:
        mirror = sources(Path(scratch))
        tar = Path(scratch) / "image.tar"
        mode = "unshare" if rootless() else "root"
        _run([program, f"--mode={mode}", *_OPTIONS, f"--include={','.join(packages)}", RELEASE, str(tar), *mirror])
        new.mkdir()
        _run([*prefix, tool("tar"), *_UNPACK, "--file", str(tar), "--directory", str(new)])
    new.rename(image)
    _say(f"the image is in {image}")


def _run(argv: Sequence[str]) -> None:
    """Run one step of the build. Its output goes to stderr: stdout is for the answer of the command line."""
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=sys.stderr.fileno(), check=False)
    if done.returncode != 0:
        raise LabError(f"building the image failed: {Path(argv[0]).name} ended with status {done.returncode} (see above)")


def _say(text: str) -> None:
    sys.stderr.write(f"ordinance: {text}\n")
    sys.stderr.flush()
