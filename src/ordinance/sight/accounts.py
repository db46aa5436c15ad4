"""What was seen of the human accounts of a host: passwd(5), shadow(5) without any hash, login.defs(5)."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Password(StrEnum):
    """What stands where the password's hash would stand; the hash itself is never read off the host."""

    SET = "set"  #: a hash: somebody knows this password
    LOCKED = "locked"  #: a hash behind "!": unlocking brings it back
    NONE = "none"  #: "!", "*" and the like: no password opens this account
    EMPTY = "empty"  #: nothing: no password is asked for
    UNSHADOWED = "unshadowed"  #: the hash stands in /etc/passwd itself, where passwords have no age
    ELSEWHERE = "elsewhere"  #: no line in /etc/shadow: kept by another directory


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """One human account. Days count from 1970-01-01, as in shadow(5); None: the field is empty."""

    name: str
    uid: int
    shell: str
    password: Password
    last_change: int | None = None
    max_days: int | None = None


class HostAccounts(msgspec.Struct, frozen=True, kw_only=True):
    """The accounts of one host, or why they could not be read.

    `people` are the accounts a person can use: uid between UID_MIN and UID_MAX with a login shell, any account with a password,
    and any account that the directory names. root is none of them: it is a role, not a person.
    """

    host: str
    today: int  #: day of the look, in days since 1970-01-01 (UTC)
    people: tuple[Account, ...] = ()
    root_seen: bool = False  #: root stands in passwd and in shadow: both were read
    pass_max_days: int | None = None  #: PASS_MAX_DAYS of login.defs; None: not set
    clock_skew: float | None = None  #: seconds by which its clock is ahead of the runner's; None: its clock could not be read
    clock_error: float = 0.0  #: seconds by which `clock_skew` itself may be wrong: half the time the question took
    observations: tuple[str, ...] = ()
    unseen: str = ""  #: why the host could not be read; empty when it was


class AccountsSighting(msgspec.Struct, frozen=True, kw_only=True):
    """Every host whose accounts the directory declares."""

    hosts: tuple[HostAccounts, ...] = ()

    def of(self, host: str) -> HostAccounts | None:
        """Find what was seen of `host`; None when nobody looked."""
        return next((seen for seen in self.hosts if seen.host == host), None)
