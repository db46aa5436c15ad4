"""3.H: users have limited storage, and at their limit neither send nor receive until there is room again."""

from ordinance.judge.mail_full import full_cannot_receive, full_cannot_send, recovers
from ordinance.judge.mail_quota import quota_set
from ordinance.sight.mail import MailFullSighting, QuotaSighting
from ordinance.suite import Check, control


@control("3.H/quota-set")
def test_every_mailbox_has_a_limit(check: Check, mail_quota: QuotaSighting) -> None:
    """Every mailbox has a storage limit within what ITD allows; none is unlimited."""
    check.settle(quota_set(check.target, mail_quota, check.profile))


@control("3.H/full-cannot-receive")
def test_full_mailbox_receives_nothing(check: Check, mail_full: MailFullSighting) -> None:
    """At its limit the mailbox is given no mail; below it the same mail arrived."""
    check.settle(full_cannot_receive(check.target, mail_full))


@control("3.H/full-cannot-send")
def test_full_mailbox_sends_nothing(check: Check, mail_full: MailFullSighting) -> None:
    """At its limit the mailbox's own submission is refused; below it the same was taken."""
    check.settle(full_cannot_send(check.target, mail_full))


@control("3.H/recovers")
def test_emptied_mailbox_works_again(check: Check, mail_full: MailFullSighting) -> None:
    """Once messages are deleted, the mailbox receives and sends again."""
    check.settle(recovers(check.target, mail_full))
