"""What the checks between the parts of an inventory stand on: the parts, and how a fault is put into words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ordinance.errors import Problem
from ordinance.inventory import leaves
from ordinance.inventory.files import InventoryFile
from ordinance.inventory.groups import Membership
from ordinance.inventory.model import Address, Host, PublicGroup, Scope
from ordinance.strict import Loaded, line_of, nearest

Path = tuple[str | int, ...]

_SCOPE_RIGHT = "add it to scope.allow (and not to scope.deny), or take the address out"


@dataclass(slots=True)
class Ground:
    """A well-formed inventory in parts, and the problems found between them so far."""

    loaded: Loaded[InventoryFile]
    members: Membership
    hosts: dict[str, Host]
    public: tuple[PublicGroup, ...]
    problems: list[Problem] = field(default_factory=list)

    @property
    def file(self) -> InventoryFile:
        """The file's values."""
        return self.loaded.value

    @property
    def public_addresses(self) -> frozenset[Address]:
        """Every address of every public group."""
        return frozenset(address for group in self.public for address in group.addresses)

    @property
    def scope(self) -> Scope:
        """What may be contacted."""
        scope = self.file.scope
        return Scope(tuple(map(leaves.scope_network, scope.allow)), tuple(map(leaves.denied_network, scope.deny)))

    def bad(self, path: Path, what: str, right: str) -> None:
        """Note a fault of the value at `path`."""
        self.problems.append(self.loaded.problem(path, what, right))

    def bad_host(self, name: str, key: str, what: str, right: str) -> None:
        """Note a fault of one variable of a host, wherever that variable was written."""
        line = line_of(self.members.variables(name), (key,))
        self.problems.append(Problem(self.members.hosts[name].file, line, f"host {name}: {what}", right))

    def needs_host(self, name: str, path: Path) -> Host | None:
        """Return the host that `path` names; a fault when there is none."""
        host = self.hosts.get(name)
        if host is None:
            guess = nearest(name, self.hosts)
            self.bad(
                path, f'no host is named "{name}"', f'did you mean "{guess}"?' if guess else "name a host that stands below all"
            )
        return host

    def needs_ssh(self, name: str, path: Path) -> Host | None:
        """Return the host that `path` names; a fault when it cannot be reached by SSH."""
        host = self.needs_host(name, path)
        if host is not None and host.ssh is None:
            right = f"give {name} ansible_host, ansible_user, ssh_key and host_keys"
            self.bad(path, f"the host {name} cannot be reached by SSH", right)
        return host

    def needs_scope(self, address: Address, path: Path) -> None:
        """Note a fault when nothing may be sent to `address`."""
        if not self.scope.admits(address):
            self.bad(path, f"{address} is out of scope", _SCOPE_RIGHT)

    def needs_host_scope(self, name: str, key: str, address: Address) -> None:
        """Note a fault when nothing may be sent to an address of a host."""
        if not self.scope.admits(address):
            self.bad_host(name, key, f"{address} is out of scope", _SCOPE_RIGHT)

    def no_twice(self, values: Iterable[str], path: Path, kind: str, key: str = "") -> None:
        """Note a fault for each value that stood before."""
        seen: set[str] = set()
        for index, value in enumerate(values):
            if value in seen:
                self.bad(
                    (*path, index, key) if key else (*path, index), f'the {kind} "{value}" stands twice', "keep one of the two"
                )
            seen.add(value)
