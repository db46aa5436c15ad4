"""Whatever bytes stand in a file, `ordinance prove` ends in time and with a documented exit code, and names what is no ruleset.

Files in every language are cut, mixed with each other and spoilt byte by byte. ORDINANCE_FUZZ=100000 makes a long run of it.
"""

from __future__ import annotations

import contextlib
import io
import os
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nft_rules import listed
from test_nft_fuzz import REAL

from ordinance.cli import main
from ordinance.proof.load import FORMATS
from selftest.proof.test_gate_iptables import ASKED
from selftest.proof.test_prove_cisco import ASA, IOS

EXAMPLES = int(os.environ.get("ORDINANCE_FUZZ", "1000")) // 10
FOREIGN = (
    "set firewall family inet filter F term T then accept\n",
    "config firewall policy\n edit 1\n set action accept\nend\n",
    "ipv4 access-list X\n 10 permit tcp any any\n",
    "pass in on egress proto tcp to port 25\nblock all\n",
    '<?xml version="1.0"?>\n<config><rule action="allow"/></config>\n',
    "防火墙规则 允许所有\nشرح القواعد\n",
    "%PDF-1.7\n%âãÏÓ\n",
)
BAD_INPUT, VERDICTS = 4, (0, 1, 6)
GIGANTIC = 3_000_000  #: characters
POLICY = 'outside: [eth0]\ninbound:\n  - {to: ["198.51.100.5"], protocol: tcp, ports: [25], why: SMTP}\n'


@pytest.fixture(scope="module")
def texts() -> list[bytes]:
    return [text.encode() for text in (listed(REAL), REAL, ASKED, ASA, IOS, *FOREIGN)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("prove")
    (folder / "policy.yml").write_text(POLICY)
    return folder


def proved(place: Path, raw: bytes, *more: str) -> tuple[int, str]:
    (place / "rules").write_bytes(raw)
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        code = main(["prove", str(place / "rules"), "--policy", str(place / "policy.yml"), *more])
    return code, said.getvalue()


FUZZ = settings(
    max_examples=EXAMPLES, deadline=timedelta(seconds=60), suppress_health_check=list(HealthCheck), derandomize=EXAMPLES <= 1000
)


@FUZZ
@given(data=st.data())
def test_files_that_are_cut_mixed_and_spoilt(texts: list[bytes], place: Path, data: st.DataObject) -> None:
    raw = bytearray(data.draw(st.sampled_from(texts)))
    for _ in range(data.draw(st.integers(0, 4))):
        at, end = sorted(data.draw(st.integers(0, len(raw))) for _ in range(2))
        other = data.draw(st.sampled_from(texts))
        first = data.draw(st.integers(0, len(other)))
        raw[at : min(end, at + 400)] = data.draw(st.one_of(st.binary(max_size=6), st.just(other[first : first + 200])))
    forced = data.draw(st.sampled_from(["", *FORMATS]))
    code, said = proved(place, bytes(raw), *(["--format", forced] if forced else []))
    assert code in (BAD_INPUT, *VERDICTS)
    assert code != BAD_INPUT or f"{place}/rules" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("text", FOREIGN, ids=[text.split("\n")[0] for text in FOREIGN])
def test_another_language_is_bad_input_and_its_line_is_named(place: Path, text: str, name: str) -> None:
    code, said = proved(place, text.encode(), "--format", name)
    assert code == BAD_INPUT
    assert f"{place}/rules:1: " in said or f"{place}/rules: no access list and no interface is in it" in said


@pytest.mark.parametrize("text", FOREIGN, ids=[text.split("\n")[0] for text in FOREIGN])
def test_another_language_is_not_taken_for_one_that_is_read(place: Path, text: str) -> None:
    code, said = proved(place, text.encode())
    assert code == BAD_INPUT
    assert f"{place}/rules: " in said
    assert "--format" in said


@pytest.mark.parametrize("unit", ["[", "x", "\n", "permit ip any any\n", "\0", "-A FORWARD -j ACCEPT\n", "iif {"])
def test_a_gigantic_file_of_one_thing_is_bad_input(place: Path, unit: str) -> None:
    code, said = proved(place, (unit * (GIGANTIC // len(unit))).encode())
    assert code == BAD_INPUT
    assert f"{place}/rules:" in said
