"""The proof of what is loaded: read as an auditor reads it, from what nft and iptables-save print."""

from __future__ import annotations

from ordinance.errors import DataError
from ordinance.proof.gate import differences
from ordinance.proof.read import nft
from ordinance.proof.read.iptables import read_iptables
from selftest.proof.kernel.bed import Bed
from selftest.proof.kernel.model import Proof
from selftest.proof.kernel.trial import Refused

PROGRAM = ("nft", "--debug=netlink", "list", "ruleset")
RELOAD = ("sh", "-c", "nft flush ruleset && nft -j -f - && exec nft --debug=netlink list ruleset")


def read_nft(bed: Bed) -> Proof:
    """The ruleset of nft. Errors: Refused, where nft dies over its own listing or the proof will not read it."""
    said = bed.run("fw", "nft", "-j", "list", "ruleset")
    if said.status != 0:
        raise Refused("nft cannot list it")
    if differences(bed.must("fw", *PROGRAM), bed.run("twin", *RELOAD, stdin=said.out).out):
        raise Refused("the gate")
    try:
        return Proof(nft.read_nft(said.out, "ruleset"))
    except DataError as error:
        raise Refused(str(error)) from None


def read_saved(bed: Bed) -> Proof:
    """The tables of iptables-nft, both families."""
    v4, v6 = (bed.must("fw", f"{name}-save") for name in ("iptables", "ip6tables"))
    try:
        return Proof(read_iptables(v4, v6))
    except DataError as error:
        raise Refused(str(error)) from None
