"""Use the door from the auditor's desk of a city, and print as JSON what came of each thing. Run as a program of its own."""

import json
import sys
import threading
import time
from collections import Counter
from ipaddress import ip_address
from pathlib import Path

from ordinance.inventory.load import load
from ordinance.lab import state
from ordinance.lab.ns import join_network
from ordinance.observe import snmp
from ordinance.observe.api import CouldNotLook, Deadline
from ordinance.observe.door import NetworkDoor
from ordinance.observe.memory import MemoryJournal
from ordinance.observe.protocols import dns, http, identify, imap, nntp, smtp

SYS_NAME = "1.3.6.1.2.1.1.5.0"
WHEN = "Mon, 23 Nov 2026 10:00:00 +0000"
OUTCOMES = {}
INVENTORY = load(Path(__file__).parents[2] / "inventory" / "lab.yml")
JOURNAL = MemoryJournal()


def seen(name):
    """Run the function below at once, and keep what it gives, or why it could not see."""

    def run(function):
        try:
            OUTCOMES[name] = function()
        except CouldNotLook as failure:
            OUTCOMES[name] = failure.reason.value

    return run


def main(lab_name):
    """Ask everything."""
    lab = state.find(lab_name)
    join_network(lab.pid_of("itd"))
    shared = NetworkDoor(INVENTORY, JOURNAL)
    door = shared.for_look("selftest")
    outside, here = door.at("outside"), door.at("here")
    connections(outside, shared)
    machines(door)
    agents(door)
    mail(door, here)
    others(outside, here)
    shared.close()
    secrets = [lab.secret(name).strip() for name in ("probe-password", "snmp-auth", "snmp-priv")]
    OUTCOMES["secrets in the journal"] = sum(secret in repr(JOURNAL.observations) for secret in secrets)
    sys.stdout.write(json.dumps(OUTCOMES))


def connections(outside, shared):
    """What becomes of connections through the vantage's sshd."""

    def reached(address, port, seconds=1.0):
        with outside.connect(ip_address(address), port, Deadline.after(seconds)):
            return "open"

    for name, address, port in (
        ("let through", "198.51.100.5", 25),
        ("let through v6", "2001:db8:100:1::5", 25),
        ("dropped", "198.51.100.5", 23),
        ("nobody there", "198.51.100.9", 25),
        ("out of scope", "192.0.2.1", 25),
    ):
        seen(name)(lambda address=address, port=port: reached(address, port))
    reasons = Counter()

    def one(port):
        try:
            reached("198.51.100.9", port)
        except CouldNotLook as failure:
            reasons[failure.reason.value] += 1

    threads = [threading.Thread(target=one, args=(2000 + number,)) for number in range(300)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    OUTCOMES["300 at once"] = dict(reasons)
    seen("after 300 dropped ones")(lambda: reached("198.51.100.5", 25))
    OUTCOMES["logins outside"] = sum(seen.action == "ssh-connect" for seen in JOURNAL.observations)
    shared.gate.switch.check()


def machines(door):
    """Commands, and testinfra."""
    seen("hostname")(lambda: door.host("fw").run(["hostname"], Deadline.after(5)).stdout.decode().strip())
    noise = ["python3", "-c", "import sys; sys.stderr.write('e' * 6000000)"]
    seen("6 MB of standard error")(lambda: len(door.host("outside").run(noise, Deadline.after(20)).stderr))
    mail_host = door.testinfra("mail")
    seen("testinfra")(
        lambda: [
            mail_host.user("root").uid,
            mail_host.file("/etc/passwd").mode,
            mail_host.check_output("printf %s", "a; $(id)"),
            "tcp://0.0.0.0:25" in mail_host.socket.get_listening_sockets(),
        ]
    )


def agents(door):
    """SNMP with the right and with wrong credentials."""
    fw = INVENTORY.hosts["fw"].snmp
    auth, priv = door.secret(fw.auth), door.secret(fw.priv)

    def as_who(*who, address=fw.address):
        return snmp.get(snmp.Who("3", *who, engine=fw.engine_id), address, fw.port, [SYS_NAME], Deadline.after(2.5))[SYS_NAME]

    seen("snmp v3")(lambda: door.snmp_get("fw", [SYS_NAME], Deadline.after(5))[0][SYS_NAME])
    seen("snmp v6")(lambda: as_who("audit", "authPriv", auth, priv, address=ip_address("2001:db8:100:ff::13")))
    seen("snmp without encryption")(lambda: door.snmp_get("fw", [SYS_NAME], Deadline.after(5), level="authNoPriv")[0])
    seen("snmp with nothing")(lambda: door.snmp_get("fw", [SYS_NAME], Deadline.after(5), level="noAuthNoPriv")[0])
    seen("snmp wrong key")(lambda: as_who("audit", "authPriv", "another-key", priv))
    seen("snmp unknown user")(lambda: as_who("nobody", "authPriv", auth, priv))
    for version in ("1", "2c"):
        seen(f"snmp v{version} public")(
            lambda version=version: door.snmp_get("fw", [SYS_NAME], Deadline.after(2), community="public", version=version)[0]
        )
    seen("snmp silent")(lambda: snmp.get(snmp.Who("2c", "public"), ip_address("10.20.0.60"), 162, [SYS_NAME], Deadline.after(2)))
    seen("snmp walk")(lambda: len(door.snmp_walk("fw", "1.3.6.1.2.1.2.2", Deadline.after(8))[0]) > 20)
    seen("snmp walk too long")(lambda: door.snmp_walk("fw", "1.3.6.1.2.1", Deadline.after(8), most=10))


def mail(door, here):
    """The probe mailbox: submission, IMAP, uploads beyond the limit."""
    box = INVENTORY.probe_mailbox
    ca = door.secret(box.ca).encode()
    message = smtp.message(box.address, box.address, "at the door", "door@city.example", WHEN, 100_000)

    def submitted():
        with here.connect(box.submission, box.submission_port, Deadline.after(20)) as dialogue:
            client = smtp.SmtpClient(dialogue)
            client.greeting()
            client.ehlo("itd.city.example")
            client.starttls(box.server_name, ca)
            client.ehlo("itd.city.example")
            client.login(box.user, door.secret(box.password))
            client.mail(box.address)
            client.rcpt(box.address)
            return client.data(message).code

    def too_big():
        with here.connect(box.gateway, box.gateway_port, Deadline.after(30)) as dialogue:
            client = smtp.SmtpClient(dialogue)
            client.greeting()
            client.ehlo("itd.city.example")
            client.mail("somebody@elsewhere.example")
            client.rcpt(box.address)
            return client.data(smtp.message("a@elsewhere.example", box.address, "big", "big@a.example", WHEN, 12 << 20)).code

    def mailbox():
        with here.connect(box.imap, box.imap_port, Deadline.after(20)) as dialogue:
            dialogue.start_tls(box.server_name, ca)
            client = imap.ImapClient(dialogue)
            client.greeting()
            client.login(box.user, door.secret(box.password))
            client.select()
            end = Deadline.after(10)  # Postfix queues before it delivers
            while not (uids := client.search("SUBJECT", "at the door")) and not end.passed:
                time.sleep(0.1)
            deleted = client.delete(uids).ok
            limits = [quota.storage_limit for quota in client.quota()]
            left = client.search("SUBJECT", "at the door")
            return [len(uids), deleted, len(left), limits]

    def wrong_name():
        with here.connect(box.imap, box.imap_port, Deadline.after(5)) as dialogue:
            dialogue.start_tls("www.city.example", ca)

    seen("submitted")(submitted)
    seen("mailbox")(mailbox)
    seen("12 MiB undeclared")(too_big)
    seen("another name's certificate")(wrong_name)


def others(outside, here):
    """News, the web, the zone, and what speaks where."""

    def greeted():
        with outside.connect(ip_address("198.51.100.6"), 119, Deadline.after(8)) as dialogue:
            client = nntp.NntpClient(dialogue)
            return [client.greeting().code, "READER" in client.capabilities(), client.quit().code]

    def spoken(address, port, expect):
        return identify.identify(outside, ip_address(address), port, Deadline.after(20), listen=3, expect=expect).protocol

    def page(port):
        found = http.fetch(outside, web, port, Deadline.after(8), host="www.city.example", tls=port == 443)
        return [found.status, b"Welcome to the City of Example" in found.body, found.complete]

    web, zone = ip_address("198.51.100.8"), ip_address("198.51.100.3")
    seen("news")(greeted)
    seen("web")(lambda: page(80))
    seen("web in TLS")(lambda: page(443))
    seen("name")(lambda: dns.query(outside, zone, "www.city.example", "A", Deadline.after(5)).answers[0].data)
    seen("transfer")(lambda: len(dns.transfer(outside, zone, "city.example", Deadline.after(5)).records))
    for address, port, expect in (
        ("198.51.100.5", 25, ""), ("198.51.100.6", 119, ""), ("198.51.100.8", 80, "http"), ("198.51.100.8", 443, "tls"),
        ("198.51.100.3", 53, "dns"), ("203.0.113.7", 4444, "http"),
    ):  # fmt: skip
        seen(f"port {port}")(lambda address=address, port=port, expect=expect: spoken(address, port, expect))
    seen("port 22")(lambda: identify.identify(here, ip_address("172.31.255.13"), 22, Deadline.after(9)).protocol)


if __name__ == "__main__":
    main(sys.argv[1])
