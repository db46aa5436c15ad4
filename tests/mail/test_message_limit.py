"""3.I: ITD limits the size of messages that may be transmitted."""

from ordinance.judge.mail_limit import limit_advertised, limit_enforced, limit_enforced_undeclared
from ordinance.sight.mail import MailLimitsSighting
from ordinance.suite import Check, control


@control("3.I/limit-advertised")
def test_limit_is_announced(check: Check, mail_limits: MailLimitsSighting) -> None:
    """Every mail service of the gateway announces SIZE, and a limit within what ITD allows."""
    check.settle(limit_advertised(check.target, mail_limits, check.profile))


@control("3.I/limit-enforced")
def test_declared_size_over_the_limit_is_refused(check: Check, mail_limits: MailLimitsSighting) -> None:
    """A message that says it is over the limit is refused at once, from outside and at submission."""
    check.settle(limit_enforced(check.target, mail_limits, check.profile))


@control("3.I/limit-enforced-undeclared")
def test_undeclared_size_over_the_limit_is_refused(check: Check, mail_limits: MailLimitsSighting) -> None:
    """A message over the limit that does not say so is refused after it was sent, and does not arrive."""
    check.settle(limit_enforced_undeclared(check.target, mail_limits, check.profile))
