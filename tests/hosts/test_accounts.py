"""10.D: passwords of people on the city's hosts."""

from ordinance.judge.accounts import password_age
from ordinance.sight.accounts import AccountsSighting
from ordinance.suite import Check, control


@control("10.D/password-age")
def test_passwords_change_in_time(check: Check, accounts: AccountsSighting) -> None:
    """Every human account must change its password within the profile's days, and has."""
    check.settle(password_age(check.target, accounts, check.inventory, check.profile))
