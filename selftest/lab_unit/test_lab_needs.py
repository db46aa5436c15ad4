"""What the machine lacks is said with the command that puts it right."""

import pytest

from ordinance.errors import UsageError
from ordinance.lab import needs


@pytest.fixture
def ordinary_user(monkeypatch, tmp_path):
    """An ordinary user named pat, with every program and a range of ids."""
    monkeypatch.setattr(needs, "rootless", lambda: True)
    monkeypatch.setattr(needs.getpass, "getuser", lambda: "pat")
    monkeypatch.setattr(needs.os, "getuid", lambda: 1000)
    monkeypatch.setattr(needs, "tool", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(needs, "_ID_TABLES", (tmp_path / "subuid", tmp_path / "subgid"))
    monkeypatch.setattr(needs, "_APPARMOR", tmp_path / "apparmor")
    for table in ("subuid", "subgid"):
        (tmp_path / table).write_text("someone:100000:65536\npat:165536:65536\n")
    return tmp_path


def test_root_needs_no_user_namespace(monkeypatch):
    monkeypatch.setattr(needs, "rootless", lambda: False)
    assert needs.user_namespace() == []


def test_an_ordinary_user_gets_one_with_all_ids(ordinary_user):
    assert needs.user_namespace() == ["/usr/bin/unshare", "--user", "--map-root-user", "--map-auto", "--"]


def test_a_range_may_be_given_by_number(ordinary_user):
    (ordinary_user / "subuid").write_text("1000:165536:65536\n")
    assert needs.user_namespace()


@pytest.mark.parametrize("table", ["subuid", "subgid"])
@pytest.mark.parametrize("text", [None, "", "patricia:100000:65536\n"])
def test_an_ordinary_user_without_a_range_is_told_how_to_get_one(ordinary_user, table, text):
    path = ordinary_user / table
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(UsageError, match=rf"{table} gives pat no range of ids: `usermod --add-subuids"):
        needs.user_namespace()


def test_a_machine_that_forbids_user_namespaces_is_told_apart(ordinary_user):
    (ordinary_user / "apparmor").write_text("1\n")
    with pytest.raises(UsageError, match="forbids user namespaces to ordinary users"):
        needs.user_namespace()
    (ordinary_user / "apparmor").write_text("0\n")
    assert needs.user_namespace()


@pytest.mark.parametrize(("program", "package"), [("newuidmap", "uidmap"), ("ip", "iproute2"), ("mmdebstrap", "mmdebstrap")])
def test_a_missing_program_is_said_with_its_package(monkeypatch, program, package):
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(needs, "_ADMIN", "/nowhere")
    with pytest.raises(UsageError, match=f"needs the program '{program}': apt-get install {package}"):
        needs.tool(program)
