"""9.A.1/no-smuggled-service over hand-written conversations: good, bad, and each way of not knowing."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from ordinance.judge.smuggled import no_smuggled_service
from ordinance.judge.verdict import Compliant, Unproven, Verdict, Violated
from ordinance.sight.perimeter import Answer, ConversationSighting, PortAnswer, Reply
from selftest.judge.perimeter_city import MAIL, NEWS, OPEN, PROFILE, UNUSED, WWW, answered, inventory, sweep, swept, talk, talks


def judged(seen: Any, said: Any) -> Verdict:
    return no_smuggled_service("public", seen, said, inventory(), PROFILE)


def test_ports_that_speak_something_else_are_compliant() -> None:
    verdict = judged(sweep(), talks())
    assert isinstance(verdict, Compliant), verdict.reason
    assert "speaks smtp and is mail" in " ".join(witness.text for witness in verdict.witnesses)


@pytest.mark.parametrize(
    ("port", "protocol", "name"),
    [(2323, "telnet", "telnet"), (23, "telnet", "telnet"), (25, "ftp", "FTP"), (80, "ftp", "FTP"), (443, "ftp", "FTP")],
)
def test_telnet_and_ftp_are_violations_on_any_port(port: int, protocol: str, name: str) -> None:
    seen = sweep(swept(WWW, answered(OPEN, port)))
    verdict = judged(seen, talks(talk(WWW, port, protocol)))
    assert isinstance(verdict, Violated), verdict.reason
    assert verdict.breaches == (f"{WWW}:{port}/tcp",)
    assert f"speaks {name}" in verdict.reason


def test_a_violation_stands_whatever_else_is_unknown() -> None:
    said = talks(talk(MAIL, 25, "ftp"), talk(NEWS, 119, "silent"))
    assert isinstance(judged(sweep(), said), Violated)


@pytest.mark.parametrize("protocol", ["", "silent", "closed", "unknown", "tls"])
def test_a_port_of_which_nobody_knows_what_it_speaks_is_unproven(protocol: str) -> None:
    verdict = judged(sweep(), talks(replace(talk(NEWS, 119, "nntp"), protocol=protocol)))
    assert isinstance(verdict, Unproven), verdict.reason
    assert f"what {NEWS} port 119 speaks is not known" in verdict.reason


def test_an_open_port_that_nobody_talked_to_is_unproven() -> None:
    seen = sweep(swept(UNUSED, answered(OPEN, 8080)))
    verdict = judged(seen, talks())
    assert isinstance(verdict, Unproven)
    assert "8080 is open and was not talked to" in verdict.reason


def test_more_open_ports_than_were_talked_to_are_unproven() -> None:
    left = PortAnswer(ports=((1, 9),), reply=Reply(answer=Answer.OPEN, by=WWW))
    verdict = judged(sweep(), replace(talks(), left_out=(left,)))
    assert isinstance(verdict, Unproven)
    assert "too many are open" in verdict.reason


def test_a_sweep_that_did_not_see_all_is_unproven() -> None:
    seen = sweep()
    broken = replace(seen, certificate=replace(seen.certificate, complete=False, why_incomplete="it ended"))
    assert isinstance(judged(broken, talks()), Unproven)


def test_without_a_service_that_says_who_it_is_nothing_is_proven() -> None:
    nobody = ConversationSighting(
        vantage="outside", conversations=tuple(replace(t, identities=()) for t in talks().conversations)
    )
    verdict = judged(sweep(), nobody)
    assert isinstance(verdict, Unproven)
    assert "no known service" in verdict.reason


def test_a_group_that_is_not_there_is_unproven() -> None:
    assert isinstance(no_smuggled_service("nobody", sweep(), talks(), inventory(), PROFILE), Unproven)
