"""The city's folder: where it is looked for, and what must be in it."""

from pathlib import Path

import pytest

from ordinance.errors import DataError, UsageError
from ordinance.lab.city import Ownership, city_folder, read_city

TOPOLOGY = """\
domain: city.example
networks:
  dmz: {ipv4: 198.51.100.0/28, ipv6: "2001:db8:1::/64"}
hosts:
  www: {nics: {eth0: {network: dmz, addresses: [198.51.100.8/28]}}}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.delenv("ORDINANCE_CITY", raising=False)
    (tmp_path / "lab/hosts/www").mkdir(parents=True)
    (tmp_path / "lab/topology.yml").write_text(TOPOLOGY)
    (tmp_path / "lab/hosts/www/rc").write_text("true\n")
    return tmp_path / "lab"


def test_the_environment_names_the_folder(folder, monkeypatch):
    monkeypatch.setenv("ORDINANCE_CITY", str(folder))
    assert city_folder() == folder


def test_a_named_folder_without_a_topology_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setenv("ORDINANCE_CITY", str(tmp_path))
    with pytest.raises(UsageError, match=r"there is no topology\.yml in it"):
        city_folder()


def test_the_checkout_around_the_current_directory_is_taken(folder, monkeypatch):
    deep = folder.parent / "some" / "where"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert city_folder() == folder


def test_else_the_packages_own_checkout_is_taken(tmp_path, monkeypatch):
    monkeypatch.delenv("ORDINANCE_CITY", raising=False)
    monkeypatch.chdir(tmp_path)
    assert city_folder() == Path(__file__).parents[2] / "lab"


def test_modes_are_read_with_or_without_the_leading_slash(folder):
    (folder / "hosts/www/modes.yml").write_text('/etc/secret: {mode: "0640", group: www-data}\nvar/spool: {owner: nobody}\n')
    assert read_city(folder).modes["www"] == {
        "etc/secret": Ownership(mode="0640", group="www-data"),
        "var/spool": Ownership(owner="nobody"),
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/etc/x: {mode: 0640}\n", "octal"),
        ('/etc/x: {mode: "0680"}\n', "is not octal"),
        ("/etc/x: {user: root}\n", 'unknown key "user"'),
        ("- /etc/x\n", "a list"),
    ],
)
def test_each_mistake_in_the_modes_is_said(folder, text, said):
    (folder / "hosts/www/modes.yml").write_text(text)
    with pytest.raises(DataError, match=said):
        read_city(folder)


def test_a_host_without_a_start_script_is_said(folder):
    (folder / "hosts/www/rc").unlink()
    with pytest.raises(DataError, match="www has no start script"):
        read_city(folder)


def test_a_folder_without_a_host_is_said(folder):
    (folder / "hosts/wwww").mkdir()
    with pytest.raises(DataError, match=r"wwww: no host of the topology has this name"):
        read_city(folder)
