"""The plan: every control on every target, written down before the first packet. The denominator of the headline."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ordinance.inventory.model import Inventory
from ordinance.law.model import Control, Law

#: What stands for a target when the inventory declares none of the kind a control needs.
NONE_DECLARED = "none declared"


@dataclass(frozen=True, slots=True)
class PlannedCheck:
    """One check: a control on one target, seen from one vantage.

    `lacking` is set when the inventory declares nothing to look at: such a check ends unproven, it is never left out.
    """

    control: str
    clause: str
    target: str
    vantage: str
    lacking: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What identifies the check within a run."""
        return self.control, self.target


@dataclass(frozen=True, slots=True)
class Selection:
    """What `--clause` and `--control` ask for; empty means everything."""

    clauses: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()

    def admits(self, control: Control) -> bool:
        """Whether the control was asked for. A clause stands for itself and for all beneath it ("9" for "9.A.1")."""
        by_clause = not self.clauses or any(_within(control.clause, clause) for clause in self.clauses)
        by_name = not self.controls or any(fnmatchcase(control.id, glob) for glob in self.controls)
        return by_clause and by_name

    def __str__(self) -> str:
        words = [f"--clause {clause}" for clause in self.clauses] + [f"--control {glob}" for glob in self.controls]
        return " ".join(words)


def _within(clause: str, ancestor: str) -> bool:
    return clause == ancestor or clause.startswith(ancestor + ".")


def selected_controls(law: Law, selection: Selection) -> tuple[Control, ...]:
    """Covered controls that were asked for, in the policy's order."""
    return tuple(control for control in law.controls.values() if control.covered and selection.admits(control))


def expand(control: Control, inventory: Inventory) -> tuple[PlannedCheck, ...]:
    """All checks of one control. A kind of target of which there is none yields one check that says so."""
    try:
        find, called = _KINDS[control.targets]
    except KeyError:
        raise ValueError(f"control {control.id} has targets of an unknown kind: {control.targets}") from None
    names = find(inventory)
    if names:
        return tuple(_planned(control, name) for name in names)
    lacking = f"the inventory declares no {called}, so nobody can say whether {control.id} holds"
    return (_planned(control, NONE_DECLARED, lacking),)


def make_plan(law: Law, inventory: Inventory, selection: Selection) -> tuple[PlannedCheck, ...]:
    """The whole plan, in the policy's order. An inventory with neither host nor public address has nothing to check."""
    if not inventory.hosts and not inventory.public:
        return ()
    return tuple(check for control in selected_controls(law, selection) for check in expand(control, inventory))


def _planned(control: Control, target: str, lacking: str = "") -> PlannedCheck:
    return PlannedCheck(control.id, control.clause, target, control.vantage, lacking)


def _role(name: str) -> Callable[[Inventory], Iterable[str]]:
    return lambda inventory: [host.name for host in inventory.with_role(name)]


def _account_hosts(inventory: Inventory) -> list[str]:
    return sorted(host.name for host in inventory.hosts.values() if host.accounts is not None)


_KINDS: dict[str, tuple[Callable[[Inventory], Iterable[str]], str]] = {
    "public-groups": (lambda inv: [group.name for group in inv.public], "public address"),
    "firewalls": (_role("firewalls"), "firewall"),
    "mail-gateways": (_role("mail_gateways"), "mail gateway"),
    "news-hosts": (_role("news_hosts"), "news host"),
    "internet-servers": (_role("internet_servers"), "Internet server"),
    "intranet-sites": (lambda inv: [site.host for site in inv.intranet], "Intranet server"),
    "public-zone": (lambda inv: [inv.public_dns.zone] if inv.public_dns else [], "public DNS zone"),
    "probe-mailbox": (lambda inv: [inv.probe_mailbox.address] if inv.probe_mailbox else [], "probe mailbox"),
    "mail-store": (lambda inv: [inv.mail_store.host] if inv.mail_store else [], "mail store"),
    "account-hosts": (_account_hosts, "host with its human accounts (`accounts`)"),
}

#: Kinds of target a control may name.
TARGET_KINDS = frozenset(_KINDS)
