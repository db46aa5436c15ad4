"""What was seen of the Intranet server from inside: its page, before and after the sweep from outside."""

from __future__ import annotations

import msgspec


class PageSeen(msgspec.Struct, frozen=True, kw_only=True):
    """One request for the Intranet's first page."""

    vantage: str
    address: str
    port: int
    after_sweep: bool
    status: int = 0  #: HTTP status; 0 when there was none
    canary: bool = False  #: the canary text stood in the page
    unseen: str = ""  #: why there was no page; empty when there was one
    observation: str = ""


class IntranetSighting(msgspec.Struct, frozen=True, kw_only=True):
    """Every inside address of every Intranet server, from every inside vantage."""

    pages: tuple[PageSeen, ...]

    def of(self, address: str, *, after_sweep: bool) -> tuple[PageSeen, ...]:
        """Find the pages asked of one address before or after the sweep."""
        return tuple(page for page in self.pages if page.address == address and page.after_sweep is after_sweep)
