"""Look "mail-quota": every mailbox's storage limit as the store has it, and the probe mailbox's as IMAP shows it (3.H)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from ordinance.inventory.model import MailStore
from ordinance.observe.api import CommandResult, CouldNotLook, Deadline, LookContext, Unseen, lines, look
from ordinance.observe.mail import box
from ordinance.observe.mail.session import Post, unlooked
from ordinance.observe.protocols.imap import Answer, ImapClient
from ordinance.sight.mail import FolderQuota, QuotaRoot, QuotaSighting

COMMAND_SECONDS = 30.0
LIST_USERS = ("doveadm", "user", "*")
LIST_QUOTAS = ("doveadm", "-f", "tab", "quota", "get", "-A")
#: What doveadm says of a command that no loaded plugin brings.
NO_SUCH_COMMAND = re.compile(rb"unknown command|not loaded|usage: doveadm", re.IGNORECASE)
UNLIMITED = ("-", "0")
COLUMNS = ("username", "quota name", "type", "value", "limit")
#: Folders that are asked for their quota roots, INBOX first.
MOST_FOLDERS = 50
#: A folder that need not be there: its name alone says which namespace, and so which roots, it would be counted in.
SOME_FOLDER = "ordinance-probe"

_FOLDER = re.compile(r'LIST \([^)]*\) (?:"(?:[^"\\]|\\.)*"|NIL) ("(?:[^"\\]|\\.)*"|\S+)$', re.IGNORECASE)
_NAMESPACE = re.compile(r'\("((?:[^"\\]|\\.)*)" (?:"(?:[^"\\]|\\.)*"|NIL)')


@look("mail-quota")
def mail_quota(context: LookContext) -> QuotaSighting:
    """Ask the store over SSH and the probe mailbox over IMAP. What one of them does not say stands in `unseen`."""
    store = context.inventory.mail_store
    if store is None:
        raise CouldNotLook(Unseen.SCOPE, "the inventory declares no mail store")
    mailbox = context.inventory.probe_mailbox
    seen = QuotaSighting(
        host=store.host,
        directory=store.mailboxes,
        probe=mailbox.address if mailbox else "",
        probe_user=mailbox.user if mailbox else "",
    )
    for done, ask in enumerate((_users, _store_roots, _imap_roots)):
        context.progress(done, 3, "storage limits")
        try:
            seen = ask(context, store, seen)
        except CouldNotLook as missed:
            seen = msgspec.structs.replace(seen, unseen=(*seen.unseen, unlooked(missed)))
    return seen


def _users(context: LookContext, store: MailStore, seen: QuotaSighting) -> QuotaSighting:
    result = _run(context, store, LIST_USERS)
    _succeeded(result, LIST_USERS)
    users = tuple(sorted({line.strip() for line in lines(result.stdout) if line.strip()}))
    return msgspec.structs.replace(seen, users=users, users_seen=True, users_observations=(result.observation,))


def _store_roots(context: LookContext, store: MailStore, seen: QuotaSighting) -> QuotaSighting:
    result = _run(context, store, LIST_QUOTAS)
    seen = msgspec.structs.replace(seen, roots_observations=(result.observation,))
    if result.exit_status != 0 and NO_SUCH_COMMAND.search(result.stderr + result.stdout):
        return msgspec.structs.replace(seen, store_has_no_quota=True)
    _succeeded(result, LIST_QUOTAS)
    return msgspec.structs.replace(seen, roots=tuple(parse_quotas(result)), roots_seen=True)


def _run(context: LookContext, store: MailStore, argv: tuple[str, ...]) -> CommandResult:
    return context.door.host(store.host).run(argv, Deadline.after(COMMAND_SECONDS))


def _succeeded(result: CommandResult, argv: tuple[str, ...]) -> None:
    if result.exit_status != 0:
        complaint = " ".join(lines(result.stderr[:300]))
        raise CouldNotLook(Unseen.TOOL, f"{' '.join(argv)} ended with {result.exit_status}: {complaint}", result.observation)


def parse_quotas(result: CommandResult) -> Iterator[QuotaRoot]:
    """Parse `doveadm -f tab quota get -A`: a heading, then user, root, type, use and limit in KiB ("-": none), per cent."""
    heading, *rows = [line.split("\t") for line in lines(result.stdout)] or [[]]
    if tuple(word.lower() for word in heading[: len(COLUMNS)]) != COLUMNS:
        raise CouldNotLook(Unseen.PROTOCOL, f"not a table of quotas: {heading}", result.observation)
    for row in rows:
        if len(row) < len(COLUMNS):
            raise CouldNotLook(Unseen.PROTOCOL, f"not a line of the table of quotas: {row}", result.observation)
        user, root, kind, used, limit = row[: len(COLUMNS)]
        if kind == "STORAGE":
            yield QuotaRoot(
                user=user, root=root, used=_kib(used, result), limit=None if limit in UNLIMITED else _kib(limit, result)
            )


def _kib(word: str, result: CommandResult) -> int:
    if not (word.isascii() and word.isdigit()):
        raise CouldNotLook(Unseen.PROTOCOL, f"not a number of KiB: {word!r}", result.observation)
    return int(word)


def _imap_roots(context: LookContext, _store: MailStore, seen: QuotaSighting) -> QuotaSighting:
    if not seen.probe:
        return seen
    post, session = Post.of(context), box.Seen()
    folders: tuple[FolderQuota, ...] = ()
    with box.opened(post, session) as client:
        quotas = box.knows_quota(client)
        if quotas:
            folders = tuple(_folder_quota(client, folder, seen.probe) for folder in _folders(client))
    return msgspec.structs.replace(
        seen,
        imap_seen=True,
        imap_has_no_quota=not quotas,
        folders=folders,
        imap_observations=tuple(session.observations),
    )


def _folder_quota(client: ImapClient, folder: str, mailbox: str) -> FolderQuota:
    roots = tuple(
        QuotaRoot(user=mailbox, root=quota.root, used=quota.storage_used or 0, limit=quota.storage_limit or None)
        for quota in client.quota(folder)
    )
    return FolderQuota(folder=folder, roots=roots)


def _folders(client: ImapClient) -> tuple[str, ...]:
    """INBOX, the folders there are, and one name in each personal namespace (RFC 2342), since an empty one is counted too."""
    listed = list(parse_folders(client.command('LIST "" "*"')))
    spaces: list[str] = []
    if "NAMESPACE" in client.capability():
        spaces = [f"{prefix}{SOME_FOLDER}" for prefix in parse_namespaces(client.command("NAMESPACE")) if prefix]
    return tuple(dict.fromkeys(["INBOX", *spaces, *listed]))[:MOST_FOLDERS]


def parse_folders(answer: Answer) -> Iterator[str]:
    """Names of the folders in answers to LIST that can be opened."""
    for line in answer.untagged:
        found = _FOLDER.match(line)
        if found and "\\noselect" not in line.lower() and "\\nonexistent" not in line.lower():
            yield _unquoted(found[1])


def parse_namespaces(answer: Answer) -> Iterator[str]:
    """Prefixes of the personal namespaces: the first of the three lists of NAMESPACE."""
    for line in answer.untagged:
        if line.upper().startswith("NAMESPACE (("):
            personal = line.partition(" ")[2].partition("))")[0]
            yield from (_unquoted(f'"{prefix}"') for prefix in _NAMESPACE.findall(personal))


def _unquoted(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word[1:-1]) if word.startswith('"') else word
