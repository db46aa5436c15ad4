"""The front page of a web server as a visitor gets it: redirects are followed as long as they stay on the same address.

Where a redirect points is a peer's text. Its name is only said to the server that gave it (Host, SNI): it is never resolved, and
no other address is contacted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from ordinance.inventory.model import Address
from ordinance.observe.api import Deadline, TurnedAway, VantagePoint
from ordinance.observe.protocols.http import HttpReply, fetch

MOST_PAGES = 4
PORTS = {"http": 80, "https": 443}
IPV4 = 4
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?:{_LABEL}\.){{0,20}}{_LABEL}")
_TARGET = re.compile(r"/[!-~]{0,2000}")


@dataclass(frozen=True, slots=True)
class Way:
    """How one page is asked for on an address."""

    port: int
    tls: bool
    host: str
    target: str = "/"

    @property
    def host_field(self) -> str:
        """Return the Host field: the port is left out where it is the scheme's own (RFC 9110 section 7.2)."""
        return self.host if self.port == PORTS["https" if self.tls else "http"] else f"{self.host}:{self.port}"


def visit(
    vantage: VantagePoint, address: Address, way: Way, deadline: Deadline, *, server_name: str, other_ports: bool = False
) -> tuple[HttpReply, ...]:
    """Fetch the page and those it sends the visitor on to, in order; with `other_ports` also on another port of the address.

    CouldNotLook when the first cannot be fetched, or a later one for another reason than that the peer will not serve its name.
    """
    replies = [_fetch(vantage, address, way, deadline, server_name)]
    seen = {way}
    while len(replies) < MOST_PAGES and (onward := sent_on(replies[-1], way)) is not None and onward not in seen:
        if onward.port != way.port and not other_ports:
            break
        seen.add(onward)
        way = onward
        try:
            replies.append(_fetch(vantage, address, way, deadline, way.host))
        except TurnedAway:
            break
    return tuple(replies)


def by_address(address: Address) -> str:
    """Return the Host field of a stranger who knows the address alone."""
    return str(address) if address.version == IPV4 else f"[{address}]"


def unread(reply: HttpReply) -> str:
    """Why a text that is not in the body may be on the page all the same; "" when all of it was read as it is shown."""
    coding = reply.header("content-encoding").lower()
    if coding not in {"", "identity"}:
        return f"its page came in the coding {coding}, which was not asked for"
    return "" if reply.complete else f"its page was cut after {len(reply.body)} bytes"


def sent_on(reply: HttpReply, way: Way) -> Way | None:
    """Read where a redirect (RFC 9110 section 15.4) points; None for no redirect, and for what is no plain web address."""
    if reply.status not in {301, 302, 303, 307, 308}:
        return None
    try:
        there = urlsplit(reply.header("location"))
        scheme = there.scheme or ("https" if way.tls else "http")
        port = there.port or (PORTS.get(scheme, 0) if there.netloc else way.port)
    except ValueError:
        return None
    host = there.hostname or way.host
    target = (there.path or "/") + (f"?{there.query}" if there.query else "")
    if scheme not in PORTS or not _TARGET.fullmatch(target) or not (host == way.host or _NAME.fullmatch(host)):
        return None
    return Way(port, scheme == "https", host, target)


def _fetch(vantage: VantagePoint, address: Address, way: Way, deadline: Deadline, server_name: str) -> HttpReply:
    host = way.host_field
    return fetch(vantage, address, way.port, deadline, host=host, target=way.target, tls=way.tls, server_name=server_name)
