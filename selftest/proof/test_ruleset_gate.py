"""The gate refuses every listing that is not the kernel's program, names the rule, and touches nothing of this machine."""

from subprocess import run

import pytest

from ordinance.proof import netns
from ordinance.proof.gate import differences, gate

CHAIN = "table inet t {{ chain f {{ type filter hook forward priority 0; policy drop;\n{0}\n}}\n}}\n"


def loaded(tmp_path, rules, text=CHAIN):
    path = tmp_path / "fw.nft"
    path.write_text(text.format(rules))
    return netns.load_text(path)


@pytest.mark.parametrize(
    "rules",
    [
        "tcp dport 25 accept",
        "tcp dport { 25, 119 } accept\nip saddr { 10.0.0.0/8, 192.168.0.0/16 } drop",
        "ip saddr . tcp dport { 10.0.0.0/24 . 1-5 } accept",
        "tcp dport vmap { 25 : accept, 119 : drop }",
        "iif lo accept\niif eth5 accept",
        'counter log prefix "x" limit rate 5/second accept comment "hi"',
        'meta hour "02:00"-"03:00" accept',
    ],
)
def test_a_faithful_listing_passes(tmp_path, rules):
    got = loaded(tmp_path, rules)
    assert gate(got.listing, got.program) == ()


def test_f4_two_tests_merged_into_one_are_refused_by_rule(tmp_path):
    got = loaded(tmp_path, "accept\nip saddr >= 10.0.0.1 ip daddr <= 10.0.0.9 accept")
    (why,) = gate(got.listing, got.program)
    assert why == "chain inet t f, rule handle 3: the kernel runs another program than the listing says"


def test_f5_a_listing_that_crashes_nft_is_no_listing(tmp_path):
    with pytest.raises(netns.NotListed):
        loaded(tmp_path, "ip6 saddr < fd09::7 th sport > 1024 accept")


@pytest.mark.parametrize(
    "rules",
    [
        "meta nfproto ipv4 meta l4proto tcp reject with tcp reset",
        "meta protocol ip6 tcp dport 25 reject with tcp reset",
        "ether type ip reject",
    ],
    ids=[
        "f9 a reset hides its family",
        "f9 a reset hides what protocol it is of",
        "f10 a reject hides the type of the frame",
    ],
)
def test_a_test_that_the_listing_leaves_out_is_refused_by_rule(tmp_path, rules):
    got = loaded(tmp_path, rules)
    (why,) = gate(got.listing, got.program)
    assert why == "chain inet t f, rule handle 2: the kernel runs another program than the listing says"


@pytest.mark.parametrize(
    "rules",
    ['iifname { "a*", "b" } accept', "ip daddr 10.0.0.1 jump { tcp dport 25 accept; }"],
    ids=["f6 names lost", "f7 anonymous chain"],
)
def test_a_listing_that_cannot_be_loaded_again_is_refused(tmp_path, rules):
    got = loaded(tmp_path, rules)
    (why,) = gate(got.listing, got.program)
    assert why.startswith("the listing cannot be loaded again: ")


def test_f8_the_tables_of_iptables_are_refused():
    save = "*filter\n:FORWARD DROP [0:0]\n-A FORWARD -p tcp -m multiport --dports 25,119 -j ACCEPT\nCOMMIT\n"
    script = "iptables-nft-restore && nft -j list ruleset && echo '#####' && nft --debug=netlink list ruleset"
    done = run(["unshare", "-n", "sh", "-c", script], input=save, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    listing, program = done.stdout.split("#####")
    assert gate(listing, program)


def test_a_dormant_table_is_not_an_active_one(tmp_path):
    text = "table inet t {{ {0}\nchain f {{ type filter hook forward priority 0; policy drop; }}\n}}\n"
    dormant, active = loaded(tmp_path, "flags dormant;", text), loaded(tmp_path, "", text)
    assert differences(dormant.program, active.program)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("tcp dport 25 accept", "tcp dport 26 accept"),
        ("tcp dport { 25, 119 } accept", "tcp dport { 25, 120 } accept"),
        ("accept", "accept\naccept"),
        ("accept\naccept", "accept"),
    ],
)
def test_programs_that_differ_are_told_apart(tmp_path, ours, theirs):
    first, second = loaded(tmp_path, ours), loaded(tmp_path, theirs)
    assert "chain inet t f" in differences(first.program, second.program)[0]


def test_elements_of_named_sets_and_policies_count(tmp_path):
    text = (
        "table inet t {{ set s {{ type inet_service; elements = {{ {0} }}; }}\n"
        "chain f {{ type filter hook forward priority 0; policy {1};\ntcp dport @s accept; }}\n}}\n"
    )
    programs = []
    for elements, policy in (("25", "drop"), ("25, 119", "drop"), ("25", "accept")):
        path = tmp_path / "x.nft"
        path.write_text(text.format(elements, policy))
        programs.append(netns.load_text(path).program)
    assert "elements of inet t @s" in differences(programs[0], programs[1])[0]
    assert "policies" in differences(programs[0], programs[2])[0]
    assert differences(programs[0], programs[0]) == ()


def test_nothing_of_this_machine_is_touched(tmp_path):
    def own():
        return run(["nft", "list", "ruleset"], capture_output=True, text=True, check=True).stdout

    before = own()
    loaded(tmp_path, "tcp dport 25 accept", "flush ruleset\n" + CHAIN)
    assert own() == before


def test_without_a_namespace_nothing_is_loaded(monkeypatch, tmp_path):
    """A broken unshare(1) that stays where it is: the script notices and stops."""
    fake = tmp_path / "unshare"
    fake.write_text('#!/bin/sh\nshift\nexec "$@"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/sbin:/usr/bin:/sbin:/bin")
    with pytest.raises(netns.NoNamespace, match="apart from this machine's"):
        loaded(tmp_path, "tcp dport 25 accept")
    (why,) = gate('{"nftables": []}', "")
    assert why.startswith("the listing was not compared")
