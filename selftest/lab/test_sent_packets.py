"""A packet that a ruleset lets through is really sent where a vantage can, and what came back stands in the results."""

import json
from pathlib import Path

from test_plants import PLANTS, audit

from ordinance.lab.plants import plant

PROOF = "9.A.2/ruleset-proof"


def judged(lab, inventory: Path, reports: Path) -> tuple[str, str, list[str], set[str]]:
    """Verdict, reason and evidence of the proof of one audit; and what its look did beyond telling what it saw."""
    *_, said = audit(lab.name, inventory, reports, [PROOF])
    folder = reports / "latest"
    (check,) = json.loads((folder / "results.json").read_text())["checks"]
    assert check["control"] == PROOF, said
    lines = [json.loads(line) for line in (folder / "observations.jsonl").read_text().splitlines()]
    did = {line["action"] for line in lines if line.get("look") == "counterexamples"} - {"sighting"}
    return check["verdict"], check["reason"], [piece["text"] for piece in check["evidence"]], did


def test_what_came_back_of_the_packet_is_in_the_results(hold_city, small_inventory: Path, tmp_path: Path) -> None:
    lab = hold_city("sent").lab
    verdict, reason, _, did = judged(lab, small_inventory, tmp_path / "compliant")
    assert (verdict, did) == ("compliant", set()), reason

    plant(lab, PLANTS["telnet-for-a-source-no-vantage-has"])
    verdict, reason, evidence, _ = judged(lab, small_inventory, tmp_path / "source")
    assert verdict == "violated"
    why = "not sent: none of these packets comes from an address of the vantage outside (203.0.113.20, 2001:db8:ffff::20)"
    assert why in reason and why in evidence

    plant(lab, PLANTS["a-listener-nobody-declared"])
    verdict, reason, evidence, did = judged(lab, small_inventory, tmp_path / "open")
    assert verdict == "violated"
    answer = "sent from outside (203.0.113.20) to 198.51.100.8 tcp port 8443: open"
    assert answer in reason and answer in evidence
    assert did


def test_a_host_that_refuses_shows_that_the_packet_crossed(hold_city, small_inventory: Path, tmp_path: Path) -> None:
    lab = hold_city("refused").lab
    plant(lab, PLANTS["a-port-in-a-set"])
    _, reason, evidence, _ = judged(lab, small_inventory, tmp_path / "set")
    (answer,) = [text for text in evidence if text.startswith("sent from outside (203.0.113.20) to 198.51.100.8 tcp port 844")]
    assert "the host itself refused" in answer and answer.endswith("so it crossed")
    assert answer in reason
