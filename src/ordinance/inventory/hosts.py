"""From merged variables to the hosts of the model, with the checks that concern one host."""

from __future__ import annotations

import re
from pathlib import Path

from ordinance.errors import Problem
from ordinance.inventory import leaves
from ordinance.inventory.files import HostVars
from ordinance.inventory.groups import Membership
from ordinance.inventory.model import Endpoint, Host, RulesetSource, SecretRef, SnmpUser
from ordinance.strict import Mapping, Node, Scalar, Sequence, build, line_of

_SECRET_VARIABLE = re.compile(r"ansible_.*(?:pass|password|passphrase|secret|token)\Z")


def secret(text: str, base: Path) -> SecretRef:
    """Return a reference; a relative `file:` path starts at the inventory's folder."""
    found = leaves.secret(text)
    if found.scheme != "file":
        return found
    return SecretRef("file", str((base / Path(found.name).expanduser()).absolute()))


def literal_secrets(node: Node, file: str) -> list[Problem]:
    """Return a problem for every Ansible password variable that holds the password itself."""
    if isinstance(node, Sequence):
        return [problem for item in node.items for problem in literal_secrets(item, file)]
    if not isinstance(node, Mapping):
        return []
    problems = []
    for key, entry in node.entries.items():
        if _SECRET_VARIABLE.match(key) and isinstance(entry.node, Scalar) and not str(entry.node.value or "{{").startswith("{{"):
            what = f"{key} holds a secret in clear (it is not shown)"
            problems.append(
                Problem(file, entry.line, what, "take it out and change that password: the audit uses keys, named by ssh_key")
            )
        problems += literal_secrets(entry.node, file)
    return problems


def resolve(members: Membership, base: Path, problems: list[Problem]) -> dict[str, Host]:
    """Return every host, by name, adding to `problems` what cannot be."""
    hosts = {}
    for name in sorted(members.hosts):
        hosts[name] = _Maker(members, name, base, problems).host()
    return hosts


class _Maker:
    def __init__(self, members: Membership, name: str, base: Path, problems: list[Problem]) -> None:
        self._name = name
        self._groups = members.groups_of(name)
        self._node = members.variables(name)
        self._vars: HostVars = build(self._node, HostVars, members.file, [])
        self._file = members.hosts[name].file
        self._base = base
        self._problems = problems

    def host(self) -> Host:
        if "firewalls" in self._groups and not self._vars.outer_addresses:
            self._bad((), "is a firewall without outer_addresses", "list its own addresses that face the Internet")
        return Host(
            name=self._name,
            groups=self._groups,
            addresses=tuple(leaves.address(text) for text in self._vars.addresses),
            outer_addresses=tuple(leaves.address(text) for text in self._vars.outer_addresses),
            ssh=self._ssh(),
            snmp=self._snmp(),
            accounts=None if self._vars.accounts is None else tuple(self._vars.accounts),
            ruleset=self._ruleset(),
        )

    def _ssh(self) -> Endpoint | None:
        """Return the SSH endpoint; None for a host of which no `ansible_host` or no `ssh_key` is known."""
        found = self._vars
        if found.ansible_host is None or found.ssh_key is None:
            return None
        if found.ansible_user is None:
            self._bad(
                ("ansible_host",), "no ansible_user says who logs in", "write ansible_user for the host or a group around it"
            )
        if not found.host_keys:
            right = "write host_keys with the line of its /etc/ssh/ssh_host_ed25519_key.pub, read at its console"
            self._bad(("ansible_host",), "no host key is pinned, so nobody could tell the host from an impostor", right)
        return Endpoint(
            address=leaves.address(found.ansible_host),
            port=found.ansible_port,
            user=found.ansible_user or "",
            key=secret(found.ssh_key, self._base),
            host_keys=tuple(leaves.host_key(text) for text in found.host_keys),
        )

    def _snmp(self) -> SnmpUser | None:
        found = self._vars.snmp
        if found is None:
            return None
        auth, priv = secret(found.auth, self._base), secret(found.priv, self._base)
        pin = leaves.engine_id(found.engine_id) if found.engine_id else ""
        return SnmpUser(leaves.address(found.address), found.port, found.user, auth, priv, pin)

    def _ruleset(self) -> RulesetSource | None:
        found = self._vars.ruleset
        return RulesetSource(found.read, found.saved) if found else None

    def _bad(self, path: tuple[str, ...], what: str, right: str) -> None:
        self._problems.append(Problem(self._file, line_of(self._node, path), f"host {self._name}: {what}", right))
