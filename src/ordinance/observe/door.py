"""The one door to the network. Nothing else opens a socket: here are scope, pace, deadlines, caps, safe text and the record."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ordinance.inventory.model import Address, Host, Inventory, SecretRef, SnmpUser
from ordinance.observe.api import CouldNotLook, Deadline, Unseen
from ordinance.observe.extras import with_extra
from ordinance.observe.gate import Gate, KillSwitch
from ordinance.observe.here import HereVantage, target_of
from ordinance.observe.pace import Pacer
from ordinance.observe.recorder import JournalLike, Recorder
from ordinance.observe.scope_guard import ScopeGuard
from ordinance.observe.secret import Vault
from ordinance.observe.snmp_who import MOST_ROWS, PORT, Who
from ordinance.observe.ssh import SshVantage
from ordinance.observe.ssh_link import LOGIN_SECONDS, SshLink

HERE = "here"
NO_SECOND = "; no second try"


class NetworkDoor:
    """What all looks of one run share: connections, pace, secrets, kill switch. `for_look` gives each look its own door.

    `halted` says that the run was interrupted; every action asks it and the kill-switch file first.
    """

    def __init__(
        self, inventory: Inventory, journal: JournalLike, *, halted: Callable[[], bool] = lambda: False,
        switch: KillSwitch | None = None, now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self.inventory = inventory
        self.journal = journal
        self.vault = Vault()
        self.vault.learn(inventory)
        switch = switch or KillSwitch.of_environment(halted)
        self.gate = Gate(switch, ScopeGuard(inventory.scope), Pacer(inventory.pace, now, sleep))
        self._links: dict[str, SshLink] = {}
        self.unfenced: set[str] = set()  #: vantages of which it was said who keeps them to the scope
        self.snmp_refused: dict[str, CouldNotLook] = {}  #: hosts that refused our own SNMPv3 user
        self._lock = threading.Lock()

    def for_look(self, look: str) -> LookDoor:
        """Return the door as the look of that name uses it: what it sees is recorded under its name."""
        return LookDoor(self, Recorder(self.journal, self.vault, look))

    def link(self, host: Host) -> SshLink:
        """Return the one connection to a host; VANTAGE when the inventory does not say how to reach it."""
        if host.ssh is None:
            raise CouldNotLook(Unseen.VANTAGE, f"the inventory does not say how {host.name} is reached by SSH")
        with self._lock:
            if host.name not in self._links:
                self._links[host.name] = SshLink(host.name, host.ssh, self.gate, self.vault.resolve)
            return self._links[host.name]

    def close(self) -> None:
        """Hang up every connection. May be called more than once, and while looks are still at it."""
        with self._lock:
            links = list(self._links.values())
        for link in links:
            link.close()


@dataclass(frozen=True, slots=True)
class _How:
    """How an agent is asked."""

    community: str | None = None
    version: str = "3"
    level: str = "authPriv"
    address: Address | None = None


class LookDoor:
    """The `Door` of `ordinance.observe.api` for one look."""

    def __init__(self, shared: NetworkDoor, recorder: Recorder) -> None:
        self._shared = shared
        self._recorder = recorder

    def at(self, vantage: str) -> HereVantage | SshVantage:
        """Return the vantage of that name, connected and logged in when it is a host."""
        place = self._shared.inventory.vantages.get(vantage)
        if place is None:
            raise self._refused(vantage, "connect", CouldNotLook(Unseen.VANTAGE, f"the inventory has no vantage {vantage}"))
        if place.host is None:
            self._say_who_keeps_the_scope(vantage, "connections from here are")
            return HereVantage(vantage, self._shared.gate, self._recorder)
        reached = self._over_ssh(vantage, place.host)
        reached.reach(Deadline.after(LOGIN_SECONDS))
        self._say_who_keeps_the_scope(vantage, "connections that its SSH server forwards are")
        return reached

    def host(self, name: str) -> SshVantage:
        """Return a managed host; connected on first use."""
        return self._over_ssh(name, name)

    def testinfra(self, name: str) -> Any:
        """A `testinfra.host.Host` for a managed host."""
        return with_extra("ordinance.observe.backend", "testinfra").host_over(self.host(name))

    def snmp_get(
        self, host: str, oids: Sequence[str], deadline: Deadline, *, community: str | None = None, version: str = "3",
        level: str = "authPriv", address: Address | None = None,
    ) -> tuple[dict[str, str], str]:  # fmt: skip
        """SNMP GET from here. See `Door.snmp_get`; reasons in `ordinance.observe.snmp.get`."""

        def ask(who: Who, place: Address, port: int) -> dict[str, str]:
            found: dict[str, str] = with_extra("ordinance.observe.snmp", "snmp").get(who, place, port, oids, deadline)
            return found

        how = _How(community, version, level, address)
        return self._snmp("snmp-get", host, ask, deadline, how)

    def snmp_walk(self, host: str, oid: str, deadline: Deadline, most: int = MOST_ROWS) -> tuple[dict[str, str], str]:
        """SNMPv3 walk below `oid` from here, at most `most` rows: oid -> value, and the observation id."""

        def ask(who: Who, place: Address, port: int) -> dict[str, str]:
            found: dict[str, str] = with_extra("ordinance.observe.snmp", "snmp").walk(who, place, port, oid, deadline, most=most)
            return found

        return self._snmp("snmp-walk", host, ask, deadline, _How())

    def note(
        self, *, vantage: str, target: str, action: str, outcome: str, seen: str, raw: bytes = b"",
        details: Mapping[str, Any] | None = None,
    ) -> str:  # fmt: skip
        """Record what was observed by other means; the journal id."""
        return self._recorder.begin(vantage, target, action).done(outcome, seen, raw=raw, details=details)

    def secret(self, reference: SecretRef) -> str:
        """Resolve a reference; from now on the value is in no record."""
        try:
            return self._shared.vault.resolve(reference)
        except CouldNotLook as failure:
            raise self._refused(str(reference), "secret", failure) from failure

    def _say_who_keeps_the_scope(self, vantage: str, what: str) -> None:
        """Record once a run what no kernel holds to the scope; the packet agent's record says what its kernel does."""
        if vantage not in self._shared.unfenced:
            self._shared.unfenced.add(vantage)
            self._recorder.begin(vantage, vantage, "scope").done("ok", f"{what} held to the scope by the audit process alone")

    def _over_ssh(self, vantage: str, name: str) -> SshVantage:
        host = self._shared.inventory.hosts.get(name)
        if host is None:
            raise self._refused(name, "ssh-connect", CouldNotLook(Unseen.VANTAGE, f"the inventory has no host {name}"))
        try:
            link = self._shared.link(host)
        except CouldNotLook as failure:
            raise self._refused(name, "ssh-connect", failure) from failure
        return SshVantage(vantage, link, self._shared.gate, self._recorder)

    def _snmp(
        self, action: str, host: str, ask: Callable[[Who, Address, int], dict[str, str]], deadline: Deadline, how: _How
    ) -> tuple[dict[str, str], str]:
        known = self._shared.inventory.hosts.get(host)
        user = known.snmp if known else None
        place = how.address or (user.address if user else None)
        if place is None:
            missing = CouldNotLook(Unseen.VANTAGE, f"the inventory does not say how {host} is asked by SNMP")
            raise self._refused(host, action, missing)
        port = user.port if user else PORT
        attempt = self._recorder.begin(HERE, f"{host} {target_of(place, port, 'udp')}", action)
        details = {"version": how.version, "level": how.level if how.version == "3" else "community"}
        try:
            self._once_only(host, how)
            who = self._who(user, how)
            self._shared.gate.admit(place, deadline)
            found = ask(who, place, port)
        except CouldNotLook as failure:
            if failure.reason is Unseen.CREDENTIALS and how == _How(address=how.address):
                self._shared.snmp_refused.setdefault(host, failure)
            raise attempt.failed(failure.reason, failure.detail, details=details) from failure
        text = "\n".join(f"{oid} = {value}" for oid, value in found.items())
        return found, attempt.done("ok", text, raw=json.dumps(found).encode(), details=details)

    def _once_only(self, host: str, how: _How) -> None:
        """CREDENTIALS, and nothing is sent, when this would be a second failed login of our user there."""
        earlier = self._shared.snmp_refused.get(host)
        if earlier is not None and how.version == "3":
            raise CouldNotLook(Unseen.CREDENTIALS, f"{earlier.detail.removesuffix(NO_SECOND)}{NO_SECOND}")

    def _who(self, user: SnmpUser | None, how: _How) -> Who:
        if how.version != "3":
            if how.community is None:
                raise ValueError("SNMP v1 and v2c need a community")
            return Who(how.version, how.community)
        if user is None:
            raise CouldNotLook(Unseen.CREDENTIALS, "the inventory has no SNMPv3 user for this host")
        auth = self._shared.vault.resolve(user.auth) if how.level != "noAuthNoPriv" else ""
        priv = self._shared.vault.resolve(user.priv) if how.level == "authPriv" else ""
        return Who(how.version, user.user, how.level, auth, priv, user.engine_id)

    def _refused(self, target: str, action: str, failure: CouldNotLook) -> CouldNotLook:
        """Return the same failure, recorded."""
        return self._recorder.begin(HERE, target, action).failed(failure.reason, failure.detail)
