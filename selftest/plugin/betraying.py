"""An audit that uses every secret there is, and a mail server that misbehaves once it has been told one."""

from __future__ import annotations

import contextlib
import hashlib
import ssl
import time
from pathlib import Path

from selftest.observe.sshd import make_key
from selftest.plugin.canaries import Hunt, spellings

PASSWORD = b"""Tr0ub4dor&3 +/"<x>'y%z"""
AUTH, PRIV = b"authentic&phrase/4711+?", b"private&phrase/0815+?"
HASH = b"$6$saltsalt$abcdefghijklmnopqrstuvwxyz0123456789./ABCDEFGHIJ"
ENGINE, OTHER_ENGINE = "80001f8804666f6f", "80001f8804626172"


def private_key(name: str) -> tuple[bytes, tuple[bytes, ...]]:
    """An OpenSSH key file, and the texts that give it away: its seed and the lines that hold it."""
    text = make_key(name)[1].encode()
    lines = [line for line in text.splitlines()[2:-1] if len(line) > 30]
    return text, (hashlib.sha256(name.encode()).digest(), *lines)


LOGIN_KEY, LOGIN_WORDS = private_key("user")  # whom the SSH server lets in
REFUSED_KEY, REFUSED_WORDS = private_key("nobody's")
SIGNING_KEY, SIGNING_WORDS = private_key("signing")
SECRETS = {
    "mailbox password": (PASSWORD,), "SSH key": LOGIN_WORDS + REFUSED_WORDS, "SNMP authentication": (AUTH,),
    "SNMP privacy": (PRIV,), "signing key": SIGNING_WORDS, "password hash": (HASH,),
}  # fmt: skip
HUNT = Hunt.of(SECRETS)

INVENTORY = """
city: {{name: Testville, timezone: UTC}}
all:
  hosts:
    dept:
      accounts: [dana]
      ansible_host: 127.0.0.1
      ansible_port: {ssh}
      ansible_user: audit
      ssh_key: file:key
      host_keys: ["{host_key}"]
      snmp: {{address: 127.0.0.1, port: {snmp}, user: audit, auth: "env:CANARY_AUTH", priv: "file:priv", engine_id: "{engine}"}}
vantages:
  here: {{zone: management}}
scope: {{allow: [127.0.0.1/32]}}
pace: {{per_host: 500, total: 500}}
probe_mailbox:
  address: probe@city.example
  user: probe
  password: file:password
  gateway: 127.0.0.1
  gateway_port: {smtp}
  submission: 127.0.0.1
  submission_port: {smtp}
  imap: 127.0.0.1
  imap_port: {imap}
  server_name: mail.example
  ca: file:ca
  second_recipient: probe2@city.example
  byte_budget: 1000000
"""
#: The look uses everything there is a secret for, and then fails in the way that is asked for.
CONFTEST = """
import os, resource, signal, sys, time
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
from pathlib import Path
from ordinance import plugin  # registers the looks
from ordinance.inventory import leaves
from ordinance.observe.api import LOOKS, CouldNotLook, Deadline, LookContext
from ordinance.observe.mail import box, session
from ordinance.observe.mail.ways import submission
from ordinance.sight.accounts import AccountsSighting, HostAccounts
from ordinance.suite import sighting

def note_children(event, arguments):
    # a child would be given the environment, and what is secret in it
    if event in ("subprocess.Popen", "os.fork", "os.posix_spawn", "os.system"):
        Path("children").open("a").write(f"{event} {arguments[:2]}\\n")

sys.addaudithook(note_children)
leaves._ODD = ()  # the peers are on loopback, where no inventory may send an audit
box.SESSION_SECONDS = session.SESSION_SECONDS = 2.0

def by_ssh(context):
    said = context.door.host("dept").run(["cat", os.environ["SAID"]], Deadline.after(4))
    return said.stdout.decode("utf-8", "backslashreplace")

def by_snmp(context):
    return context.door.snmp_get("dept", ["1.3.6.1.2.1.1.5.0"], Deadline.after(1.6))

def by_imap(context):
    with box.opened(session.Post.of(context), box.Seen()) as client:
        client.append("INBOX", b"x")

def by_smtp(context):
    post = session.Post.of(context)
    return session.confer(post, submission(context.inventory, post.mailbox), lambda client, trace: client.rset())

def a_look(context: LookContext) -> AccountsSighting:
    told, kept = [], {}
    for act in (by_ssh, by_snmp, by_imap, by_smtp):
        try:
            kept[act.__name__] = act(context)
            told.append(str(kept[act.__name__]))
        except CouldNotLook as missed:
            told.append(str(missed))
    probe = context.inventory.probe_mailbox
    words = [str(context.door.secret(ref)) for ref in (probe.password, context.inventory.hosts["dept"].snmp.auth)]
    print("what is at hand:", words, file=sys.stderr)
    if os.environ["FAILS"] == "by a crash":
        raise RuntimeError(f"{told} with {words} of {Path(os.environ['SAID']).read_text(errors='replace')}")
    if os.environ["FAILS"] == "by a full disk":
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, 1))
    if os.environ["FAILS"] == "by an interruption":
        Path("used").touch()
        time.sleep(60)
    name = context.door.note(vantage="here", target="dept", action="note", outcome="ok", seen=" ".join([*told, *words]))
    people = HostAccounts(host="dept", today=20000, people=(), root_seen=True, pass_max_days=60, observations=(name,),
        clock_skew=0.5, unseen=" ".join([*told, *words]))
    return AccountsSighting(hosts=(people,))

LOOKS["accounts"] = a_look
accounts = sighting("accounts")
"""


class MailServer:
    """Offers TLS and a login; what it does once the password came is its way."""

    def __init__(self, certificate_file: Path, way: str, *, tls_first: bool) -> None:
        self.heard = b""
        self._way, self._tls_first = way, tls_first
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate_file)

    def __call__(self, connection) -> None:
        with contextlib.suppress(ssl.SSLError, OSError):
            if self._tls_first:
                self._serve(self._context.wrap_socket(connection, server_side=True), b"* OK hello\r\n")
            else:
                self._serve(connection, b"220 mail.example ESMTP\r\n")

    def _serve(self, connection, greeting: bytes) -> None:
        connection.sendall(greeting)
        held = b""
        while data := connection.recv(4096):
            held += data
            while b"\r\n" in held:
                line, _, held = held.partition(b"\r\n")
                if line == b"STARTTLS":
                    connection.sendall(b"220 go on\r\n")
                    self._serve(self._context.wrap_socket(connection, server_side=True), b"")
                    return
                connection.sendall(self._reply(line, connection))

    def _reply(self, line: bytes, connection) -> bytes:
        if any(word in line for word in (b" LOGIN ", b"AUTH ")):
            self.heard += line
            return self._to_a_login(line, connection)
        if self._tls_first:
            return line.split(b" ")[0] + b" OK done\r\n"
        return b"250-mail\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n" if line.startswith(b"EHLO") else b"250 fine\r\n"

    def _to_a_login(self, line: bytes, connection) -> bytes:
        start = line.split(b" ")[0] + b" NO " if self._tls_first else b"535 "
        if self._way == "silent":
            time.sleep(3)
        if self._way in ("silent", "cut off"):
            connection.close()
            return b""
        if self._way == "said back":
            return start + b" | ".join([line, *spellings(PASSWORD).values()]) + b"\r\n"
        return start + b"no\r\n"
