"""Frames of the raw engine behind the vantage's kernel: the router counts what goes out of the scope, and counts none."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from selftest.observe.sweep.field import SCOPE, Field, four, job, six

BROKEN = str(Path(__file__).with_name("broken_permit.py"))
#: Two addresses of the range that the scope leaves out, one of either family.
OUTSIDE4, OUTSIDE6 = four(16)[9], six(16)[9]
NARROW = {"allow": SCOPE["allow"], "deny": [*SCOPE["deny"], f"{OUTSIDE4}/32", f"{OUTSIDE6}/128"]}
COUNT = f"""
    table inet beyond {{
      chain pre {{ type filter hook prerouting priority -450;
        iifname f0 ip daddr {OUTSIDE4} counter; iifname f0 ip6 daddr {OUTSIDE6} counter;
        iifname f0 ip daddr {four(1)[0]} counter; iifname f0 ip6 daddr {six(1)[0]} counter; }}; }}"""


def told(net: Field, asked: dict[str, Any], program: str = BROKEN) -> dict[str, Any]:
    """Run the agent at the vantage; its last line."""
    words = net.enter("out", sys.executable, program)
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(json.dumps({"seconds": 60, **asked}) + "\n")
    process.stdin.flush()
    lines = list(process.stdout)
    process.stdin.close()
    process.stdout.close()
    process.wait(10)
    return dict(json.loads(lines[-1]))


def beyond(net: Field) -> list[int]:
    """Packets at the router: out of scope by IPv4 and IPv6, in scope by both."""
    listed = json.loads(net.sh("fw", "nft", "-j", "list", "table", "inet", "beyond"))["nftables"]
    rules = [item["rule"]["expr"] for item in listed if "rule" in item]
    return [part["counter"]["packets"] for rule in rules for part in rule if "counter" in part]


def wide(addresses: list[str], **more: Any) -> dict[str, Any]:
    canaries = [[address, 25, 1] for address in (four(1)[0], six(1)[0]) if address in addresses]
    return job(addresses=addresses, canaries=canaries, canaries_per_round={"4": 50, "6": 50}, last_port=400, **more)


ASKED = [four(1)[0], OUTSIDE4, six(1)[0], OUTSIDE6]


@pytest.mark.parametrize("asked", [ASKED[:2], ASKED[2:], ASKED], ids=["IPv4", "IPv6", "both"])
def test_with_a_broken_permit_the_kernel_lets_no_frame_out_of_the_scope(net: Field, asked: list[str]) -> None:
    net.also(COUNT)
    last = told(net, wide(asked, scope=NARROW))
    four_out, six_out, four_in, six_in = beyond(net)
    assert (four_out, six_out) == (0, 0)
    # it ends at the first frame that was stopped: of two families one may not have had its turn
    assert four_in or six_in, f"the router must have counted what is in scope; the agent said: {last}"
    assert "outside the scope were stopped on the way out" in last["error"]


def test_without_the_fence_they_would_have_gone(net: Field) -> None:
    """The permit is broken indeed, and the counter counts."""
    net.also(COUNT)
    told(net, wide(ASKED, scope=None))
    four_out, six_out, *_ = beyond(net)
    assert four_out >= 400 and six_out >= 400


def test_what_is_in_scope_passes_and_is_counted_frame_by_frame(net: Field) -> None:
    last = net.agent(wide([four(1)[0], six(1)[0]], scope=NARROW))
    assert last["engine"] == "raw"
    assert last["fence"]["up"] is True
    assert last["fence"]["passed"] >= last["probes"] > 0
    assert last["fence"]["stopped"] == 0


def test_the_permit_itself_refuses_the_job_before_a_frame_is_made(net: Field) -> None:
    net.also(COUNT)
    with pytest.raises(AssertionError, match="outside the scope of this job"):
        net.agent(wide(ASKED, scope=NARROW))
    assert beyond(net)[:2] == [0, 0]


def test_the_rules_go_with_the_agent(net: Field) -> None:
    net.agent(wide([four(1)[0]], scope=NARROW))
    assert "ordinance" not in net.sh("out", "nft", "list", "tables")


def test_where_the_kernel_cannot_hold_frames_the_result_says_so(net: Field, tmp_path: Path) -> None:
    """An nft that knows no egress hook, as before Linux 5.16."""
    script = tmp_path / "nft"
    script.write_text(
        '#!/bin/sh\n[ "$1" = -i ] || exec /usr/sbin/nft "$@"\nexec sh -c "grep -v --line-buffered egress | /usr/sbin/nft -i"\n'
    )
    script.chmod(0o755)
    program = tmp_path / "old_kernel.py"
    program.write_text(
        f"import sys\nfrom ordinance.observe.agent import fence\nfence.PATHS = {str(tmp_path)!r} + ':' + fence.PATHS\n"
        "from ordinance.observe.agent.main import main\nsys.exit(main())\n"
    )
    last = told(net, wide([four(1)[0]], scope=NARROW), str(program))
    assert last["engine"] == "raw"
    assert last["fence"]["up"] is False
    assert "hooked no egress" in last["fence"]["why"]
