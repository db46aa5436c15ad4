"""Look "accounts": who has an account on a host, and how old a password there may become and is (10.D).

Three reads a host: passwd through getent(1), shadow(5) and login.defs(5). Both password fields are turned into a letter over
there, by awk(1): no hash ever comes over the wire, so none can reach the journal. Then date(1): days are counted on the clock
here, and a host whose clock is far from it wrote other days into shadow(5).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from ordinance.inventory.model import Host
from ordinance.observe.api import CommandResult, CouldNotLook, Deadline, LookContext, Unseen, VantagePoint, lines, look
from ordinance.observe.safetext import safe_line
from ordinance.sight.accounts import Account, AccountsSighting, HostAccounts, Password

HOST_SECONDS = 30.0
SECONDS_A_DAY = 86_400
SHADOW = "/etc/shadow"
LOGIN_DEFS = "/etc/login.defs"
CLOCK = "+%s.%N"
_MOMENT = re.compile(rb"(\d{1,12}(?:\.\d{1,9})?)\s*")
#: What a hash field is told apart into. "!" and "*" in any number match no password; a hash behind "!" is locked (shadow(5)).
STATE = 'h == "" ? "E" : h ~ /^[!*]+$/ || h ~ /^\\*/ ? "N" : h ~ /^!/ ? "L" : "S"'
PASSWD_READER = (
    'BEGIN { FS = ":"; OFS = ":"; while (("getent passwd" | getline) > 0) { h = $2; '
    f'print $1, (h == "x" ? "x" : {STATE}), $3, $7 }} }}'
)
SHADOW_READER = f'BEGIN {{ FS = ":"; OFS = ":" }} {{ h = $2; print $1, ({STATE}), $3, $5 }}'
#: Defaults of login.defs(5) when it does not say.
UID_MIN, UID_MAX = 1000, 60_000
NO_LOGIN = ("nologin", "false")
LETTERS = {"E": Password.EMPTY, "N": Password.NONE, "L": Password.LOCKED, "S": Password.SET}
#: Somebody can come in with these.
USABLE = (Password.SET, Password.EMPTY, Password.UNSHADOWED)


class PasswdLine(NamedTuple):
    """One line of passwd(5), its password as a letter ("x": in shadow)."""

    name: str
    letter: str
    uid: int
    shell: str


class ShadowLine(NamedTuple):
    """One line of shadow(5), its password as a letter; days, or None where a field is empty."""

    letter: str
    last_change: int | None
    max_days: int | None


@look("accounts")
def accounts(context: LookContext) -> AccountsSighting:
    """Read the accounts of every host for which the directory declares them."""
    hosts = [host for _, host in sorted(context.inventory.hosts.items()) if host.accounts is not None]
    seen = []
    for done, host in enumerate(hosts):
        context.progress(done, len(hosts), f"accounts of {host.name}")
        if context.halted():
            raise CouldNotLook(Unseen.HALTED, "the accounts were not all read")
        seen.append(_host_accounts(context, host))
    return AccountsSighting(hosts=tuple(seen))


def _host_accounts(context: LookContext, host: Host) -> HostAccounts:
    today = int(context.clock()) // SECONDS_A_DAY
    try:
        return _read_accounts(context, host, today)
    except CouldNotLook as missed:
        if missed.reason is Unseen.HALTED:
            raise
        seen = (missed.observation,) if missed.observation else ()
        return HostAccounts(host=host.name, today=today, unseen=str(missed), observations=seen)


def _read_accounts(context: LookContext, host: Host, today: int) -> HostAccounts:
    deadline = Deadline.after(HOST_SECONDS)
    machine = context.door.host(host.name)
    passwd = _read(machine, ("awk", PASSWD_READER), "passwd", deadline)
    shadow = _read(machine, ("awk", SHADOW_READER, SHADOW), SHADOW, deadline)
    defs = _read(machine, ("cat", LOGIN_DEFS), LOGIN_DEFS, deadline)
    clock = _ask_clock(machine, context.clock, deadline)
    settings = login_defs(defs.stdout)
    users, hashes = list(passwd_lines(passwd.stdout)), shadow_lines(shadow.stdout)
    return HostAccounts(
        host=host.name,
        today=today,
        people=people(users, hashes, settings, frozenset(host.accounts or ())),
        root_seen="root" in hashes and any(user.name == "root" for user in users),
        pass_max_days=settings.get("PASS_MAX_DAYS"),
        clock_skew=clock.skew,
        clock_error=clock.error,
        observations=(passwd.observation, shadow.observation, defs.observation, *_noted(context, host, clock)),
    )


def _read(machine: VantagePoint, argv: tuple[str, ...], what: str, deadline: Deadline) -> CommandResult:
    result = machine.run(argv, deadline)
    if result.exit_status != 0:
        complaint = safe_line(result.stderr, cap=200)
        raise CouldNotLook(Unseen.TOOL, f"{what} could not be read: {complaint}", result.observation)
    return result


class Clock(NamedTuple):
    """How far a host's clock is ahead, in seconds, and how wrong that may be; None when the host did not say."""

    skew: float | None
    error: float
    observation: str


def _ask_clock(machine: VantagePoint, clock: Callable[[], float], deadline: Deadline) -> Clock:
    """Ask the host for the time; it read its clock somewhere between our two readings."""
    asked = clock()
    result = machine.run(("date", CLOCK), deadline)
    told = clock()
    found = _MOMENT.fullmatch(result.stdout) if result.exit_status == 0 else None
    error = abs(told - asked) / 2
    return Clock(float(found[1]) - (asked + told) / 2 if found else None, error, result.observation)


def _noted(context: LookContext, host: Host, clock: Clock) -> tuple[str, str]:
    """Record the skew itself beside what the host said."""
    if clock.skew is None:
        outcome, seen = Unseen.PROTOCOL.value, f"the clock of {host.name} could not be read"
    else:
        outcome = "ok"
        ahead = "ahead of" if clock.skew >= 0 else "behind"
        seen = f"the clock of {host.name} is {abs(clock.skew):.3f} s {ahead} the runner's (within {clock.error:.3f} s)"
    details = {"skew": clock.skew, "error": clock.error}
    noted = context.door.note(vantage="here", target=host.name, action="clock-skew", outcome=outcome, seen=seen, details=details)
    return clock.observation, noted


def passwd_lines(text: bytes) -> Iterator[PasswdLine]:
    """Parse what the passwd reader printed: name, letter, uid, shell."""
    for line in lines(text):
        name, letter, number, shell = _fields(line)
        uid = _number(number)
        if uid is None:
            raise CouldNotLook(Unseen.PROTOCOL, f"account {name} has no uid")
        yield PasswdLine(name, letter, uid, shell)


def shadow_lines(text: bytes) -> dict[str, ShadowLine]:
    """Parse what the shadow reader printed: name, letter, day of last change, maximum days."""
    found = {}
    for line in lines(text):
        name, letter, last_change, max_days = _fields(line)
        found[name] = ShadowLine(letter, _number(last_change), _number(max_days))
    return found


def _fields(line: str) -> list[str]:
    """Split a line of a reader's: four fields, the second a letter. A host's text goes into reasons, so it is made safe here."""
    fields = safe_line(line).split(":", 3)
    if len(fields) != len(PasswdLine._fields) or fields[1] not in (*LETTERS, "x"):
        raise CouldNotLook(Unseen.PROTOCOL, f"not a line of the account list: {safe_line(line, cap=80)}")
    return fields


def login_defs(text: bytes) -> dict[str, int]:
    """Parse the numbers of login.defs(5); the last line of a name holds."""
    settings = {}
    for line in lines(text):
        name, *values = line.split("#", 1)[0].split() or [""]
        value = _number(values[0]) if values else None
        if value is not None:
            settings[name] = value
    return settings


def people(
    users: list[PasswdLine], hashes: dict[str, ShadowLine], settings: dict[str, int], directory: frozenset[str]
) -> tuple[Account, ...]:
    """Pick the accounts that a person can use, the directory's own names included, root not."""
    ordinary = range(settings.get("UID_MIN", UID_MIN), settings.get("UID_MAX", UID_MAX) + 1)
    found = []
    for user in users:
        account = _account(user, hashes.get(user.name))
        by_uid = user.uid in ordinary and user.shell.rsplit("/", 1)[-1] not in NO_LOGIN
        is_root = user.name == "root" and user.uid == 0
        if not is_root and (by_uid or account.password in USABLE or user.name in directory):
            found.append(account)
    return tuple(found)


def _account(user: PasswdLine, hashed: ShadowLine | None) -> Account:
    if user.letter != "x":
        kind = LETTERS[user.letter]
        password = Password.UNSHADOWED if kind in (Password.SET, Password.LOCKED) else kind
        return Account(name=user.name, uid=user.uid, shell=user.shell, password=password)
    if hashed is None:
        return Account(name=user.name, uid=user.uid, shell=user.shell, password=Password.ELSEWHERE)
    return Account(
        name=user.name,
        uid=user.uid,
        shell=user.shell,
        password=LETTERS[hashed.letter],
        last_change=hashed.last_change,
        max_days=hashed.max_days,
    )


def _number(field: str) -> int | None:
    try:
        return int(field)
    except ValueError:
        return None
