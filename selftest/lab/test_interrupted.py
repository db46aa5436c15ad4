"""A run that is stopped in the middle, in whatever way, says so: never a result that looks compliant, and nothing left behind."""

import os
import re
import shutil
import signal
from pathlib import Path

import pytest
from census import wait_for
from suite_run import agents

from ordinance.lab import state
from ordinance.lab.place import base_directory

#: The sweep, and one look that is soon done.
SWEEP = ("--control", "9.A.2/inbound-tcp")
QUICK = ("--control", "10.D/password-age")
#: Most seconds from the signal to the end of the process, and from there until nothing is left; a quiet machine needs one or two.
SOON = 20.0
GONE = 10.0


def verdicts(run):
    return {check["verdict"] for check in run.results()["checks"]}


def assert_says_incomplete(run):
    """Everything that can be read of the run."""
    told = run.results()["run"]
    assert (told["status"], told["headline"], told["exit_code"]) == ("incomplete", "incomplete", 2)
    assert "INCOMPLETE" in run.report()
    assert "Compliant:" not in run.report()
    assert "INCOMPLETE" in run.said
    assert "Traceback" not in run.said


def assert_works(run):
    code, _ = run.ended(60.0)
    assert code == 0, run.said
    assert verdicts(run) == {"compliant"}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "sigterm"])
def test_a_run_stopped_in_the_middle_of_the_sweep_is_incomplete_and_leaves_nothing(suite, number):
    run = suite(*SWEEP)
    run.until_sweeping()
    census = run.census()
    # a terminal sends Ctrl-C to the whole group, `kill` sends SIGTERM to one process
    (os.killpg if number == signal.SIGINT else os.kill)(run.process.pid, number)
    code, _ = run.ended(SOON)
    assert code == 2, run.said
    assert_says_incomplete(run)
    assert verdicts(run) == {"not-run"}
    assert census.left_after(GONE) == []


def test_ctrl_c_while_the_city_boots_is_incomplete_and_leaves_nothing(suite):
    run = suite(*QUICK)
    directory = base_directory() / f"audit-{run.process.pid}"
    run.until((directory / "starter.json").exists)
    os.killpg(run.process.pid, signal.SIGINT)
    code, _ = run.ended(SOON)
    assert code == 2, run.said
    assert_says_incomplete(run)
    assert wait_for(lambda: not directory.exists(), GONE)


def test_a_city_that_was_up_stays_up_but_the_agents_end(suite, hold_city):
    lab = hold_city().lab
    run = suite(*SWEEP, lab=lab.name)
    run.until_sweeping()
    run.process.send_signal(signal.SIGINT)
    code, _ = run.ended(SOON)
    assert code == 2, run.said
    assert wait_for(lambda: not agents(lab, "outside"), GONE)
    assert lab.alive()


def test_a_run_killed_outright_leaves_the_marker_and_no_city_and_the_next_run_works(suite):
    run = suite(*SWEEP)
    run.until_sweeping()
    census = run.census()
    run.process.kill()
    run.ended(SOON)
    latest = run.reports / "latest"
    assert latest.is_file()
    assert latest.read_text().startswith("INCOMPLETE\n")
    assert not list(run.reports.glob("*/results.json"))
    assert census.left_after(GONE) == []
    again = suite(*QUICK)
    assert_works(again)
    assert latest.is_symlink()


def test_a_city_that_dies_in_the_middle_ends_the_run_incomplete(suite, hold_city):
    held = hold_city()
    run = suite(*SWEEP, *QUICK, lab=held.name)
    run.until_sweeping()
    os.kill(held.lab.init.pid, signal.SIGKILL)
    code, _ = run.ended(SOON)
    assert code == 2, run.said
    assert_says_incomplete(run)
    assert run.results()["run"]["incomplete_because"] == "the embedded city ended in the middle of the run"
    inbound = {check["verdict"] for check in run.results()["checks"] if check["control"] == "9.A.2/inbound-tcp"}
    assert inbound <= {"unproven", "not-run"}


def test_what_was_settled_before_the_interruption_is_kept_in_an_incomplete_run(suite):
    run = suite("tests/hosts", "tests/firewall/test_inbound.py", *SWEEP, *QUICK)
    run.until(lambda: "test_inbound.py" in run.said)  # it waits for the sweep; the accounts are settled
    run.process.send_signal(signal.SIGINT)
    code, _ = run.ended(SOON)
    assert code == 2, run.said
    assert_says_incomplete(run)
    told = {check["verdict"]: check["control"] for check in run.results()["checks"]}
    assert told == {"compliant": "10.D/password-age", "not-run": "9.A.2/inbound-tcp"}


def test_a_vantage_that_falls_silent_in_the_middle_of_the_sweep_leaves_it_unproven(suite, hold_city):
    # a link that is cut says no goodbye: without a bound of ours TCP would wait for a quarter of an hour
    held = hold_city()
    run = suite(*SWEEP, lab=held.name)
    run.until_sweeping()
    link = held.lab.exec("outside", ["sh", "-c", "ip -o -4 address | awk '/172.31.255/ {print $2}'"]).stdout.decode().strip()
    assert held.lab.exec("outside", ["ip", "link", "set", link, "down"]).returncode == 0
    code, _ = run.ended(60.0)
    assert code == 6, run.said
    assert verdicts(run) == {"unproven"}


def test_a_vantage_that_dies_in_the_middle_of_the_sweep_leaves_it_unproven(suite, hold_city):
    held = hold_city()
    run = suite(*SWEEP, lab=held.name)
    run.until_sweeping()
    os.kill(held.lab.pid_of("outside"), signal.SIGKILL)
    code, _ = run.ended(60.0)
    assert code == 6, run.said
    assert verdicts(run) == {"unproven"}


def test_the_state_file_of_a_dead_city_does_not_hinder_a_run(suite, hold_city):
    held = hold_city()
    written = (held.lab.directory / state.STATE_FILE).read_bytes()
    held.end()
    held.lab.directory.mkdir(exist_ok=True)
    (held.lab.directory / state.STATE_FILE).write_bytes(written)
    run = suite(*QUICK, lab=held.name)
    assert_works(run)
    assert "started for this run" in run.said


def test_nothing_that_is_said_is_lost_in_a_file(suite):
    # the first lines wait in a buffer; written while pytest captures, they would go where nobody reads
    run = suite(*QUICK)
    assert_works(run)
    assert "test session starts" in run.said.splitlines()[0]
    assert "looking at the embedded city, started for this run" in run.said
    assert re.search(r"^tests/hosts/test_accounts.py \.+", run.said, re.MULTILINE)


@pytest.mark.parametrize("place", ["a file", "not to be made"])
def test_reports_that_cannot_be_kept_are_a_usage_error_and_nothing_is_sent(suite, tmp_path, place):
    reports = tmp_path / "reports.txt" if place == "a file" else Path("/proc/reports")
    if place == "a file":
        reports.write_text("kept\n")
    run = suite(*QUICK, reports=reports)
    code, _ = run.ended(SOON)
    assert code == 4, run.said
    assert f"the reports folder {reports} cannot be used" in run.said
    assert "give another folder" in run.said
    assert "Traceback" not in run.said
    assert run.lab is None


def test_reports_that_vanish_in_the_middle_are_incomplete(suite):
    run = suite(*QUICK)
    run.until_looking()
    shutil.rmtree(run.reports)
    code, _ = run.ended(60.0)
    assert code == 2, run.said
    assert "could not be published" in run.said
    assert not (run.reports / "latest" / "results.json").exists()
