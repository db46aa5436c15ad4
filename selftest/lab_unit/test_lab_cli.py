"""The console script: exit codes, and errors as sentences."""

import pytest

from ordinance import cli
from ordinance.errors import UsageError
from ordinance.lab import cli as lab_cli
from ordinance.lab import place, run, state


@pytest.fixture(autouse=True)
def nothing_is_up(monkeypatch, tmp_path):
    monkeypatch.setattr(place, "base_directory", lambda: tmp_path)
    monkeypatch.delenv("ORDINANCE_LAB", raising=False)


def test_a_lab_that_is_not_up_has_a_status_of_its_own(capsys):
    assert cli.main(["lab", "status"]) == 3
    assert capsys.readouterr().out == "lab city: not up\n"


def test_the_environment_names_the_lab_and_the_option_wins(monkeypatch, capsys):
    monkeypatch.setenv("ORDINANCE_LAB", "town")
    cli.main(["lab", "status"])
    cli.main(["lab", "status", "--name", "village"])
    assert capsys.readouterr().out == "lab town: not up\nlab village: not up\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["exec", "mail", "--", "id"], "ordinance: the lab 'city' is not up; `ordinance lab up` starts it\n"),
        (["shell", "mail"], "ordinance: the lab 'city' is not up; `ordinance lab up` starts it\n"),
        (["exec", "mail", "--"], "ordinance: no command given: ordinance lab exec HOST -- CMD...\n"),
        (["status", "--name", "A B"], "ordinance: 'A B' is no name for a lab"),
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_exit_code_4(capsys, words, said):
    assert cli.main(["lab", *words]) == 4
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(said)


def test_a_lab_that_was_not_up_is_down(capsys):
    assert cli.main(["lab", "down"]) == 0
    assert capsys.readouterr().out == "lab city: was not up\n"


def test_a_start_that_fails_is_a_sentence_and_exit_code_4(monkeypatch, capsys):
    def fails(*_, **__):
        raise UsageError("the lab needs the program 'ip': apt-get install iproute2")

    monkeypatch.setattr(run, "up", fails)
    assert cli.main(["lab", "up"]) == 4
    assert capsys.readouterr().err == "ordinance: the lab needs the program 'ip': apt-get install iproute2\n"


def test_the_command_becomes_the_one_in_the_host(monkeypatch):
    class Lab:
        def enter(self, host, argv):
            return ["/bin/in", host, *argv]

    became = []
    monkeypatch.setattr(state, "running", lambda _: Lab())
    monkeypatch.setattr(lab_cli.os, "execv", lambda path, argv: became.append((path, argv)))
    cli.main(["lab", "exec", "mail", "--", "ls", "--", "-l"])
    assert became == [("/bin/in", ["/bin/in", "mail", "ls", "--", "-l"])]


@pytest.mark.parametrize("words", [[], ["lab"], ["lab", "fly"], ["lab", "up", "--what"]])
def test_no_such_command_is_argparses_exit_code(words, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert ended.value.code == 2


def test_the_host_keys_can_be_pinned(capsys):
    assert cli.main(["lab", "hostkeys"]) == 0
    keys = dict(line.split(" ", 1) for line in capsys.readouterr().out.splitlines())
    assert keys["mail"].startswith("ssh-ed25519 AAAA")
    assert len(set(keys.values())) == len(keys)
