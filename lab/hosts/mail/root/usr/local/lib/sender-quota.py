#!/usr/bin/python3
"""Postfix policy service: may this login still send? Clause 3.H, "will not permit the user to send or receive".

Dovecot's quota-status answers only "may this *recipient* take a message of this size". The login of the sender is put
in the recipient's place, with a size of one byte, so that a mailbox exactly at its limit counts as full.

Run by Postfix's spawn(8): requests on standard input, answers on standard output (SMTPD_POLICY_README).
"""

import socket
import sys
from collections.abc import Iterable, Iterator

QUOTA_STATUS = ("127.0.0.1", 12340)
DEADLINE = 5.0  # seconds
DOMAIN = "city.example"
FULL = "552 5.2.2 Your mailbox is at its limit: you cannot send until you delete messages"
UNKNOWN = "DEFER_IF_PERMIT quota service unavailable"


def requests(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    """Yield each request: lines `name=value` up to an empty line."""
    request: dict[str, str] = {}
    for line in lines:
        name, equals, value = line.rstrip("\n").partition("=")
        if equals:
            request[name] = value
        else:
            yield request
            request = {}


def has_room(address: str) -> bool:
    """Tell whether the mailbox takes one byte more. Raises OSError if Dovecot does not say."""
    question = f"request=smtpd_access_policy\nprotocol_state=RCPT\nrecipient={address}\nsize=1\n\n"
    with socket.create_connection(QUOTA_STATUS, DEADLINE) as connection, connection.makefile("r") as answer:
        connection.sendall(question.encode())
        line = answer.readline()
    if not line.startswith("action="):
        raise OSError("no answer from quota-status")
    return line.removeprefix("action=").split()[0].upper() in {"DUNNO", "OK"}


def action(request: dict[str, str]) -> str:
    """Tell Postfix what to do with the sender of this request."""
    login = request.get("sasl_username", "")
    if not login:
        return "DUNNO"
    try:
        return "DUNNO" if has_room(login if "@" in login else f"{login}@{DOMAIN}") else FULL
    except OSError:
        return UNKNOWN


def main() -> None:
    """Answer requests until Postfix closes the connection."""
    for request in requests(sys.stdin):
        sys.stdout.write(f"action={action(request)}\n\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
