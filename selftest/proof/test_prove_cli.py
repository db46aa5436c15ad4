"""`ordinance prove`: text, JSON and exit codes, for what is right and for what is not."""

import json
from datetime import date
from pathlib import Path

import pytest

from ordinance.cli import main
from ordinance.proving.policyfile import from_inventory

ROOT = Path(__file__).resolve().parents[2]
LAB = str(ROOT / "inventory" / "lab.yml")
RULES = str(ROOT / "lab" / "hosts" / "fw" / "root" / "etc" / "nftables.conf")
POLICY = """outside: [out0]
inbound:
  - {to: [198.51.100.5, "2001:db8:100:1::5"], protocol: tcp, ports: [25], why: SMTP on a mail gateway}
"""
CHAIN = "table inet t {{ chain f {{ type filter hook forward priority 0; policy drop;\n{0}\n}}\n{1}}}\n"
INPUT = "chain i { type filter hook input priority 0; policy drop; }\n"


@pytest.fixture
def files(tmp_path):
    def write(**texts):
        for name, text in texts.items():
            (tmp_path / name.replace("_", ".")).write_text(text)
        return tmp_path

    return write


def prove(capsys, *arguments):
    code = main(["prove", *map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_embedded_city_is_proved(capsys):
    code, out, _ = prove(capsys, RULES, "--inventory", LAB, "--outside", "out0")
    assert code == 0
    assert out.startswith(f"{RULES}: proved: of all packets from outside")
    assert "taken for granted: authorised as web-upload by Dana Whitfield, ITD Director until 2027-08-31" in out


def test_an_authorisation_ends_with_its_last_day():
    on, after = (from_inventory(Path(LAB), "default", date(2027, month, day)) for month, day in ((8, 31), (9, 1)))
    assert len(on.services) == len(after.services) + 1


def test_the_strict_profile_finds_the_web_and_the_zone(capsys):
    code, out, _ = prove(capsys, RULES, "--inventory", LAB, "--outside", "out0", "--profile", "strict", "--json")
    found = json.loads(out)
    assert (code, found["verdict"]) == (1, "violation")
    told = " ".join(region for group in found["groups"] for region in group["regions"])
    assert "port 80, 443 from any address to 198.51.100.8" in told
    assert "port 53 from any address to 2001:db8:100:1::3" in told
    assert found["counterexample"]["packet"]["destination"] in ("198.51.100.8", "198.51.100.3")


def test_a_candidate_that_opens_a_door_is_a_violation(capsys, files):
    folder = files(p_yml=POLICY, fw_nft=CHAIN.format("ip daddr 198.51.100.9 tcp dport 23 accept", INPUT))
    code, out, _ = prove(capsys, folder / "fw.nft", "--policy", folder / "p.yml")
    assert code == 1
    assert "a TCP packet from 192.0.2.7 port any to 198.51.100.9 port 23 (in by out0) is accepted by chain inet t f, rule" in out


def test_an_unknown_is_neither(capsys, files):
    folder = files(p_yml=POLICY, fw_nft=CHAIN.format("meta mark 1 tcp dport 23 accept", INPUT))
    code, out, _ = prove(capsys, folder / "fw.nft", "--policy", folder / "p.yml")
    assert (code, "cannot prove: a TCP packet" in out, '"meta mark 1"' in out) == (6, True, True)


def test_what_the_gate_refuses_is_never_proved(capsys, files):
    folder = files(p_yml=POLICY, fw_nft=CHAIN.format("ip saddr >= 10.0.0.1 ip daddr <= 10.0.0.9 drop", INPUT))
    code, out, _ = prove(capsys, folder / "fw.nft", "--policy", folder / "p.yml")
    assert code == 6
    assert "chain inet t f, rule handle 3: the kernel runs another program than the listing says" in out


def test_a_listing_that_crashes_nft_is_never_proved(capsys, files):
    folder = files(p_yml=POLICY, fw_nft=CHAIN.format("ip6 saddr < fd09::7 th sport > 1024 drop", INPUT))
    code, out, _ = prove(capsys, folder / "fw.nft", "--policy", folder / "p.yml")
    assert (code, "nft cannot list this ruleset" in out) == (6, True)


def test_iptables_save_is_read_in_both_families(capsys, files):
    save = "*filter\n:INPUT DROP [0:0]\n:FORWARD DROP [0:0]\n:OUTPUT ACCEPT [0:0]\n{0}COMMIT\n"
    smtp = save.format("-A FORWARD -d 198.51.100.5/32 -p tcp -m tcp --dport 25 -j ACCEPT\n")
    folder = files(p_yml=POLICY, rules_v4=smtp, rules_v6=save.format(""))
    code, out, _ = prove(capsys, folder / "rules.v4", "--ip6", folder / "rules.v6", "--policy", folder / "p.yml")
    assert (code, "proved" in out) == (0, True)
    code, out, _ = prove(capsys, folder / "rules.v4", "--policy", folder / "p.yml")
    assert code == 6, "nothing is known of IPv6"


def test_a_difference_is_told_in_packets(capsys, files):
    folder = files(
        a_nft=CHAIN.format("tcp dport 25 accept\ntcp dport 119 accept", ""),
        b_nft=CHAIN.format("tcp dport { 25, 563 } accept", ""),
        c_nft=CHAIN.format("tcp dport 119 accept\ntcp dport 25 counter accept", ""),
    )
    code, out, _ = prove(capsys, "--diff", folder / "a.nft", folder / "b.nft")
    assert code == 1
    assert "passes now: a TCP packet from 192.0.2.7 port any to 0.0.0.0 port 563" in out or "port 563 passes now" in out
    assert "port 119 passed and is blocked now (forward)" in out
    code, out, _ = prove(capsys, "--diff", folder / "a.nft", folder / "c.nft")
    assert (code, out) == (0, "the rulesets do the same to every packet\n")
    code, out, _ = prove(capsys, "--diff", folder / "a.nft", folder / "b.nft", "--json")
    assert {change["kind"] for change in json.loads(out)["changes"]} == {"passes now", "passes no more"}


def test_a_change_of_nat_is_a_difference(capsys, files):
    nat = "table ip n {{ chain p {{ type nat hook prerouting priority dstnat;\ntcp dport {0} dnat to 198.51.100.9:23;\n}}\n}}\n"
    folder = files(a_nft=nat.format(2525), b_nft=nat.format(2526))
    code, out, _ = prove(capsys, "--diff", folder / "a.nft", folder / "b.nft")
    assert (code, "for other packets than in" in out) == (1, True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", ": the file is empty"),
        ("Dear colleagues,\nplease find attached\n", ": the language of this ruleset is not recognised"),
        ("{", "fw.nft:1: "),
        ('{"nftables": [', "fw.nft:1: not JSON: expecting value"),
        (
            '{"nftables": [\n{"table": {"family": "ip", "name": "t"}},\n{"chain": {"family": "ip"}}]}',
            'fw.nft:3: a chain has no "table"',
        ),
        ('{"nftables": []} x', "fw.nft:1: "),
        ('{"other": 1}', 'fw.nft:1: is JSON, but does not begin with {"nftables": ['),
        ("[1,2]", "fw.nft:1: is JSON"),
        ('{"nftables": [7]}', "fw.nft:1: an object of the listing is not of the form"),
        ('{"nftables": [' + "[" * 100_000, "fw.nft:1: nested deeper than any ruleset"),
        ('{"nftables": [{"rule": ' + "9" * 5000 + "}]}", "fw.nft:1: not a number that a ruleset can have"),
        ('{"nftables": [{"rule": NaN}]}', "fw.nft:1: not a number that a ruleset can have"),
        ("table inet t {\n chain f {\n  tcp dprot 25 accept\n }\n}\n", "fw.nft:3: nft: syntax error"),
        ("table inet t {\n chain f { jump nowhere;\n }\n}\n", "fw.nft:2: nft: "),
        ("*filter\n:INPUT DROP [0:0]\n-A INPUT -p tcp --dport\nCOMMIT\n", "fw.nft:3: "),
    ],
)
def test_bad_input_is_told_with_its_line(capsys, files, text, says):
    folder = files(p_yml=POLICY, fw_nft=text)
    code, out, err = prove(capsys, folder / "fw.nft", "--policy", folder / "p.yml")
    assert (code, out) == (4, "")
    assert says in err


def test_circles_and_jumps_to_nowhere_are_bad_input(capsys, files):
    def listing(*targets):
        home = {"family": "ip", "table": "t"}
        rules = [{"rule": {**home, "chain": name, "expr": [{"jump": {"target": target}}]}} for name, target in targets]
        chains = [{"chain": {"family": "ip", "table": "t", "name": name}} for name, _ in targets]
        return json.dumps({"nftables": [*chains, *rules]})

    for targets, says in (((("a", "b"), ("b", "a")), "which leads back to"), ((("a", "z"),), "which is not in the ruleset")):
        folder = files(p_yml=POLICY, fw_json=listing(*targets))
        code, _, err = prove(capsys, folder / "fw.json", "--policy", folder / "p.yml")
        assert (code, says in err) == (4, True), err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["fw.nft"], "say what may come in"),
        (["fw.nft", "--policy", "p.yml", "--inventory", LAB], "say what may come in"),
        (["fw.nft", "--inventory", LAB], "say which interfaces face outside"),
        (["fw.nft", "--inventory", LAB, "--outside", "a-name-much-too-long"], "cannot be the name of an interface"),
        (["gone.nft", "--policy", "p.yml"], "gone.nft: cannot be read"),
        ([], "name one RULESET"),
        (["--diff", "fw.nft", "fw.nft", "--policy", "p.yml"], "by themselves"),
        (["fw.nft", "--policy", "bad.yml"], "bad.yml:2"),
    ],
)
def test_the_command_line_is_checked(capsys, files, monkeypatch, arguments, says):
    monkeypatch.chdir(files(p_yml=POLICY, fw_nft=CHAIN.format("", ""), bad_yml="inbound:\n  - {to: [nowhere]}\n"))
    code, _, err = prove(capsys, *arguments)
    assert code == 4
    assert says in err


def test_binary_and_foreign_bytes_are_bad_input(capsys, tmp_path, files):
    folder = files(p_yml=POLICY)
    for raw, says in (
        (b"table ip t {\n\xff\xfe}\n", "fw.nft:2: not UTF-8 text"),
        (b"table ip t {\n\0}\n", "fw.nft:2: has a NUL"),
    ):
        (tmp_path / "fw.nft").write_bytes(raw)
        code, _, err = prove(capsys, folder / "fw.nft", "--policy", folder / "p.yml")
        assert (code, says in err) == (4, True), err
