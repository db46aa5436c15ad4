"""10.D: every human account must change its password within the profile's days, and has.

An account found that the directory does not know, or the reverse, makes the host unproven: either list may be the wrong one, and
without a right list nobody can say that *every* account was judged. A breach seen on any account outweighs that.

shadow(5) holds days by the host's own clock. While that clock is far from the runner's, or was not read, how long ago a password
was changed is not known: neither for good nor for bad. How long it may be kept does not hang on any clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from ordinance.inventory.model import Inventory
from ordinance.judge.verdict import Compliant, Evidence, Unproven, Verdict, Violated, Witness
from ordinance.law.model import Profile
from ordinance.sight.accounts import Account, AccountsSighting, HostAccounts, Password

#: Clocks and time zones differ; a password changed "tomorrow" is today's.
CLOCK_SLACK_DAYS = 1
EPOCH = date(1970, 1, 1)


def password_age(target: str, sighting: AccountsSighting, inventory: Inventory, profile: Profile) -> Verdict:
    """Judge the host `target`: the age its accounts may reach, the age they have, and what new accounts get."""
    seen = sighting.of(target)
    if seen is None or seen.unseen or not seen.observations:
        return Unproven(f"the accounts of {target} could not be read: {seen.unseen if seen and seen.unseen else 'nobody looked'}")
    clock = _clock_doubt(seen, profile)
    breaches = tuple(_host_breaches(seen, profile.password_max_days, dated=not clock))
    if breaches:
        rule = f"10.D: a password lasts at most {profile.password_max_days} days"
        found = tuple(Evidence(text, seen.observations) for _, text in breaches)
        told = "; ".join(text for _, text in breaches)
        parts = tuple(dict.fromkeys(f"{target}:{part}" for part, _ in breaches))
        return Violated(f"{target}: {told}; {rule}", found, _witnesses(seen, inventory), parts)
    doubts = (*((clock,) if clock else ()), *_doubts(seen, inventory))
    if doubts:
        return Unproven(f"{target}: {'; '.join(doubts)}", (_evidence(seen, profile),))
    return Compliant(_in_short(seen, profile), (_evidence(seen, profile),), _witnesses(seen, inventory))


def _clock_doubt(seen: HostAccounts, profile: Profile) -> str:
    """Why days cannot be counted on this host; empty when they can."""
    if seen.clock_skew is None:
        return "its clock could not be read, so nobody knows how long ago a password was changed"
    if abs(seen.clock_skew) + seen.clock_error <= profile.clock_skew_max:
        return ""
    off = f"{abs(seen.clock_skew):.0f} s {'ahead' if seen.clock_skew > 0 else 'behind'}"
    return f"its clock is {off} (at most {profile.clock_skew_max} s is allowed), so the days of its passwords prove nothing"


def _host_breaches(seen: HostAccounts, limit: int, *, dated: bool) -> Iterator[tuple[str, str]]:
    """Yield what is wrong: the account's name, or "login.defs", and a sentence. `dated`: days may be counted on this host."""
    for account in seen.people:
        yield from ((account.name, text) for text in _account_breaches(account, seen.today if dated else None, limit))
    if seen.pass_max_days is None:
        yield "login.defs", "login.defs does not set PASS_MAX_DAYS, so the password of a new account never has to change"
    elif not 0 <= seen.pass_max_days <= limit:
        yield "login.defs", f"login.defs sets PASS_MAX_DAYS {seen.pass_max_days}, so a new account may keep its password longer"


def _account_breaches(account: Account, today: int | None, limit: int) -> Iterator[str]:
    who = f"account {account.name}"
    if account.password is Password.UNSHADOWED:
        yield f"{who} keeps its password in /etc/passwd, where it never has to change"
        return
    if account.password in (Password.NONE, Password.ELSEWHERE):
        return
    if account.max_days is None or account.max_days < 0:
        yield f"{who} never has to change its password (no maximum age)"
    elif account.max_days > limit:
        yield f"{who} may keep its password {account.max_days} days"
    # A locked password opens nothing until it is unlocked, so it may be old; what it may become is judged above.
    if account.password is not Password.LOCKED:
        yield from _age_breaches(who, account.last_change, today, limit)


def _age_breaches(who: str, last_change: int | None, today: int | None, limit: int) -> Iterator[str]:
    if last_change is None:
        yield f"{who} has no day of last change, which turns ageing off (shadow(5))"
    elif last_change == 0 or today is None:
        return  # must change at the next login; or nobody knows how long ago it was
    elif last_change > today + CLOCK_SLACK_DAYS:
        yield f"{who} has a day of last change in the future ({_day(last_change)}), so it need not change in time"
    elif today - last_change > limit:
        yield f"{who} last changed its password {today - last_change} days ago ({_day(last_change)})"


def _doubts(seen: HostAccounts, inventory: Inventory) -> Iterator[str]:
    if not seen.root_seen:
        yield "root is not in the list that was read, so passwd or shadow was not read whole"
    host = inventory.hosts.get(seen.host)
    if host is None or host.accounts is None:
        yield "the directory does not say which human accounts belong here"
        return
    found, declared = {account.name for account in seen.people}, set(host.accounts)
    if extra := sorted(found - declared):
        yield f"the directory does not know {_listed(extra)}, found there"
    if missing := sorted(declared - found):
        yield f"{_listed(missing)} of the directory was not found there"
    if elsewhere := sorted(account.name for account in seen.people if account.password is Password.ELSEWHERE):
        yield f"the password of {_listed(elsewhere)} is kept outside /etc/shadow and its age was not seen"


def _witnesses(seen: HostAccounts, inventory: Inventory) -> tuple[Witness, ...]:
    if not seen.root_seen:
        return ()
    host = inventory.hosts.get(seen.host)
    found = {account.name for account in seen.people}
    if host is not None and host.accounts and found == set(host.accounts):
        return (Witness(f"the human accounts found are the directory's: {_listed(sorted(found))}", seen.observations),)
    return (Witness("passwd and shadow were read: root stands in both", seen.observations),)


def _evidence(seen: HostAccounts, profile: Profile) -> Evidence:
    facts = "; ".join(_facts(account, seen.today) for account in seen.people) or "no human account"
    limit = profile.password_max_days
    return Evidence(
        f"{facts}; PASS_MAX_DAYS {seen.pass_max_days} (at most {limit} allowed); root is no person; {_clock(seen)}",
        seen.observations,
    )


def _clock(seen: HostAccounts) -> str:
    if seen.clock_skew is None:
        return "its clock was not read"
    off = abs(seen.clock_skew) + seen.clock_error
    return "its clock is the runner's to the second" if off < 1 else f"its clock is {seen.clock_skew:+.0f} s from the runner's"


def _facts(account: Account, today: int) -> str:
    if account.password in (Password.NONE, Password.ELSEWHERE, Password.UNSHADOWED):
        return f"{account.name}: password {account.password.value}"
    if account.last_change is None:
        age = "unknown age"
    elif account.last_change == 0:
        age = "must change at the next login"
    else:
        age = f"changed {today - account.last_change} days ago"
    return f"{account.name}: password {account.password.value}, {age}, lasts {account.max_days} days"


def _in_short(seen: HostAccounts, profile: Profile) -> str:
    limit = profile.password_max_days
    who = f"all {len(seen.people)} human accounts" if len(seen.people) != 1 else "the one human account"
    if not seen.people:
        return f"{seen.host} has no human account, and a new one would have to change its password within {limit} days"
    return f"{who} of {seen.host} must change the password within {limit} days and did; so must a new one"


def _listed(names: list[str]) -> str:
    return ", ".join(names)


def _day(number: int) -> str:
    # date() ends in the year 9999; a field beyond that is shown as it stands.
    limit = (date.max - EPOCH).days
    return (EPOCH + timedelta(days=number)).isoformat() if 0 <= number <= limit else f"day {number}"
