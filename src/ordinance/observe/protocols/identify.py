"""What speaks on an open TCP port. The words of a banner are not believed: the protocol is tried.

A port is listened to first; a silent one is then offered TLS, HTTP and a DNS question, each on a connection of its own.
Nothing is logged in to, nothing is stored, no relay is tried.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ordinance.inventory.model import Address
from ordinance.observe.api import CouldNotLook, Deadline, Dialogue, TlsPeer, Unseen, VantagePoint
from ordinance.observe.safetext import safe_line

AGAIN = 2  #: times TLS is offered again where plain HTTP was refused and TLS had no answer in time
LISTEN = 6.0  #: seconds a peer is given to speak first; mail servers that hold back their greeting wait 5
FIRST = 1024  #: bytes of a greeting that are looked at

#: A question for the root's name servers: id 0x6f72, recursion not desired.
DNS_QUESTION = b"\x00\x11\x6f\x72\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01"
HTTP_QUESTION = b"GET / HTTP/1.0\r\nAccept-Encoding: identity\r\n\r\n"

#: Servers that speak first and whose first octets are their own (RFC 4253, 1939, 3501, 6143 ...)
_OPENINGS = ((b"SSH-", "ssh"), (b"+OK", "pop3"), (b"* OK", "imap"), (b"* PREAUTH", "imap"), (b"* BYE", "imap"), (b"RFB ", "vnc"),
             (b"HTTP/", "http"), (b"554", "smtp"), (b"120", "ftp"), (b"400 ", "nntp"), (b"502 ", "nntp"))  # fmt: skip
_TELNET_COMMANDS = range(0xF0, 0xFF)  #: after IAC, RFC 854
#: What is said of a port until something better is known. A greeting is mute where the question whose it is was not answered.
_UNDECIDED = {"unknown", "silent"}
_GREETINGS = {b"200", b"201", b"220"}  #: of NNTP, SMTP and FTP
_PROMPTS = (b"login:", b"username:", b"password:")


@dataclass(frozen=True, slots=True)
class Spoken:
    """What was found.

    `protocol`: smtp, nntp, ftp, ssh, telnet, http, imap, pop3, vnc, dns, tls, echo, silent (took the connection and said
    nothing to anything, or greeted and said no more), closed (hung up on everything without a word, or with 421: not now)
    or unknown. `inside` is the protocol within TLS.
    """

    protocol: str
    first_line: str = ""  #: safe text
    inside: str = ""
    tls: TlsPeer | None = None
    observations: tuple[str, ...] = ()


def identify(
    vantage: VantagePoint, address: Address, port: int, deadline: Deadline, *, listen: float = LISTEN, expect: str = ""
) -> Spoken:
    """Find out what speaks on `address`:`port`.

    `expect` ("tls", "http", "dns") tries that question first, which saves the listening where it is right.
    Raises CouldNotLook when the port cannot be connected to, or the deadline passes before anything is known.
    """
    return _Inquiry(lambda seconds: vantage.connect(address, port, _within(deadline, seconds)), deadline, listen).run(expect)


def _within(deadline: Deadline, seconds: float) -> Deadline:
    return Deadline(min(deadline.at, deadline.now() + seconds), deadline.now)


class _Inquiry:
    """One port: connections one after another until something is recognised."""

    def __init__(self, connect: Callable[[float], Dialogue], deadline: Deadline, listen: float) -> None:
        self._connect = connect
        self._deadline = deadline
        self._listen = listen
        self._observations: list[str] = []
        self._tls_late = False  #: the last offer of TLS was neither taken nor turned down in time
        self._heard = False  #: at least one connection stayed open without a word

    def run(self, expect: str) -> Spoken:
        steps: dict[str, Callable[[], Spoken | None]] = {
            "greeting": lambda: self._talk(b""),
            "tls": lambda: self._tls(web_first=expect == "tls"),
            "http": lambda: self._talk(HTTP_QUESTION),
            "dns": lambda: self._talk(DNS_QUESTION),
        }
        best: Spoken | None = None
        for name in sorted(steps, key=lambda step: step != expect):
            if best is not None and self._deadline.passed:
                break
            found = steps[name]()
            if found is not None and found.protocol not in _UNDECIDED:
                return self._with_observations(self._unless_tls(found))
            best = best or found
        return self._with_observations(best or Spoken("silent" if self._heard else "closed"))

    def _unless_tls(self, found: Spoken) -> Spoken:
        """A "400 Bad Request" may be a TLS port's answer to plain HTTP: where TLS had no answer in time, ask again."""
        if found.protocol != "http" or " 400 " not in f"{found.first_line} " or not self._tls_late:
            return found
        for _ in range(AGAIN):
            secure = self._tls(web_first=True)
            if secure is not None:
                return secure
            if not self._tls_late:
                return found
        return Spoken("unknown", found.first_line)

    def _with_observations(self, found: Spoken) -> Spoken:
        return Spoken(found.protocol, found.first_line, found.inside, found.tls, tuple(self._observations))

    def _talk(self, question: bytes) -> Spoken | None:
        """Connect, say `question`, and recognise what comes; None when nothing comes."""
        dialogue = self._connect(self._listen)
        try:
            with dialogue:
                return self._recognise(dialogue, question)
        except CouldNotLook as failure:
            self._note(failure)
            return None
        finally:
            self._observations.append(dialogue.observation)

    def _tls(self, *, web_first: bool) -> Spoken | None:
        """Offer TLS; within it a greeting or the web, the likelier first. None when there is no TLS."""
        tries = (HTTP_QUESTION, b"") if web_first else (b"", HTTP_QUESTION)
        peer: TlsPeer | None = None
        best: Spoken | None = None
        for question in tries:
            found, seen = self._within_tls(question)
            peer = peer or seen
            if found is not None and (best is None or best.protocol == "silent" or found.protocol not in _UNDECIDED):
                best = found
            if peer is None or (found is not None and found.protocol not in _UNDECIDED):
                break
        if peer is None:
            return None
        return Spoken("tls", best.first_line if best else "", best.protocol if best else "", peer)

    def _within_tls(self, question: bytes) -> tuple[Spoken | None, TlsPeer | None]:
        """Return what answers `question` within TLS, and who the peer says it is; None for what was not there."""
        self._tls_late = False
        dialogue = self._connect(self._listen)
        peer: TlsPeer | None = None
        try:
            with dialogue:
                peer = dialogue.start_tls("", None, verify=False)
                return self._recognise(dialogue, question), peer
        except CouldNotLook as failure:
            self._note(failure)
            self._tls_late = peer is None and failure.reason is Unseen.DEADLINE
            return None, peer
        finally:
            self._observations.append(dialogue.observation)

    def _note(self, failure: CouldNotLook) -> None:
        """Silence and broken connections are answers here; what says nothing of the peer goes on up."""
        if failure.reason not in {Unseen.DEADLINE, Unseen.PROTOCOL, Unseen.TOO_MUCH, Unseen.SCOPE}:
            raise failure
        # SCOPE within a dialogue: a printer took the connection, and nothing is ever said to it
        self._heard = self._heard or failure.reason in {Unseen.DEADLINE, Unseen.SCOPE}

    def _recognise(self, dialogue: Dialogue, question: bytes) -> Spoken | None:
        if question:
            dialogue.write(question)
        heard = _first_words(dialogue)
        if not heard:
            return None
        line = safe_line(heard.split(b"\n", 1)[0], cap=200)
        if question and heard.startswith(question[: len(heard)]):
            return Spoken("echo", line)
        # SMTP and FTP alike turn away whoever comes too often or too late (RFC 5321 section 3.8, RFC 959 section 5.4).
        unsaid = "closed" if heard[:3] == b"421" else "unknown"
        if question and heard[:3] in _GREETINGS:  # late: what follows may be said of our question
            unsaid = "silent"
        return Spoken(protocol_of(heard) or self._ask(dialogue, heard) or unsaid, line)

    def _ask(self, dialogue: Dialogue, heard: bytes) -> str:
        """Tell apart what begins alike: SMTP and FTP say 220, NNTP says 200."""
        try:
            if heard[:3] in {b"220", b"421"}:
                return _smtp_or_ftp(dialogue)
            if heard[:3] in {b"200", b"201"}:
                return _nntp(dialogue)
        except CouldNotLook as failure:
            self._note(failure)
            unanswered = failure.reason in {Unseen.DEADLINE, Unseen.PROTOCOL} and heard[:3] != b"421"
            return "silent" if unanswered else ""
        return ""


def protocol_of(heard: bytes) -> str:
    """Return the protocol that the first octets alone give away, or ""."""
    if len(heard) > 1 and heard[0] == 0xFF and heard[1] in _TELNET_COMMANDS:  # noqa: PLR2004 - IAC
        return "telnet"
    for opening, name in _OPENINGS:
        if heard.startswith(opening):
            return name
    if heard[2:4] == DNS_QUESTION[2:4] and len(heard) > 4 and heard[4] & 0x80:  # noqa: PLR2004 - QR bit
        return "dns"
    return "telnet" if any(prompt in heard.lower() for prompt in _PROMPTS) else ""


def _first_words(dialogue: Dialogue) -> bytes:
    """Up to a line, or what came until the deadline; what came before a failure counts."""
    heard = b""
    try:
        while not _enough(heard) and (data := dialogue.read_some(FIRST)):
            heard += data
    except CouldNotLook:
        if not heard:
            raise
    return heard


def _enough(heard: bytes) -> bool:
    """Whether that is a line, or of a protocol without lines."""
    return b"\n" in heard or len(heard) >= FIRST or protocol_of(heard) in {"telnet", "dns"}


def _smtp_or_ftp(dialogue: Dialogue) -> str:
    """EHLO is known to one of them only; SYST to the other (RFC 5321 section 4.1.1.1, RFC 959 section 4.1.3)."""
    dialogue.write(b"EHLO ordinance.invalid\r\n")
    if _code_after_greeting(dialogue) in {b"250", b"554"}:
        return "smtp"
    dialogue.write(b"SYST\r\n")
    return "ftp" if _final_code(dialogue) in {b"215", b"530", b"331", b"332", b"200", b"550"} else ""


def _nntp(dialogue: Dialogue) -> str:
    """CAPABILITIES (RFC 3977 section 5.2), or DATE (7.1) for servers from before it."""
    for command, codes in ((b"CAPABILITIES", {b"101"}), (b"DATE", {b"111", b"480", b"483"})):
        dialogue.write(command + b"\r\n")
        if _final_code(dialogue) in codes:
            return "nntp"
    return ""


def _code_after_greeting(dialogue: Dialogue) -> bytes:
    """Return the code of the next reply that is not the rest of a greeting of several lines."""
    code = b"220"
    while code == b"220":
        code = _final_code(dialogue)
    return code


def _final_code(dialogue: Dialogue) -> bytes:
    while True:
        line = dialogue.read_line()
        if not line:
            raise CouldNotLook(Unseen.PROTOCOL, "the peer hung up")
        if line[:3].isdigit() and line[3:4] != b"-":
            return line[:3]
