"""What the public name servers said when asked about the Intranet, from outside. Addresses are text, names in small letters."""

from __future__ import annotations

import msgspec


class Record(msgspec.Struct, frozen=True):
    """One resource record of any section; `data` as in a zone file. Names are in small letters, without the last dot."""

    name: str
    type: str
    data: str


class NameAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One question to one server, and what came back."""

    server: str
    transport: str  #: "tcp" | "udp"
    name: str
    type: str
    rcode: str = ""  #: word of RFC 1035 and 6895: "NOERROR", "NXDOMAIN" ...; empty when nothing came
    records: tuple[Record, ...] = ()
    authoritative: bool = False  #: the server spoke as an authority for the name (AA, RFC 1035 section 4.1.1)
    unseen: str = ""  #: why there was no answer; empty when there was one
    observation: str = ""


class ZoneTransfer(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to have a whole zone (AXFR, RFC 5936)."""

    server: str
    zone: str
    rcode: str = ""
    records: int = 0  #: how many came
    unseen: str = ""
    observation: str = ""


class ServerNames(msgspec.Struct, frozen=True, kw_only=True):
    """All that was asked of one server over one transport; the witness name before and after the questions."""

    server: str
    transport: str
    before: NameAnswer
    questions: tuple[NameAnswer, ...]
    after: NameAnswer
    transfers: tuple[ZoneTransfer, ...] = ()  #: over TCP only


class NamesSighting(msgspec.Struct, frozen=True, kw_only=True):
    """What every authoritative server of the public zone said. `no_udp` says why nothing was asked over UDP.

    `unused` is a name in the zone that nobody uses: what is answered for it, a wildcard answers for every name (RFC 4592).
    """

    vantage: str
    zone: str
    servers: tuple[ServerNames, ...]
    no_udp: str = ""
    unused: str = ""
