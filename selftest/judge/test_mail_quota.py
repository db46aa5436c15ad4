"""3.H/quota-set: what the judge says of storage limits."""

from __future__ import annotations

import msgspec
import pytest

from ordinance.judge.mail_quota import mailbox_of, quota_set
from ordinance.judge.verdict import Compliant, Unproven, Verdict, Violated
from ordinance.sight.mail import FolderQuota, QuotaRoot, QuotaSighting, Unlooked
from selftest.judge.mail_cases import a_profile

PROFILE = a_profile(mailbox_quota_max=10 * 1024 * 1024)
FAILED = Unlooked(reason="tool", detail="doveadm user * ended with 75", observation="o-9")


def root(user: str, limit: int | None = 5120, name: str = "User quota") -> QuotaRoot:
    return QuotaRoot(user=user, root=name, used=0, limit=limit)


GOOD = QuotaSighting(
    host="mail",
    directory=("alice@city.example", "probe@city.example"),
    users=("alice", "probe"),
    users_seen=True,
    users_observations=("o-1",),
    roots=(root("alice"), root("probe", 4096)),
    roots_seen=True,
    roots_observations=("o-2",),
    probe="probe@city.example",
    probe_user="probe",
    imap_seen=True,
    folders=(FolderQuota(folder="INBOX", roots=(root("probe@city.example", 4096),)),),
    imap_observations=("o-3",),
)


def folders(*roots: QuotaRoot) -> dict[str, object]:
    return {"folders": (*GOOD.folders, FolderQuota(folder="Archive/x", roots=roots))}


@pytest.mark.parametrize(
    ("changes", "expected", "says"),
    [
        ({}, Compliant, "all 2 mailboxes on mail have a storage limit, the largest 5120 KiB"),
        ({"users": ("alice@city.example", "probe@city.example"), "roots": (root("alice@city.example"),
          root("probe@city.example", 4096))}, Compliant, "all 2 mailboxes"),
        ({"probe": "", "probe_user": "", "imap_seen": False, "folders": (), "imap_observations": ()}, Compliant, "all 2"),
        ({"roots": (root("alice", None), root("probe", 4096))}, Violated, "mailbox alice has no storage limit in"),
        ({"roots": (root("alice", 0), root("probe", 4096))}, Violated, "mailbox alice has no storage limit in"),
        ({"roots": (root("alice", 10_241), root("probe", 4096))}, Violated, "mailbox alice may store 10241 KiB"),
        ({"roots": (root("alice", 10_240), root("probe", 4096))}, Compliant, "the largest 10240 KiB"),
        ({"roots": (root("probe", 4096),)}, Violated, "mailbox alice has no storage limit"),
        ({"roots": (*GOOD.roots, root("alice", None, "Archive"))}, Violated, 'no storage limit in "Archive"'),
        ({"users": ("alice", "probe", "shared"), "roots": (*GOOD.roots, root("shared", None))}, Violated, "mailbox shared"),
        (folders(), Violated, "folder Archive/x of mailbox probe@city.example is counted by no limit"),
        (folders(root("probe@city.example", None, "Archive")), Violated, "(folder Archive/x)"),
        ({"roots": (), "roots_seen": False, "store_has_no_quota": True, "imap_has_no_quota": True, "folders": ()},
         Violated, "neither the store nor IMAP knows quotas"),
        ({"roots": (root("alice", None),), "users": (), "users_seen": False, "unseen": (FAILED,)}, Violated, "mailbox alice"),
        ({"roots": (), "roots_seen": False, "store_has_no_quota": True}, Unproven, "the store's limits could not be read"),
        ({"imap_has_no_quota": True, "folders": ()}, Unproven, "the store's word stands alone"),
        ({"users": (), "users_seen": False, "unseen": (FAILED,)}, Unproven, "doveadm user * ended with 75"),
        ({"roots": (), "roots_seen": False, "unseen": (FAILED,)}, Unproven, "the store's limits could not be read"),
        ({"imap_seen": False, "folders": (), "imap_observations": (), "unseen": (FAILED,)}, Unproven, "stands alone"),
        ({"directory": ("probe@city.example",)}, Unproven, "the directory does not know the mailbox alice"),
        ({"directory": (*GOOD.directory, "bob@city.example")}, Unproven, "does not know the mailbox bob@city.example of the dir"),
        ({"directory": ()}, Unproven, "the directory lists no mailbox"),
        ({"roots": (root("alice"), root("probe", 5120))}, Unproven, "do not agree"),
        ({"users": (), "roots": (), "directory": ()}, Unproven, "the directory lists no mailbox"),
        ({"host": "other"}, Unproven, "nobody looked at the mailboxes of mail"),
    ],
)  # fmt: skip
def test_limits_of_all_mailboxes(changes: dict[str, object], expected: type[Verdict], says: str) -> None:
    verdict = quota_set("mail", msgspec.structs.replace(GOOD, **changes), PROFILE)
    assert isinstance(verdict, expected), verdict
    assert says in verdict.reason


def test_compliant_rests_on_the_list_and_on_two_views() -> None:
    verdict = quota_set("mail", GOOD, PROFILE)
    assert [witness.observations for witness in verdict.witnesses] == [("o-1",), ("o-3",)]


def test_a_breach_names_its_mailbox_so_that_a_waiver_covers_no_other() -> None:
    verdict = quota_set("mail", msgspec.structs.replace(GOOD, roots=(root("alice", None), root("probe", None))), PROFILE)
    assert isinstance(verdict, Violated)
    assert verdict.breaches == ("alice@city.example", "probe@city.example")


@pytest.mark.parametrize(
    ("user", "directory", "expected"),
    [
        ("alice@city.example", ("alice@city.example",), "alice@city.example"),
        ("Alice@City.Example", ("alice@city.example",), "alice@city.example"),
        ("alice", ("alice@city.example",), "alice@city.example"),
        ("alice", ("alice@city.example", "alice@parks.example"), None),
        ("alice@city.example", ("alice",), "alice"),
        ("alice@parks.example", ("alice@city.example",), None),
        ("al", ("alice@city.example",), None),
    ],
)
def test_a_user_of_the_store_stands_for_one_mailbox_of_the_directory(
    user: str, directory: tuple[str, ...], expected: str | None
) -> None:
    assert mailbox_of(user, directory) == expected


@pytest.mark.parametrize(
    ("user", "directory", "mailbox"),
    [
        ("alice", ("alice@a.example", "alice@b.example"), None),  # of two nobody knows which
        ("alice@a.example", ("alice",), "alice"),
        ("alice@a.example", ("alice@b.example",), None),
        ("alice@a.example", ("alice@b.example", "alice"), "alice"),
        ("bob@a.example", ("alice", "bob"), "bob"),
        ("ALICE", ("alice@a.example",), "alice@a.example"),
        ("alice@x@a.example", ("alice",), "alice"),
        ("a", ("a@x@a.example",), "a@x@a.example"),
    ],
)
def test_whose_mailbox_a_user_of_the_store_is(user: str, directory: tuple[str, ...], mailbox: str | None) -> None:
    assert mailbox_of(user, directory) == mailbox


def test_the_store_s_roots_of_another_user_are_not_the_probe_s() -> None:
    """Only the probe mailbox is compared with what IMAP shows; the probe's user may have another name in the store."""
    renamed = msgspec.structs.replace(
        GOOD, probe_user="p-17", users=("alice", "p-17"), roots=(root("alice"), root("p-17", 4096)), directory=("alice", "p-17")
    )
    assert isinstance(quota_set("mail", renamed, PROFILE), Compliant)
    other = msgspec.structs.replace(renamed, roots=(root("alice"), root("p-17", 4097)))
    assert "the two views of probe@city.example do not agree" in quota_set("mail", other, PROFILE).reason


def test_nothing_is_proven_without_a_witness() -> None:
    """A limit that only the store's own word shows, of mailboxes no directory confirms, is no proof."""
    bare = msgspec.structs.replace(
        GOOD, probe="", probe_user="", imap_seen=False, folders=(), imap_observations=(), users=(), roots=()
    )
    verdict = quota_set("mail", msgspec.structs.replace(bare, directory=()), PROFILE)
    assert isinstance(verdict, Unproven)
    assert verdict.witnesses == ()


def test_all_missing_mailboxes_are_told() -> None:
    verdict = quota_set(
        "mail", msgspec.structs.replace(GOOD, directory=(*GOOD.directory, "bob@city.example", "carol@city.example")), PROFILE
    )
    assert "the store does not know the mailbox bob@city.example, carol@city.example of the directory" in verdict.reason


def test_both_views_are_told_with_all_their_roots() -> None:
    roots = (root("probe@city.example", 4096), root("probe@city.example", 10, "Archive"))
    seen = msgspec.structs.replace(GOOD, folders=(FolderQuota(folder="INBOX", roots=roots),))
    assert 'IMAP "Archive" 10 KiB, "User quota" 4096 KiB' in quota_set("mail", seen, PROFILE).reason


@pytest.mark.parametrize("limits", [(None, 4096), (4096, None), (4096, 0), (4096, 99_999_999)])
def test_every_root_of_a_folder_must_have_its_limit(limits: tuple[int | None, int | None]) -> None:
    """What IMAP shows is a breach of its own, though the store says otherwise."""
    roots = tuple(root("probe@city.example", limit, name) for limit, name in zip(limits, ("User quota", "Archive"), strict=True))
    seen = msgspec.structs.replace(GOOD, folders=(FolderQuota(folder="INBOX", roots=roots),))
    verdict = quota_set("mail", seen, PROFILE)
    assert isinstance(verdict, Violated)
    assert "(folder INBOX)" in verdict.reason
