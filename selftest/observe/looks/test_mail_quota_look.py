"""Look "mail-quota": the store's table and IMAP's folders, read strictly."""

from __future__ import annotations

import pytest

from ordinance.judge.mail_quota import quota_set
from ordinance.observe.api import CommandResult, CouldNotLook
from ordinance.observe.looks.mail_quota import LIST_QUOTAS, LIST_USERS, mail_quota, parse_folders, parse_namespaces, parse_quotas
from ordinance.observe.protocols.imap import Answer
from selftest.observe.mailtown import Town, a_context

HEAD = "Username\tQuota name\tType\tValue\tLimit\t%\n"
TABLE = (
    HEAD + "probe\tUser quota\tSTORAGE\t0\t128\t0\nprobe\tUser quota\tMESSAGE\t0\t-\t0\nprobe2\tUser quota\tSTORAGE\t7\t512\t1\n"
)


def result(text: str, status: int = 0, complaint: str = "") -> CommandResult:
    return CommandResult(status, text.encode(), complaint.encode(), "o-1")


def town(table: CommandResult, users: CommandResult | None = None, **more: object) -> Town:
    return Town(commands={LIST_USERS: users or result("probe\nprobe2\n"), LIST_QUOTAS: table}, **more)


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        (town(result(TABLE)), "compliant"),
        (town(result(TABLE.replace("\t512\t", "\t-\t"))), "violated"),
        (town(result(HEAD + "probe\tUser quota\tSTORAGE\t0\t128\t0\n")), "violated"),
        (town(result("", 64, "doveadm: Fatal: Unknown command 'quota'"), knows_quota=False), "violated"),
        (town(result("", 64, "doveadm: Fatal: Unknown command 'quota'")), "unproven"),
        (town(result(TABLE), knows_quota=False), "unproven"),
        (town(result("", 75, "Error: auth-master: connect failed")), "unproven"),
        (town(result(TABLE, 75, "Error: User bob: lookup failed")), "unproven"),
        (town(result("")), "unproven"),
        (town(result(TABLE), result("", 75)), "unproven"),
        (town(result(TABLE), result("probe\nprobe2\nparks\n")), "violated"),
        (town(result(TABLE), quota=64 * 1024), "unproven"),
        (town(result(TABLE), password="changed"), "unproven"),
        (town(result(TABLE), dead=frozenset({993})), "unproven"),
    ],
)
def test_what_the_judge_makes_of_it(system: Town, expected: str) -> None:
    context = a_context(system)
    verdict = quota_set("mail", mail_quota(context), context.profile)
    assert verdict.state.value == expected, verdict.reason


@pytest.mark.parametrize(
    "table", ["nonsense\n", HEAD + "probe\tUser quota\n", HEAD + "probe\tUser quota\tSTORAGE\tmuch\t128\t0\n"]
)
def test_a_table_of_another_shape_is_not_guessed_at(table: str) -> None:
    with pytest.raises(CouldNotLook):
        list(parse_quotas(result(table)))


def test_zero_and_a_dash_are_no_limit() -> None:
    table = HEAD + "a\tq\tSTORAGE\t1\t0\t0\nb\tq\tSTORAGE\t1\t-\t0\nc\tq\tSTORAGE\t1\t9\t0\n"
    assert [root.limit for root in parse_quotas(result(table))] == [None, None, 9]


def test_folders_and_namespaces_are_read_with_their_quotes() -> None:
    listed = Answer("OK", "", "", (r'LIST (\HasNoChildren) "/" INBOX', r'LIST () "/" "a \"b\" c"', r'LIST (\Noselect) "/" x'))
    assert list(parse_folders(listed)) == ["INBOX", 'a "b" c']
    spaces = Answer("OK", "", "", ('NAMESPACE (("" "/")("Archive/" "/")) NIL (("Public/" "/"))',))
    assert list(parse_namespaces(spaces)) == ["", "Archive/"]
