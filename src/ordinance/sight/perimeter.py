"""What was seen of the perimeter: the sweep of every port, the guarded ports probed with care, the conversations.

Addresses are text, so that a sighting is JSON as it stands. Hops are routers between the vantage and whoever sent a segment: the
nearest initial TTL (32, 64, 128, 255) minus the TTL that arrived; None where the vantage may not read it (no CAP_NET_RAW).
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from ipaddress import ip_address

import msgspec

from ordinance.sight.certificate import CONNECT, RAW, Canary, Certificate, Coverage, Engine, FamilyBound, Unechoed
from ordinance.sight.ports import Range, count, meet, without

__all__ = ["CONNECT", "RAW", "Canary", "Certificate", "Coverage", "Engine", "FamilyBound", "Unechoed"]  # of the certificate

#: Fewer open ports than that are not "every port", however few were asked.
ENOUGH = 64


class Answer(StrEnum):
    """What came back from a port."""

    OPEN = "open"  #: SYN-ACK (tcp) or a datagram (udp)
    RST = "rst"  #: TCP reset; who sent it is told by its hops alone
    ICMP = "icmp"  #: an ICMP error; `by` sent it
    MUTE = "mute"  #: a connection taken with an empty window that never opened; `by` says why it may be no SYN proxy's
    SILENT = "silent"
    LOCAL = "local"  #: the vantage's own stack: no route, or its own filter; nothing was asked
    UNASKED = "unasked"  #: planned, but the sweep ended or gave up before it


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of answer and how often it came. `icmp` is (type, code) in the numbering of the address's family."""

    answer: Answer
    by: str = ""
    icmp: tuple[int, int] | None = None
    hops: int | None = None
    times: int = 1


class PortAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The ports of one address that answered alike."""

    ports: tuple[Range, ...]
    reply: Reply


class AddressSweep(msgspec.Struct, frozen=True, kw_only=True):
    """What the sweep saw of one address. Silence is listed like any other answer."""

    address: str
    answers: tuple[PortAnswer, ...]

    def of(self, *answers: Answer) -> tuple[PortAnswer, ...]:
        """Only the answers of these kinds."""
        return tuple(group for group in self.answers if group.reply.answer in answers)

    @property
    def everywhere(self) -> bool:
        """Whether most of the ports asked are open: somebody answers for all of them."""
        asked, opened = (
            count(ports for group in groups for ports in group.ports) for groups in (self.answers, self.of(Answer.OPEN))
        )
        return opened >= ENOUGH and opened > asked / 2

    def covered(self) -> int:
        """Ports for which something is known: an answer, or silence within the sweep's miss bound."""
        return sum(count(group.ports) for group in self.asked())

    def asked(self) -> tuple[PortAnswer, ...]:
        """Answers, and silence, of ports that were asked."""
        return tuple(group for group in self.answers if group.reply.answer not in (Answer.UNASKED, Answer.LOCAL))


class CarefulPort(msgspec.Struct, frozen=True, kw_only=True):
    """One port asked several times. `sent` probes, of which `silent` had no answer."""

    address: str
    transport: str  #: "tcp" | "udp"
    port: int
    sent: int
    silent: int
    replies: tuple[Reply, ...] = ()
    slow: int = 0  #: of `sent`, those sent so slowly that no limit on ICMP errors could eat the answer

    @property
    def unheard(self) -> int:
        """Probes that nobody behind a SYN proxy answered either."""
        return self.silent + sum(reply.times for reply in self.replies if reply.answer is Answer.MUTE)


class CarefulAddress(msgspec.Struct, frozen=True, kw_only=True):
    """One address asked with care: its ports, a decoy, and a control port asked in the same moments.

    The control is a declared open port of the address itself (`own`), or, where none is declared, of another address of the same
    public group and family: a path witness.
    """

    address: str
    ports: tuple[CarefulPort, ...]
    decoys: tuple[CarefulPort, ...]
    control_address: str
    control_port: int
    control_sent: int
    control_answered: int
    control_hops: int | None
    miss_bound: float  #: (1 - pessimistic answer rate of the control) ^ rounds
    slow_decoys: int = 0  #: times a decoy was asked again so slowly that no limit on ICMP errors could eat the answer
    observation: str

    @property
    def own(self) -> bool:
        """Whether the control is a port of this very address."""
        return self.control_address == self.address


class EarlierSweep(msgspec.Struct, frozen=True, kw_only=True):
    """What an earlier night swept, taken over from its own records."""

    run: str
    linked: bool  #: verified, and every night since then is here, verified, too; only then does its silence count
    why: str  #: why it is not linked; empty when it is
    certificate: Certificate
    addresses: tuple[AddressSweep, ...]
    careful: tuple[CarefulAddress, ...]
    observation: str  #: of this run's journal: what was taken over


class Rotation(msgspec.Struct, frozen=True, kw_only=True):
    """A sweep that asks a part of everything each night. What is not in tonight's part rests on earlier nights."""

    wanted: tuple[str, ...]  #: every address, on all ports
    earlier: tuple[EarlierSweep, ...]
    told: tuple[str, ...] = ()  #: once judged: what each night contributes, and what nobody knows


class SweepSighting(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """TCP ports of swept addresses from one vantage: all of them, or with a `rotation` tonight's part.

    `careful` looks again at refusals that the sweep could not place.
    """

    vantage: str
    addresses: tuple[AddressSweep, ...]
    certificate: Certificate
    # a factory, so that none is written as none: records that are older than `rotation` have it
    careful: tuple[CarefulAddress, ...] = msgspec.field(default_factory=lambda: ())
    observations: tuple[str, ...]
    rotation: Rotation | None = None

    def of(self, address: str) -> AddressSweep | None:
        """Find what was seen of `address`; None when it was not swept."""
        return next((swept for swept in self.addresses if swept.address == address), None)

    def open_ports(self, address: str) -> tuple[int, ...]:
        """Open ports of one address, ascending."""
        swept = self.of(address)
        groups = swept.of(Answer.OPEN) if swept else ()
        return tuple(sorted(port for group in groups for first, last in group.ports for port in range(first, last + 1)))

    def to_talk_to(self) -> tuple[AddressSweep, ...]:
        """Find what is open, tonight or in an earlier night that nobody has asked again since."""
        if self.rotation is None:
            return self.addresses
        names = dict.fromkeys((*(seen.address for seen in self.addresses), *self.rotation.wanted))
        return tuple(AddressSweep(address=name, answers=tuple(self._still_open(name))) for name in names)

    def _still_open(self, address: str) -> Iterator[PortAnswer]:
        left: tuple[Range, ...] = ((1, 65_535),)
        nights = sorted(self.rotation.earlier if self.rotation else (), key=lambda night: night.certificate.started, reverse=True)
        for addresses in (self.addresses, *(night.addresses for night in nights)):
            seen = next((swept for swept in addresses if swept.address == address), None)
            for group in seen.answers if seen else ():
                if group.reply.answer is Answer.OPEN and (ports := meet(group.ports, left)):
                    yield PortAnswer(ports=ports, reply=group.reply)
            # tonight's silence may yet prove nothing, but then nothing is compliant that an open port could spoil
            asked = tuple(group for group in seen.answers if group.reply.answer is not Answer.UNASKED) if seen else ()
            for group in asked:
                left = without(left, group.ports)


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a declared service said the words it is known by, at application level."""

    address: str
    port: int
    proven: bool
    said: str  #: safe text: what it said, or why nothing was heard
    observation: str


class EchoProof(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a token came back from the outside echo on this port: the vantage can emit to it."""

    family: int
    transport: str
    port: int
    echoed: bool
    said: str
    observation: str


class Utterance(msgspec.Struct, frozen=True, kw_only=True):
    """What was said on a port whose handshake is worth nothing. `protocol` is "" when nobody said a word."""

    port: int
    protocol: str
    said: str  #: safe text: the first line, or why nothing was heard
    observation: str


class GuardedAddress(msgspec.Struct, frozen=True, kw_only=True):
    """One public address and its guarded ports. Any of the parts may be missing; `unseen` then says why."""

    address: str
    careful: CarefulAddress | None = None
    before: Identity | None = None
    after: Identity | None = None
    unseen: str = ""
    spoken: tuple[Utterance, ...] = ()  #: of open guarded ports where the decoy is open too


class GuardedSighting(msgspec.Struct, frozen=True, kw_only=True):
    """Every guarded port (telnet, FTP, TFTP) of every public address."""

    vantage: str
    addresses: tuple[GuardedAddress, ...]
    echoes: tuple[EchoProof, ...]

    def of(self, address: str) -> GuardedAddress | None:
        """Find what was seen of `address`; None when nobody looked."""
        return next((seen for seen in self.addresses if seen.address == address), None)

    def echo(self, family: int, transport: str, port: int) -> EchoProof | None:
        """Find the proof that the vantage can emit to this port."""
        return next((e for e in self.echoes if (e.family, e.transport, e.port) == (family, transport, port)), None)


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """What was said on one open port. `protocol` is "" when nothing that is known was spoken."""

    address: str
    port: int
    protocol: str
    said: str  #: safe text: first line, title or status
    identities: tuple[str, ...] = ()  #: declared identity texts (of any service) that occur in what was said
    canaries: tuple[str, ...] = ()  #: texts of Intranet pages that occur in what was said
    tls_names: tuple[str, ...] = ()
    location: str = ""  #: where an HTTP redirect points
    cut: str = ""  #: why not all of what it serves was read, so that a text not found in it may be there; empty when all was
    uncertified: str = ""  #: why a certificate that it offers was not seen; empty when it was, or when it offers none
    unseen: str = ""  #: why there was no conversation; empty when there was one
    observation: str


class ConversationSighting(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation with every open port the sweep found and with every service declared for outside."""

    vantage: str
    conversations: tuple[Conversation, ...]
    left_out: tuple[PortAnswer, ...] = ()  #: open ports beyond the cap of one address; `reply.by` names it

    def at(self, address: str, port: int) -> Conversation | None:
        """Find the conversation with one port."""
        return next((talk for talk in self.conversations if (talk.address, talk.port) == (address, port)), None)


def family(address: str) -> int:
    """4 or 6."""
    return ip_address(address).version
