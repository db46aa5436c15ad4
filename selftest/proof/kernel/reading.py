"""The proof of what is loaded: read as an auditor reads it, from what nft and iptables-save print."""

from __future__ import annotations

import subprocess

from ordinance.errors import DataError
from ordinance.proof.gate import differences
from ordinance.proof.read import nft
from ordinance.proof.read.iptables import read_iptables
from selftest.proof.kernel.bed import Bed
from selftest.proof.kernel.model import Proof
from selftest.proof.kernel.trial import Refused

PROGRAM = ("nft", "--debug=netlink", "list", "ruleset")
#: Devices by name and number, as any kind that this kernel can make, so that rules that name them are the same program.
RELOAD = """
while [ $# -gt 0 ]; do
    for kind in dummy bridge ifb; do ip link add name "$1" index "$2" type "$kind" 2>/dev/null && break; done
    shift 2
done
nft -j -f - && exec nft --debug=netlink list ruleset
"""


def reloaded(bed: Bed, listing: str) -> str:
    """The program that the listing makes in an empty namespace with fw's devices; "" if it cannot be loaded."""
    devices = [word for number, name in bed.devices for word in (name, str(number))]
    argv = ["unshare", "-n", "sh", "-c", RELOAD, "sh", *devices]
    return subprocess.run(argv, input=listing, capture_output=True, text=True, timeout=60, check=False).stdout


def read_nft(bed: Bed) -> Proof:
    """The ruleset of nft. Errors: Refused, where nft dies over its own listing or the proof will not read it."""
    said = bed.run("fw", "nft", "-j", "list", "ruleset")
    if said.status != 0:
        raise Refused("nft cannot list it")
    if differences(bed.must("fw", *PROGRAM), reloaded(bed, said.out)):
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
