"""3.H: every mailbox has a limited amount of storage."""

from __future__ import annotations

from collections.abc import Iterator

from ordinance.judge.verdict import Compliant, Evidence, Unproven, Verdict, Violated, Witness
from ordinance.law.model import Profile
from ordinance.sight.mail import QuotaRoot, QuotaSighting

KIB = 1024

#: The mailbox in breach ("": the whole store), and in what.
_Breach = tuple[str, str]


def quota_set(target: str, sighting: QuotaSighting, profile: Profile) -> Verdict:
    """Judge the mail store `target`: each mailbox has a storage limit within the profile; none is unlimited."""
    if sighting.host != target:
        return Unproven(f"nobody looked at the mailboxes of {target}")
    evidence, witnesses = tuple(_evidence(sighting)), tuple(_witnesses(sighting))
    if evidence and (breaches := list(_breaches(sighting, profile.mailbox_quota_max))):
        rule = f"3.H: each user has a limited storage, here at most {profile.mailbox_quota_max} bytes"
        words = "; ".join(text for _, text in breaches)
        return Violated(f"{target}: {words}; {rule}", evidence, witnesses, _parts(breaches, sighting.directory))
    doubts = list(_doubts(sighting))
    if doubts or not evidence or not witnesses:
        return Unproven(f"{target}: {'; '.join(doubts) or 'nothing was seen'}", evidence, witnesses)
    most = max(root.limit or 0 for root in sighting.roots)
    return Compliant(
        f"all {len(sighting.users)} mailboxes on {target} have a storage limit, the largest {most} KiB "
        f"(at most {profile.mailbox_quota_max // KIB} KiB allowed)",
        evidence,
        witnesses,
    )


def _breaches(sighting: QuotaSighting, most: int) -> Iterator[_Breach]:
    if sighting.roots_seen:
        yield from ((root.user, words) for root in sighting.roots if (words := _root_breach(root, most)))
        limited = {root.user for root in sighting.roots}
        yield from ((user, f"mailbox {user} has no storage limit") for user in sighting.users if user not in limited)
    # One view alone may be mistaken (a tool of another version, a capability that is hidden); both together are not.
    if sighting.store_has_no_quota and sighting.imap_has_no_quota:
        yield "", "no mailbox has a storage limit: neither the store nor IMAP knows quotas"
    for folder in sighting.folders:
        if not folder.roots and not sighting.imap_has_no_quota:
            yield sighting.probe, f"folder {folder.folder} of mailbox {sighting.probe} is counted by no limit"
        for root in folder.roots:
            if words := _root_breach(root, most):
                yield sighting.probe, f"{words} (folder {folder.folder})"


def _parts(breaches: list[_Breach], directory: tuple[str, ...]) -> tuple[str, ...]:
    """Mailboxes in breach, as the directory names them; none when the store as a whole is."""
    parts = tuple(dict.fromkeys(mailbox_of(part, directory) or part for part, _ in breaches))
    return () if "" in parts else parts


def _root_breach(root: QuotaRoot, most: int) -> str:
    if not root.limit:
        return f'mailbox {root.user} has no storage limit in "{root.root}"'
    if root.limit * KIB > most:
        return f'mailbox {root.user} may store {root.limit} KiB in "{root.root}"'
    return ""


def _doubts(sighting: QuotaSighting) -> Iterator[str]:
    yield from (str(missing) for missing in sighting.unseen)
    if not sighting.users_seen:
        yield "the list of mailboxes could not be read"
    else:
        yield from _list_doubts(sighting)
    if not sighting.roots_seen:
        yield "the store's limits could not be read"
    if not sighting.directory:
        yield "the directory lists no mailbox"
    if sighting.probe:
        yield from _view_doubts(sighting)


def _list_doubts(sighting: QuotaSighting) -> Iterator[str]:
    known = {user: mailbox_of(user, sighting.directory) for user in sighting.users}
    if strangers := sorted(user for user, mailbox in known.items() if mailbox is None):
        yield f"the directory does not know the mailbox {', '.join(strangers)}"
    if missing := sorted(set(sighting.directory) - set(known.values())):
        yield f"the store does not know the mailbox {', '.join(str(name) for name in missing)} of the directory"


def _view_doubts(sighting: QuotaSighting) -> Iterator[str]:
    if not sighting.imap_seen or not sighting.folders:
        yield f"IMAP did not show the limit of {sighting.probe}, so the store's word stands alone"
    elif sighting.roots_seen and _by_imap(sighting) != _by_store(sighting):
        yield (
            f"the two views of {sighting.probe} do not agree: store {_limits(_by_store(sighting))}, "
            f"IMAP {_limits(_by_imap(sighting))}"
        )


def mailbox_of(user: str, directory: tuple[str, ...]) -> str | None:
    """Entry of the directory that `user` of the store stands for: the same, or the only one with that local part."""
    name = user.lower()
    same = [entry for entry in directory if entry.lower() == name]
    if same:
        return same[0]
    if "@" in name:
        alike = [entry for entry in directory if "@" not in entry and entry.lower() == name.partition("@")[0]]
    else:
        alike = [entry for entry in directory if entry.lower().partition("@")[0] == name]
    return alike[0] if len(alike) == 1 else None


def _by_store(sighting: QuotaSighting) -> dict[str, int | None]:
    names = (sighting.probe, sighting.probe_user)
    return {root.root: root.limit for root in sighting.roots if mailbox_of(root.user, names[:1]) or root.user in names}


def _by_imap(sighting: QuotaSighting) -> dict[str, int | None]:
    return {root.root: root.limit for folder in sighting.folders for root in folder.roots}


def _limits(roots: dict[str, int | None]) -> str:
    return ", ".join(f'"{root}" {limit} KiB' for root, limit in sorted(roots.items())) or "no limit"


def _evidence(sighting: QuotaSighting) -> Iterator[Evidence]:
    if sighting.roots_observations:
        facts = "; ".join(f"{root.user} {_size(root.limit)}" for root in sighting.roots) or "the store shows no limit"
        yield Evidence(f"storage limits by the store: {facts}", sighting.roots_observations)
    if sighting.imap_observations:
        facts = "; ".join(f"{folder.folder}: {_limits({r.root: r.limit for r in folder.roots})}" for folder in sighting.folders)
        yield Evidence(f"limits of {sighting.probe} by IMAP: {facts or 'none shown'}", sighting.imap_observations)


def _size(limit: int | None) -> str:
    return "unlimited" if limit is None else f"{limit} KiB"


def _witnesses(sighting: QuotaSighting) -> Iterator[Witness]:
    if sighting.users_seen and sighting.users and sighting.directory and not list(_list_doubts(sighting)):
        yield Witness(f"the store's {len(sighting.users)} mailboxes are the directory's", sighting.users_observations)
    if sighting.folders and sighting.imap_observations and sighting.roots and not list(_view_doubts(sighting)):
        yield Witness(f"IMAP and the store agree on the limit of {sighting.probe}", sighting.imap_observations)
