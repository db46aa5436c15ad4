"""A gentle sweep over three nights: each asks its part, is sealed, and stands beside the earlier ones in the report."""

import json
import re

import pytest
import yaml
from test_plants import audit

from ordinance.record.seal import is_sealed

INBOUND = "9.A.2/inbound-tcp"
WWW = "198.51.100.8"
#: Two minutes a run hold 29 of the 64 blocks of ports of it, a server of the Intranet and the echo: the whole takes three runs.
PACE = {"per_host": 50_000, "total": 50_000, "sweep_minutes": 2}
NIGHTS, MOST, ALL = 3, 5, 100.0
SHARE = re.compile(r"(\d+) of 131070 ports \(([\d.]+) %\) are known about, tonight's part and earlier nights together")


@pytest.fixture
def paced(small_inventory, tmp_path):
    """The city with one public address, one of the Intranet, and little time for each sweep."""
    data = yaml.safe_load(small_inventory.read_text())
    data["public"] = [{"name": "public-ipv4", "addresses": [WWW]}]
    data["services"] = [s for s in data["services"] if s["address"] == WWW or "outside" not in s["seen_from"]]
    data["echo"] = ["203.0.113.7"]
    data["pace"] = PACE
    for site in data["intranet"]:
        site["addresses"] = site["addresses"][:1]
    path = tmp_path / "paced.yml"
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    return path


def told(reports):
    """The verdict of the newest run, its reason, and every sentence of its evidence."""
    (check,) = json.loads((reports / "latest" / "results.json").read_text())["checks"]
    return check["verdict"], check["reason"], [item["text"] for item in check["evidence"]]


def test_three_nights_cover_what_one_may_not_ask(hold_city, paced, tmp_path):
    lab, reports = hold_city("nights").lab, tmp_path / "reports"
    shares = []
    while not shares or (shares[-1] < ALL and len(shares) < MOST):
        _, _, said = audit(lab.name, paced, reports, [INBOUND])
        verdict, why, evidence = told(reports)
        shares.append(next(float(found[2]) for text in evidence if (found := SHARE.search(text))))
        assert is_sealed((reports / "latest").resolve()), said
        if shares[-1] < ALL:
            assert verdict == "unproven", said
            assert "never asked to any effect" in why
    assert len(shares) == NIGHTS, shares
    assert shares == sorted(shares)
    assert verdict == "compliant", why
    assert sum("within a day: asked ports" in text for text in evidence) == 2, evidence
    assert sum(text.startswith("tonight: asked ports") for text in evidence) == 1
