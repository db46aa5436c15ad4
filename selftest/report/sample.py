"""A run with every verdict and every standing, for the tests of records and reports. Words of the policy, invented sightings."""

# ruff: noqa: E501 - the policy's own sentences stay on one line
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from ipaddress import ip_address, ip_network

from ordinance.inventory.model import Attestation, Host, Inventory, Pace, PublicGroup, Registers, Scope, Vantage
from ordinance.judge.verdict import (
    Compliant,
    Evidence,
    NotApplicable,
    NotRun,
    Passage,
    Passages,
    Unproven,
    Verdict,
    Violated,
    Waived,
    Witness,
)
from ordinance.law.model import Clause, Control, Disposition, Law, Profile
from ordinance.plan import PlannedCheck
from ordinance.record.model import Observation, Results
from ordinance.record.results import RunFacts, build_results
from ordinance.record.stamp import stamp

STARTED = datetime(2026, 11, 23, 20, 15, 0, tzinfo=UTC)
FINISHED = STARTED + timedelta(seconds=107.25)

Worded = Callable[[str], str]


def control(name: str, world: str, vantage: str = "outside", *, covered: bool = True) -> Control:
    return Control(
        id=name, clause=name.partition("/")[0], compliant_world=world, witness="the echo answers on the same port",
        vantage=vantage, targets="public-groups", looks=("perimeter-sweep",), covered=covered,
    )  # fmt: skip


CONTROLS = (
    control("3.C/expiry", "Nothing on the mail system is older than the retention limit.", "here", covered=False),
    control("3.H/quota-set", "Every mailbox has a storage limit within the profile; none is unlimited.", "here"),
    control("3.H/full-cannot-receive", "At the limit, delivery is refused.", "here"),
    control("3.I/limit-advertised", "EHLO SIZE is present and within the limit, on the gateway and on submission.", "here"),
    control("9.A.1/telnet-blocked", "No public address lets telnet through, over IPv4 or IPv6."),
    control("9.A.1/ftp-blocked", "No public address lets FTP or TFTP through, over IPv4 or IPv6."),
    control("9.A.1/authorisations", "Every exception in use is authorised by ITD and in date.", covered=False),
    control("9.A.2/inbound-tcp", "Only SMTP, NNTP and the public web of the Internet server are open to outside."),
    control("9.A.2/inbound-udp", "No UDP service answers or is let through.", covered=False),
    control("9.A.3/not-reachable", "No port of an Intranet server answers from outside."),
    control("10.D/password-age", "Every human account must change its password within the profile's days, and has.", "here"),
    control("10.J/webmail-blocked", "Third-party webmail cannot be reached from a workstation.", "workstation", covered=False),
)


def clause(name: str, title: str, text: str, how: str = "tested", why: str = "") -> Clause:
    mine = tuple(item.id for item in CONTROLS if item.clause == name)
    return Clause(name, title, text, Disposition(how), why, mine)


CLAUSES = (
    clause("2", "Public Records", "All City records, regardless of media or format and including e-mail messages and other electronic records are governed by the requirements of the California Public Records Act (CPRA).", "attested", "Whether a record is handled by the Act is a matter of what people do with it."),
    clause("3.A", "E-mail is not a recordkeeping system", "The City e-mail system is not a recordkeeping system and is not intended for regular retention of e-mail.", "attested", "What counts as a record is a person's judgement."),
    clause("3.C", "Deletion", "E-mail messages and attachments that do not need to be retained as records should be deleted as soon as possible."),
    clause("3.H", "Limited storage", "Each user is provided with a limited amount of storage space on the e-mail system as determined by ITD according to available resources and technological developments. When employees reach that limit, the system will not permit the user to send or receive messages until the volume of messages for the user's account has decreased within its prescribed limit."),
    clause("3.I", "Size of attachments", "ITD will limit the size of e-mail attachments that will be permitted to be transmitted according to available resources and technological developments."),
    clause("5", "Attorney-client privilege", "Attorney-client communications and attorney work product should never be forwarded without consulting both the City Manager's Office and the City Attorney's Office.", "attested", "Only people know what is privileged."),
    clause("8.A", "Copyright", "It is the City of San José's policy to retain all copyrights and other intellectual property rights of which it is the legal owner.", "not-testable", "A statement of ownership; nothing on a network shows it."),
    clause("9.A.1", "Telnet and FTP from outside", "The City shall construct fire walls to prevent outside sources from using telnet and File Transfer Protocol (ftp) to gain access to the City system except where authorized by ITD."),
    clause("9.A.2", "Inbound services", "Inbound Internet services shall be limited to e-mail (SMTP), and newsgroups (NNTP)."),
    clause("9.A.3", "The Intranet server", "The public shall not have direct access to the City's Intranet server. All public access will be through the Internet server."),
    clause("10.D", "Passwords", "Employees should regularly change their individual passwords."),
    clause("10.J", "Third-party e-mail", "Employees shall not use other e-mail services or third party e-mail providers, such as Yahoo or Gmail, for City related purposes and shall not use City equipment to access such e-mail for any reason."),
)  # fmt: skip

LAW = Law("City Policy 1.7.1", {item.id: item for item in CLAUSES}, {item.id: item for item in CONTROLS})

PROFILE = Profile(
    name="default", public_web="allowed", public_dns="allowed", telnet_tcp_ports=(23, 992), ftp_tcp_ports=(20, 21, 990),
    tftp_udp_ports=(69,), smtp_ports=(25,), nntp_ports=(119, 563), web_ports=(80, 443), dns_ports=(53,),
    management_tcp_ports=(22,), management_udp_ports=(161,), default_communities=("public", "private"),
    message_size_max=10_485_760, mailbox_quota_max=1_073_741_824, password_max_days=90, retention_days=90, miss_bound=1e-4,
)  # fmt: skip

ATTESTATIONS = (
    Attestation("2", "Dana Okafor, Public Records Manager", date(2026, 6, 1), "memo 2026-114", date(2027, 5, 31)),
    Attestation("3.A", "Dana Okafor, Public Records Manager", date(2025, 6, 1), "memo 2025-090", date(2026, 5, 31)),
)

INVENTORY = Inventory(
    source="inventory/sample.yml", city="City of Example", timezone="America/Los_Angeles", lab=False,
    hosts={"fw": Host("fw", frozenset({"firewalls"}))},
    public=(PublicGroup("public-ipv4", (ip_address("198.51.100.5"),)),),
    services=(),
    vantages={
        "outside": Vantage("outside", "outside", "outside"),
        "here": Vantage("here", "management", None),
        "workstation": Vantage("workstation", "inside", "ws1"),
    },
    echo=(), scope=Scope((ip_network("198.51.100.0/28"), ip_network("2001:db8:100::/48")), (ip_network("198.51.100.14/32"),)),
    pace=Pace(20, 200), registers=Registers(attestations=ATTESTATIONS),
)  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """What a report is made from."""

    results: Results
    observations: list[Observation]


def observation(number: int, target: str, action: str, outcome: str, seen: str, *, vantage: str = "outside") -> Observation:
    return Observation(
        id=f"o-{number:06d}", look="perimeter-sweep", vantage=vantage, target=target, action=action,
        started=stamp(STARTED + timedelta(seconds=number)), monotonic=1000.0 + number, seconds=0.042 * number,
        outcome=outcome, seen=seen,
    )  # fmt: skip


def observations(say: Worded = str) -> list[Observation]:
    return [
        observation(1, say("203.0.113.7:23/tcp"), "connect", "ok", say("the echo answered")),
        observation(2, say("198.51.100.5:25/tcp"), say("dialogue"), "ok", say("220 mail.city.example ESMTP\r\n250-SIZE 1048576")),
        observation(3, say("198.51.100.5:23/tcp"), "connect", "ok", say("connected; the peer said \\xff\\xfb\\x01 login:")),
        observation(4, say("[2001:db8:100:1::8]:23/tcp"), "connect", say("no-answer"), say("30 of 30 probes without a reply")),
        observation(5, say("198.51.100.0/28"), "agent", "ok", say("1,048,560 ports, 6 open"), vantage=say("outside")),
        observation(6, say("mail"), "ssh-exec", say("identity"), say("host key SHA256:x is not the pinned one"), vantage="here"),
        observation(7, say("ws1"), "ssh-exec", "ok", say("alice:19000:0:99999"), vantage="here"),
        observation(8, say("intranet"), "ssh-exec", "ok", say("dana:20000:0:90"), vantage="here"),
    ]


def _seen(text: str, *ids: str) -> tuple[Evidence, ...]:
    return (Evidence(text, ids),)


def _proof(text: str, *ids: str) -> tuple[Witness, ...]:
    return (Witness(text, ids),)


def zones(say: Worded = str) -> Passages:
    """What passes a firewall, one way of it beyond the policy."""
    rows = (
        Passage(say("outside (out0)"), say("public (dmz0)"), (say("TCP 25, 53, 80, 119, 443; UDP 53"), say("ICMP"))),
        Passage(say("outside (out0)"), say("inside (in0)"), (say("TCP 23 over IPv6 only"),), beyond=True),
        Passage(
            say("public (dmz0)"), say("the firewall itself"), (say("TCP " + ", ".join(str(port) for port in range(7000, 7400))),)
        ),
    )
    return Passages(say("what may begin between the 3 zones of fw, by its ruleset"), ("o-000005",), rows)


def checks(say: Worded = str) -> list[tuple[PlannedCheck, Verdict]]:
    """Every verdict at least once; `say` may turn each text that comes from elsewhere into something worse."""
    echo = _proof(say("the outside echo answered on TCP 23 before and after"), "o-000001")
    quota = Compliant(
        say("each of 9 mailboxes has a limit of at most 1 GiB"),
        _seen(say("9 mailboxes: 5 MiB, probe 4 MiB"), "o-000002"),
        _proof(say("the list of mailboxes equals the directory"), "o-000002"),
    )
    telnet = Violated(
        say("198.51.100.5 answers on TCP 23; required: no public address lets telnet through (9.A.1)"),
        _seen(say("connected to 198.51.100.5:23, the peer asked for a login"), "o-000003"),
        echo,
    )
    waived = Waived(
        say("198.51.100.5 lets TCP 21 through; authorised as A-7 until 2026-12-31: payroll transfer"),
        say("Robin Hale, ITD"),
        date(2026, 12, 31),
        _seen(say("connected to 198.51.100.5:21"), "o-000003", "o-000004"),
        echo,
    )
    tcp = Compliant(
        say("6 open ports, all within e-mail, newsgroups and the public web"),
        (*_seen(say("25 on mail, 119 on news, 80 and 443 on www, 53 on dns"), "o-000005"), zones(say)),
        echo,
    )
    password = Violated(
        say("ws1: alice may keep her password for 99999 days; required: at most 90 (10.D)"),
        _seen(say("shadow entry of alice"), "o-000007", "o-009999"),
    )
    rows: list[tuple[str, str, Verdict]] = [
        ("3.H/quota-set", "mail", quota),
        ("3.H/full-cannot-receive", "probe@city.example", NotRun()),
        ("3.I/limit-advertised", "mail", Unproven(say("mail: the host key is not the pinned one, nothing was sent to it"), _seen(say("host key mismatch"), "o-000006"))),
        ("9.A.1/telnet-blocked", "public-ipv4", telnet),
        ("9.A.1/telnet-blocked", "public-ipv6", Unproven(say("none declared"))),
        ("9.A.1/ftp-blocked", "public-ipv4", waived),
        ("9.A.2/inbound-tcp", "public-ipv4", tcp),
        ("9.A.3/not-reachable", "intranet", NotApplicable(say("there is no Intranet server at this site"), say("Robin Hale, ITD"))),
        ("10.D/password-age", "ws1", password),
    ]  # fmt: skip
    return [(_planned(name, say(target)), verdict) for name, target, verdict in rows]


def _planned(name: str, target: str) -> PlannedCheck:
    return PlannedCheck(name, name.partition("/")[0], target, LAW.controls[name].vantage)


def facts(say: Worded = str, *, stopped: str = "", selection: str = "") -> RunFacts:
    return RunFacts(
        id="20261123T201500Z-3f9a1c07", started=STARTED, finished=FINISHED, inventory_sha256="ab" * 32, selection=selection,
        stopped=stopped, observations=8, observations_sha256="cd" * 32,
        versions={"ordinance": "0.1.0", "python": "3.11.2", "pytest": "9.2.0", say("policy"): say("1.7.1")},
    )  # fmt: skip


def make(say: Worded = str, *, law: Law = LAW, stopped: str = "", selection: str = "") -> Sample:
    """A run with every verdict."""
    rows = checks(say)
    results = build_results(
        facts(say, stopped=stopped, selection=selection),
        law=law, profile=PROFILE, inventory=replace(INVENTORY, city=say(INVENTORY.city)),
        plan=[planned for planned, _ in rows], verdicts={planned.key: verdict for planned, verdict in rows},
    )  # fmt: skip
    return Sample(results, observations(say))


def compliant(law: Law = LAW) -> Sample:
    """A run in which everything is compliant."""
    rows = [planned for planned, _ in checks()]
    verdict = Compliant("as it should be", _seen("what was seen", "o-000002"), _proof("the echo answered", "o-000001"))
    results = build_results(
        facts(), law=law, profile=PROFILE, inventory=INVENTORY, plan=rows, verdicts={planned.key: verdict for planned in rows}
    )
    return Sample(results, observations())
