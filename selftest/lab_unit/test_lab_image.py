"""The image: what names it, where its packages come from, and what is said when something is missing."""

import pytest

from ordinance.errors import UsageError
from ordinance.lab import image
from ordinance.lab.image import cache_directory, ensure_image, image_key, read_packages
from ordinance.lab.mirrors import sources

DEB822 = "Types: deb\nURIs: http://mirror.test/debian\nSuites: bookworm bookworm-updates\nComponents: main\n"


def test_the_package_list_is_sorted_without_comments_and_doubles(tmp_path):
    (tmp_path / "p").write_text("# a list\nzsh   # a shell\n\npostfix\nzsh\n")
    assert read_packages(tmp_path / "p") == ("postfix", "zsh")


def test_an_empty_package_list_is_an_error(tmp_path):
    (tmp_path / "p").write_text("# nothing\n")
    with pytest.raises(UsageError, match="names no package"):
        read_packages(tmp_path / "p")


def test_the_image_is_named_by_what_is_in_it(monkeypatch):
    assert image_key(["a", "b"]) == image_key(("a", "b"))
    assert image_key(["a"]) != image_key(["b"])
    before = image_key(["a"])
    monkeypatch.setattr(image, "_OPTIONS", ("--variant=apt",))
    assert image_key(["a"]) != before


def test_the_cache_is_where_the_user_wants_it(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_directory() == tmp_path / "ordinance"


def test_a_ready_image_is_used_without_building(monkeypatch, tmp_path):
    monkeypatch.delenv("ORDINANCE_IMAGE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(image, "rootless", lambda: False)
    monkeypatch.setattr(image, "_build", lambda *_: pytest.fail("built although it is there"))
    (tmp_path / "packages.txt").write_text("postfix\n")
    ready = tmp_path / "cache/ordinance" / f"image-{image_key(['postfix'])}"
    ready.mkdir(parents=True)
    assert ensure_image(tmp_path) == ready


def test_an_image_that_is_named_must_be_one(monkeypatch, tmp_path):
    monkeypatch.setenv("ORDINANCE_IMAGE", str(tmp_path))
    with pytest.raises(UsageError, match="no unpacked Debian root"):
        ensure_image(tmp_path)
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/env").touch()
    assert ensure_image(tmp_path) == tmp_path


def test_a_missing_builder_is_said_with_its_package(monkeypatch, tmp_path):
    monkeypatch.delenv("ORDINANCE_IMAGE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("ordinance.lab.needs._ADMIN", "/nowhere")
    monkeypatch.setenv("PATH", "/nowhere")
    (tmp_path / "packages.txt").write_text("postfix\n")
    with pytest.raises(UsageError, match="apt-get install mmdebstrap"):
        ensure_image(tmp_path)


@pytest.fixture
def apt(tmp_path):
    folder = tmp_path / "apt"
    (folder / "sources.list.d").mkdir(parents=True)
    return folder


@pytest.mark.parametrize(
    ("name", "text", "own"),
    [
        ("debian.sources", DEB822, True),
        ("debian.sources", DEB822.replace("bookworm bookworm-updates", "trixie"), False),
        ("ubuntu.sources", DEB822.replace("bookworm bookworm-updates", "noble noble-updates"), False),
        ("debian.list", "deb [arch=amd64 signed-by=/k.gpg] http://mirror.test/debian bookworm main\n", True),
        ("debian.list", "# deb http://mirror.test/debian bookworm main\n", False),
        ("debian.list", "deb-src http://mirror.test/debian bookworm main\n", False),
        ("other.list", "deb https://packages.test/apt sdk-bookworm main\n", False),
        ("mixed.list", "deb http://m.test/debian bookworm main\ndeb https://packages.test/apt sdk main\n", False),
    ],
)
def test_the_machines_own_sources_count_when_they_are_debians(apt, tmp_path, name, text, own):
    file = apt / "sources.list.d" / name
    file.write_text(text)
    keyring = tmp_path / "keyring.gpg"
    keyring.touch()
    found = sources(tmp_path, apt, keyring)
    assert found == [str(file)] if own else found == [str(tmp_path / "debian.list")]


def test_updates_alone_are_no_release(apt, tmp_path):
    (apt / "sources.list").write_text("deb http://security.test/ bookworm-security main\n")
    keyring = tmp_path / "keyring.gpg"
    keyring.touch()
    assert sources(tmp_path, apt, keyring) == [str(tmp_path / "debian.list")]


def test_debians_mirror_is_not_used_unchecked(apt, tmp_path):
    with pytest.raises(UsageError, match="apt-get install debian-archive-keyring"):
        sources(tmp_path, apt, tmp_path / "absent.gpg")
