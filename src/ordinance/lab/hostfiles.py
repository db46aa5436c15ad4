"""Put a host's files into its root: copies of the city's folders, with the lab's secrets filled in."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from ordinance.lab.city import City, Ownership
from ordinance.lab.errors import LabError
from ordinance.lab.topology import LabHost

_MARK = re.compile(rb"@lab:([A-Za-z0-9._-]+)@")
_DAY = re.compile(r"day-([0-9]+)\Z")
_SECONDS_A_DAY = 86_400
#: Postfix waits up to 2 s for a file that is younger than a second to "cool down".
_OLD_SECONDS = 3600


class HostFiles:
    """Writes files below one host's root; everything in them is an hour old."""

    def __init__(self, root: Path, secrets: Mapping[str, str], now: float | None = None) -> None:
        self._root = root
        self._secrets = secrets
        self._now = time.time() if now is None else now

    def write(self, path: str, content: bytes, mode: int = 0o644) -> None:
        """Write one file, replacing whatever was there (a link in the image is replaced, not followed)."""
        target = self._clear(path)
        target.write_bytes(content)
        target.chmod(mode)
        self._age(target)

    def copy_tree(self, source: Path) -> None:
        """Copy every file below `source`. Modes: 0755 for what is executable, else 0644, whatever the checkout's umask was."""
        for file in _files(source):
            path = str(file.relative_to(source))
            if file.is_symlink():
                self._clear(path).symlink_to(file.readlink())
            else:
                executable = file.stat().st_mode & 0o100
                self.write(path, self.fill(file.read_bytes(), file), 0o755 if executable else 0o644)

    def fill(self, content: bytes, source: Path) -> bytes:
        """Replace `@lab:NAME@` by the secret of that name, `@lab:day-N@` by the shadow(5) day number N days ago."""

        def value(match: re.Match[bytes]) -> bytes:
            name = match[1].decode()
            day = _DAY.match(name)
            if day:
                return str(int(self._now // _SECONDS_A_DAY) - int(day[1])).encode()
            if name not in self._secrets:
                line = content.count(b"\n", 0, match.start()) + 1
                raise LabError(f"{source}:{line}: the lab has no secret {name!r}; it has: {', '.join(sorted(self._secrets))}")
            return self._secrets[name].encode()

        return _MARK.sub(value, content)

    def own(self, modes: Mapping[str, Ownership], source: Path) -> None:
        """Set modes and owners. Names are looked up in the host's own /etc/passwd and /etc/group."""
        for path, ownership in modes.items():
            target = self._root / path
            if not os.path.lexists(target):
                raise LabError(f"{source}: the host has no /{path}; name a file or directory that is there")
            uid = self._number("passwd", ownership.owner, source)
            gid = self._number("group", ownership.group, source)
            os.chown(target, uid, gid, follow_symlinks=False)
            if ownership.mode is not None:
                target.chmod(int(ownership.mode, 8))
            self._age(target)

    def _number(self, table: str, name: str | None, source: Path) -> int:
        """Return the uid or gid of `name`; -1 (leave it) for None."""
        if name is None:
            return -1
        for line in (self._root / "etc" / table).read_text(encoding="utf-8").splitlines():
            fields = line.split(":")
            if fields[0] == name:
                return int(fields[2])
        raise LabError(f"{source}: the host's /etc/{table} has no {name!r}")

    def _clear(self, path: str) -> Path:
        target = self._root / path.lstrip("/")
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        target.unlink(missing_ok=True)
        return target

    def _age(self, target: Path) -> None:
        old = self._now - _OLD_SECONDS
        os.utime(target, (old, old), follow_symlinks=False)


def _files(source: Path) -> Iterator[Path]:
    for folder, directories, files in os.walk(source):
        links = [name for name in directories if Path(folder, name).is_symlink()]
        yield from (Path(folder, name) for name in sorted([*links, *files]))


def furnish(root: Path, city: City, host: LabHost, secrets: Mapping[str, str]) -> None:
    """Write everything that makes the image in `root` this host: what the engine sets, then the city's common and own files."""
    files = HostFiles(root, secrets)
    domain = city.topology.domain
    files.write("etc/hostname", f"{host.name}\n".encode())
    files.write("etc/hosts", hosts_file(host, domain).encode())
    for image_key in (root / "etc/ssh").glob("ssh_host_*"):
        image_key.unlink()
    files.write("etc/ssh/ssh_host_ed25519_key", secrets[f"{host.name}.ssh-host-key"].encode(), 0o600)
    files.write("etc/ssh/ssh_host_ed25519_key.pub", f"{secrets[f'{host.name}.ssh-host-key.pub']}\n".encode())
    files.write("root/.ssh/authorized_keys", f"{secrets['ssh-key.pub']}\n".encode(), 0o600)
    (root / "root/.ssh").chmod(0o700)
    for layer in city.layers(host.name):
        if city.rc(layer).exists():
            files.write(rc_path(layer), files.fill(city.rc(layer).read_bytes(), city.rc(layer)))
        files.copy_tree(city.files(layer))
    for layer in city.layers(host.name):
        files.own(city.modes.get(layer, {}), city.folder / "hosts" / layer / "modes.yml")


def rc_path(layer: str) -> str:
    """Return where a layer's start script stands in the host."""
    return f"etc/lab/rc.{layer}"


def hosts_file(host: LabHost, domain: str) -> str:
    """Return /etc/hosts: localhost and the host's own name only; every other name is for the DNS to answer."""
    own = "".join(f"{address} {host.name}.{domain} {host.name}\n" for address in _first_of_each_version(host))
    return f"127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n{own}"


def _first_of_each_version(host: LabHost) -> list[str]:
    first: dict[int, str] = {}
    for address in host.addresses:
        first.setdefault(address.version, str(address))
    return list(first.values())
