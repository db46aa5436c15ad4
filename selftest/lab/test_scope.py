"""What leaves the places we look from, counted by their kernels: nothing beyond scope and plan, no faster than the pace."""

import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from ipaddress import ip_address
from pathlib import Path

import pytest
import yaml
from census import wait_for
from suite_run import ROOT, agents
from wire import Wire, scope_of

from ordinance.inventory.load import load

#: Vantage -> the host it is. The desk is where the audit process itself looks from.
PLACES = {"here": "itd", "outside": "outside", "workstation": "ws1"}
#: One public host, so that sweeping every port takes seconds; a printer is planted on it.
WEB = ("198.51.100.8", "2001:db8:100:1::8")
DENIED = ("172.31.255.10", "2001:db8:100:ff::10")
PRINTER_PORT = 9100
LEAST_DECOY = 20_000


def narrowed(path, **changes):
    """The embedded city's inventory with one public host."""
    data = yaml.safe_load((ROOT / "inventory" / "lab.yml").read_text())
    data["public"] = [{"name": "public-ipv4", "addresses": [WEB[0]]}, {"name": "public-ipv6", "addresses": [WEB[1]]}]
    data["services"] = [s for s in data["services"] if s["address"] in WEB or "outside" not in s["seen_from"]]
    data |= changes
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    return path


@pytest.fixture(scope="module")
def watched(city):
    """The three places under watch; each has shown that it counts what is beyond the scope."""
    scope = scope_of(load(ROOT / "inventory" / "lab.yml"))
    swept = [ip_address(text) for text in (*WEB, "10.20.0.81", "2001:db8:100:2::81", "203.0.113.7", "2001:db8:ffff::7")]

    def begin(*, whole=True):
        wires = {name: Wire(city, host).watch(scope) for name, host in PLACES.items()}
        for name, wire in wires.items():
            for address in DENIED:
                wire.probe(address)
            assert wire.beyond() == len(DENIED), "the counter must count"
            wire.watch(scope, swept if whole and name == "outside" else ())
        return wires

    yield begin
    for host in PLACES.values():
        Wire(city, host).end()


# -- the plan is what is sent ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def printer(city):
    """A printer on the Internet server, let through by the firewall; it keeps what it is sent."""
    rule = f"nft insert rule inet city inbound tcp dport {PRINTER_PORT} accept comment printer"
    assert city.exec("fw", ["sh", "-c", rule]).returncode == 0
    count = (
        "nft add table inet printer; nft add counter inet printer written;"
        "nft add chain inet printer in '{ type filter hook input priority 0; }';"
        f"nft add rule inet printer in tcp dport {PRINTER_PORT} tcp flags '&' psh == psh counter name written"
    )
    assert city.exec("www", ["sh", "-c", count]).returncode == 0
    listener = (
        "import socket, os\n"
        f"server = socket.create_server(('::', {PRINTER_PORT}), family=socket.AF_INET6, dualstack_ipv6=True)\n"
        "if os.fork(): os._exit(0)\n"
        "os.setsid(); [os.dup2(os.open(os.devnull, os.O_RDWR), fd) for fd in range(3)]\n"
        "while True:\n"
        "    peer, _ = server.accept()\n"
        "    if os.fork() == 0:\n"
        "        while data := peer.recv(4096): open('/tmp/printed', 'ab').write(data)\n"
        "        os._exit(0)\n"
        "    peer.close()\n"
    )
    assert city.exec("www", ["python3", "-c", listener]).returncode == 0

    def written():
        counter = json.loads(city.exec("www", ["nft", "-j", "list", "counter", "inet", "printer", "written"]).stdout)
        return counter["nftables"][-1]["counter"]["packets"], city.exec("www", ["cat", "/tmp/printed"]).stdout

    yield written
    handle = "nft -a list chain inet city inbound | sed -n 's/.*printer.*# handle //p'"
    city.exec("fw", ["sh", "-c", f"nft delete rule inet city inbound handle $({handle})"])
    city.exec("www", ["sh", "-c", "nft delete table inet printer; rm -f /tmp/printed"])


@pytest.fixture(scope="module")
def audited(city, watched, printer, tmp_path_factory):
    """A whole audit of the narrowed inventory: the plan it printed, what left each place, and how it ended."""
    place = tmp_path_factory.mktemp("audited")
    inventory = narrowed(place / "one.yml")
    words = [sys.executable, "-m", "pytest", "--inventory", str(inventory), "--reports", str(place / "reports")]
    environment = {**os.environ, "ORDINANCE_LAB": city.name}
    plan = subprocess.run([*words, "--plan"], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True)
    wires = watched()
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=200, check=False)
    said = done.stdout + done.stderr
    results = json.loads((place / "reports" / "latest" / "results.json").read_text())
    assert results["run"]["status"] == "complete", said
    return plan.stdout, wires, results, place / "reports" / "latest"


def planned(text):
    """(vantage, address, transport) -> ports, None for one that is drawn by lot; and the swept addresses."""
    ports, swept, vantage = {}, set(), ""
    for line in text.partition("Would be contacted:")[2].splitlines():
        if header := re.match(r"  from (\S+)$", line):
            vantage = header[1]
        if not (row := re.match(r"    (\S+) (tcp|udp|tcp\+udp) (one random high port|[0-9][0-9, -]*)  ", line)):
            continue
        address = ip_address(row[1])
        if row[3] == "1-65535":
            swept.add(address)
            continue
        for transport in row[2].split("+"):
            named = {None} if row[3].startswith("one") else {int(port) for port in row[3].split(", ")}
            ports.setdefault((vantage, address, transport), set()).update(named)
    return ports, swept


def test_nothing_beyond_the_scope_leaves_in_a_whole_audit(audited):
    _, wires, results, _ = audited
    assert len(results["checks"]) > 20
    assert {name: wire.beyond() for name, wire in wires.items()} == dict.fromkeys(PLACES, 0)


def test_nothing_is_contacted_that_the_plan_does_not_name(audited):
    text, wires, _, _ = audited
    ports, _ = planned(text)
    unplanned, decoys = [], Counter()
    for vantage, wire in wires.items():
        for address, transport, port in wire.contacts():
            named = ports.get((vantage, address, transport), set())
            if port in named:
                continue
            if None in named and port >= LEAST_DECOY:
                decoys[vantage, address, transport] += 1
            else:
                unplanned.append((vantage, str(address), transport, port))
    # The printer is let through to every host: the plan says that such a packet is sent, not yet to whom.
    assert "lets through beyond the policy" in text
    found = {address for vantage, address, _, port in unplanned if (vantage, port) == ("outside", PRINTER_PORT)}
    assert len(found) <= 1
    rest = [one for one in unplanned if one[1] not in found or (one[3] != PRINTER_PORT and one[3] < LEAST_DECOY)]
    assert rest == []
    assert set(decoys.values()) <= {1}


def test_nothing_that_the_plan_names_is_left_out(audited):
    text, wires, _, _ = audited
    ports, swept = planned(text)
    assert {ip_address(address) for address in WEB} <= swept
    sent = {vantage: wire.contacts() for vantage, wire in wires.items()}
    missing = []
    for (vantage, address, transport), named in ports.items():
        if address in swept and vantage == "outside":
            continue  # counted as a whole below
        found = {port for there, how, port in sent[vantage] if there == address and how == transport}
        missing += [(vantage, str(address), transport, port) for port in named - found - {None}]
        if None in named and not any(port >= LEAST_DECOY for port in found):
            missing.append((vantage, str(address), transport, "decoy"))
    assert missing == []
    seen = wires["outside"].by_address()
    assert {address: seen.get(address, 0) >= 65_535 for address in swept} == dict.fromkeys(swept, True)


def test_a_printer_is_found_and_never_written_to(audited, printer, city):
    _, _, results, _ = audited
    told = [check["reason"] for check in results["checks"] if check["verdict"] == "violated"]
    assert any(f"{WEB[0]} port {PRINTER_PORT} is open" in reason for reason in told), "the printer must have been seen"
    assert printer() == (0, b"")
    text = f"import socket; s = socket.create_connection(('{WEB[0]}', {PRINTER_PORT})); s.sendall(b'control'); s.close()"
    assert city.exec("outside", ["python3", "-c", text]).returncode == 0
    assert wait_for(lambda: printer() == (1, b"control"), 5)


def test_the_journal_says_who_kept_the_scope(audited):
    records = [json.loads(line) for line in (audited[3] / "observations.jsonl").read_text().splitlines()]
    done = [record for record in records if record["action"] == "agent" and record["outcome"] == "ok"]
    jobs = [record["details"]["scope"] for record in done]
    assert jobs
    sent = [told for told in jobs if told != "this job sends nothing"]
    assert sent
    assert [told for told in sent if not ("by the vantage's kernel" in told and "stopped none" in told)] == []
    notes = {record["vantage"] for record in records if record["action"] == "scope"}
    assert notes == set(PLACES)


# -- pace and kill switch ----------------------------------------------------------------------------------------------------

PER_HOST, TOTAL = 30, 50
SAMPLE_SECONDS = 8.0
#: Controls that ask the firewall for its ruleset alone: they may be done before the run is stopped.
BY_RULESET = {"9.A.1/authorisations", "9.A.2/ruleset-proof", "9.A.2/saved-equals-running"}


def flows(wires):
    return sum(wire.begun() for wire in wires.values())


def busiest(wires):
    total = Counter()
    for wire in wires.values():
        total.update(wire.by_address())
    return total


@pytest.fixture(scope="module")
def stopped(city, watched, tmp_path_factory):
    """A paced run in the middle of its sweep, measured, then stopped by the file; and measured again."""
    place = tmp_path_factory.mktemp("paced")
    inventory = narrowed(place / "paced.yml", pace={"per_host": PER_HOST, "total": TOTAL})
    wires = watched(whole=False)
    words = [sys.executable, "-m", "pytest", "--inventory", str(inventory), "--reports", str(place / "reports")]
    wanted = ["--control", "9.A.1/*", "--control", "9.A.2/*", "--control", "9.A.3/*"]
    process = subprocess.Popen(
        [*words, *wanted], cwd=ROOT, env={**os.environ, "ORDINANCE_LAB": city.name}, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        wait_for(lambda: len(agents(city, "outside")) > 2, 60)  # the lanes of the sweep beside another job
        began, before, hosts = time.monotonic(), flows(wires), busiest(wires)
        time.sleep(SAMPLE_SECONDS)
        seconds, after = time.monotonic() - began, flows(wires)
        grown = busiest(wires)
        (place / "reports" / "STOP").touch()
        time.sleep(1.5)
        halted = flows(wires)
        said, _ = process.communicate(timeout=30)
        time.sleep(2.0)
        grown.subtract(hosts)
        rates = {address: count / seconds for address, count in grown.items()}
        yield (after - before) / seconds, rates, flows(wires) - halted, process.returncode, said, place / "reports"
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def test_all_looks_together_keep_to_the_pace_in_all(stopped):
    rate, _, _, _, _, _ = stopped
    assert 0.3 * TOTAL < rate <= 1.05 * TOTAL


def test_all_looks_together_keep_to_the_pace_of_each_host(stopped):
    _, rates, _, _, _, _ = stopped
    assert {str(address): rate for address, rate in rates.items() if rate > 1.05 * PER_HOST} == {}
    assert max(rates.values()) > 1


def test_after_the_kill_switch_nothing_is_sent_and_the_run_is_incomplete(stopped):
    _, _, later, code, said, reports = stopped
    assert later == 0
    assert code == 2, said
    results = json.loads((reports / "latest" / "results.json").read_text())
    assert "STOP is there" in results["run"]["incomplete_because"]
    looked = {check["control"] for check in results["checks"] if check["verdict"] == "compliant"}
    assert looked <= BY_RULESET, "what rests on the sweep was stopped in the middle of it"


def test_after_the_kill_switch_no_agent_is_left(stopped, city):
    assert stopped[3] == 2
    assert wait_for(lambda: not agents(city, "outside"), 5)


# -- the kernel's own lock ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fences(city):
    """What became of packets that the agent itself sent beyond the scope, past the check in the audit process."""
    program = Path(__file__).with_name("at_the_fence.py")
    environment = {**os.environ, "ORDINANCE_LAB": city.name, "ORDINANCE_KILL_SWITCH": "/nonexistent/STOP"}
    done = subprocess.run(
        [sys.executable, str(program), city.name], capture_output=True, text=True, timeout=60, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_packets_of_the_agent_beyond_the_scope_do_not_arrive_and_spoil_the_job(fences):
    assert fences["without the fence"]["arrived"] >= 2, "the counter must count"
    assert fences["behind the fence"] == {"arrived": 0, "outcome": "tool"}


def test_the_fence_lets_everything_in_scope_pass(fences):
    assert fences["in scope"] == {"echoed": [True] * 4, "kept": True}


def test_the_fence_is_gone_after_the_job_and_after_the_agent_was_killed(fences):
    assert fences["tables before"] == fences["tables after"]
    assert fences["tables while the agent runs"] == sorted([*fences["tables before"], "ordinance"])
    assert fences["tables after it was killed"] == fences["tables before"]
    assert fences["keepers left"] == 0


def test_a_vantage_without_nft_says_that_nothing_but_the_audit_process_keeps_the_scope(fences):
    assert "there is no nft" in fences["without nft"]
