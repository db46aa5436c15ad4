"""Rulesets for tests: nft's own text is loaded in an empty network namespace and listed by nft, never written as JSON by hand."""

from ipaddress import ip_address
from subprocess import run

from ordinance.proof import fields
from ordinance.proof.read.nft import read_nft
from ordinance.proof.walk import Walk

FORWARD = "table inet t {{\n{declared}\nchain f {{ type filter hook forward priority 0; policy drop;\n{rules}\n}}\n}}\n"


def listed(text):
    """What nft lists of a ruleset, as JSON."""
    script = "nft -f - && nft -j list ruleset"
    done = run(["unshare", "-n", "sh", "-c", script], input=text, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def ruleset(text):
    return read_nft(listed(text), "fw.nft")


def forward(rules, declared="", before=""):
    """A ruleset whose only chain is a forward chain that drops what its rules do not accept."""
    return ruleset(before + FORWARD.format(rules=rules, declared=declared))


def outcome(rules, hook="forward"):
    return Walk([rules]).path(rules, hook)


PLAIN = {"l4ok": 1, "thdr": 1, "ct": fields.CT_STATES["new"], "flags": 2, "sport": 40000}


def packet(source, target, proto=6, dport=0, iif="eth0", oif="eth1", **more):
    """A packet as a point of the space."""
    return {
        **PLAIN,
        "saddr": fields.ip_range(ip_address(source))[0],
        "daddr": fields.ip_range(ip_address(target))[0],
        "family": 0 if ip_address(source).version == 4 else 1,
        "l4proto": proto,
        "dport": dport,
        "iif": fields.interface(iif)[0],
        "oif": fields.interface(oif)[0] if oif else 0,
        **more,
    }


def fate(of, point):
    """ "passes", "blocked", or "unknown"."""
    may, must = of.space.holds(of.may, point), of.space.holds(of.must, point)
    return "passes" if must else "unknown" if may else "blocked"
