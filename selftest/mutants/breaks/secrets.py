"""Secrets that get out, certificates that nobody looks at, cells that act."""

from __future__ import annotations

from selftest.mutants.mutant import Mutant

BREAKS = (
    Mutant(
        "secret-unlearnt",
        "a secret is hidden only once a look has used it",
        "observe/door.py",
        "        self.vault.learn(inventory)\n",
        "",
        "observe/test_secret.py",
    ),
    Mutant(
        "secret-cut",
        "what a cut has left of a secret stays",
        "observe/secret.py",
        "        raw = pieces_out(raw, self._needles, MARK.encode())\n",
        "",
        "observe/test_secret.py",
    ),
    Mutant(
        "secret-hex",
        "a secret in hex is not known",
        "observe/spelling.py",
        "raw.hex(), raw.hex().upper(), ",
        "",
        "observe/test_secret.py",
    ),
    Mutant(
        "secret-mark",
        "the word for a secret is taken for one",
        "observe/secret.py",
        "        value = str(value)  # of",
        "        # of",
        "observe/test_secret.py",
    ),
    Mutant(
        "certificate-by-name",
        "a certificate for who knows the Intranet's name is not asked for",
        "observe/looks/conversations.py",
        "(*spoken.tls.names, *by_name)",
        "spoken.tls.names",
        "observe/looks/test_conversations_look.py",
    ),
    Mutant(
        "certificate-refused",
        "a server that would not begin TLS has no certificate",
        "observe/protocols/upgrade.py",
        "    if way.unknown.match(answer):\n",
        "    if not way.yes.match(answer):\n",
        "observe/looks/test_conversations_look.py",
    ),
    Mutant(
        "certificate-of-news",
        "the certificate of a news server is not looked at",
        "observe/looks/conversations.py",
        "        if spoken.protocol in WAYS:\n",
        '        if spoken.protocol in WAYS and spoken.protocol != "nntp":\n',
        "observe/looks/test_conversations_look.py",
    ),
    Mutant(
        "csv-formula",
        "a cell may be a formula",
        "report/checks_csv.py",
        'return f"\'{shown}" if shown.startswith(_FORMULA) else shown',
        "return shown",
        "report/test_checks_csv.py",
    ),
    Mutant(
        "csv-incomplete",
        "an incomplete run has no line of its own",
        "report/checks_csv.py",
        'run.status != "complete" or ',
        "",
        "report/test_checks_csv.py",
    ),
)
