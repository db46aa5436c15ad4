"""A host's files: secrets filled in, modes and owners set, everything old, links never followed."""

import os

import pytest

from ordinance.lab.city import Ownership
from ordinance.lab.errors import LabError
from ordinance.lab.hostfiles import HostFiles, hosts_file
from ordinance.lab.topofile import read_topology

NOW = 1_795_392_000.0  # 2026-11-23 00:00 UTC = day 20780 of shadow(5)
SECRETS = {"probe-password": "hunter2", "ca.pem": "-----BEGIN\nX\n-----END\n"}


@pytest.fixture
def root(tmp_path):
    place = tmp_path / "root"
    (place / "etc").mkdir(parents=True)
    (place / "etc/passwd").write_text(f"root:x:0:0::/root:/bin/sh\nvmail:x:{os.getuid()}:{os.getgid()}::/:/bin/sh\n")
    (place / "etc/group").write_text(f"root:x:0:\nvmail:x:{os.getgid()}:\n")
    return place


@pytest.fixture
def source(tmp_path):
    place = tmp_path / "source"
    (place / "etc/deep").mkdir(parents=True)
    return place


@pytest.fixture
def files(root):
    return HostFiles(root, SECRETS, NOW)


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        (b"plain", b"plain"),
        (b"p=@lab:probe-password@;", b"p=hunter2;"),
        (b"@lab:ca.pem@", b"-----BEGIN\nX\n-----END\n"),
        (b"@lab:day-0@:@lab:day-20@", b"20780:20760"),
        (b"user@lab.example and @lab: and @lab:@", b"user@lab.example and @lab: and @lab:@"),
        (b"\xff\x00@lab:probe-password@\xfe", b"\xff\x00hunter2\xfe"),
    ],
)
def test_secrets_and_days_are_filled_in(files, source, text, filled):
    assert files.fill(text, source) == filled


def test_an_unknown_secret_is_said_with_its_line_and_what_there_is(files, source):
    with pytest.raises(LabError, match=r"source:3: the lab has no secret 'nope'; it has: ca.pem, probe-password"):
        files.fill(b"1\n2\n@lab:nope@\n", source)


def test_files_are_copied_with_plain_modes_and_are_old(files, root, source):
    (source / "etc/a").write_text("@lab:probe-password@")
    (source / "etc/a").chmod(0o664)
    (source / "etc/deep/run").write_text("#!/bin/sh\n")
    (source / "etc/deep/run").chmod(0o775)
    (source / "etc/link").symlink_to("a")
    files.copy_tree(source)
    assert (root / "etc/a").read_text() == "hunter2"
    assert (root / "etc/a").stat().st_mode & 0o7777 == 0o644
    assert (root / "etc/deep/run").stat().st_mode & 0o7777 == 0o755
    assert (root / "etc/link").readlink().name == "a"
    assert (root / "etc/a").stat().st_mtime == NOW - 3600


def test_a_link_in_the_image_is_replaced_and_not_followed(files, root, source, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    (root / "etc/resolv.conf").symlink_to(victim)
    (source / "etc/resolv.conf").write_text("nameserver 198.51.100.4\n")
    files.copy_tree(source)
    assert victim.read_text() == "untouched"
    assert not (root / "etc/resolv.conf").is_symlink()


def test_modes_and_owners_are_set_by_the_hosts_own_names(files, root, source):
    (root / "etc/secret").write_text("x")
    files.own({"etc/secret": Ownership(mode="0600", owner="vmail", group="vmail")}, source)
    status = (root / "etc/secret").stat()
    assert (status.st_mode & 0o7777, status.st_uid, status.st_gid) == (0o600, os.getuid(), os.getgid())


@pytest.mark.parametrize(
    ("path", "ownership", "said"),
    [
        ("etc/absent", Ownership(mode="0600"), "the host has no /etc/absent"),
        ("etc/passwd", Ownership(owner="nobody"), "the host's /etc/passwd has no 'nobody'"),
        ("etc/passwd", Ownership(group="staff"), "the host's /etc/group has no 'staff'"),
    ],
)
def test_ownership_that_cannot_be_set_is_said(files, source, path, ownership, said):
    with pytest.raises(LabError, match=said):
        files.own({path: ownership}, source)


def test_a_host_knows_its_own_name_only(tmp_path):
    (tmp_path / "t.yml").write_text(
        'domain: city.example\nnetworks: {dmz: {ipv4: 198.51.100.0/28, ipv6: "2001:db8:1::/64"}}\n'
        "hosts: {www: {nics: {eth0: {network: dmz, "
        'addresses: [198.51.100.8/28, 198.51.100.9/28, "2001:db8:1::8/64"]}}}}\n'
    )
    text = hosts_file(read_topology(tmp_path / "t.yml").hosts["www"], "city.example")
    assert text.splitlines() == [
        "127.0.0.1 localhost",
        "::1 localhost ip6-localhost ip6-loopback",
        "198.51.100.8 www.city.example www",
        "2001:db8:1::8 www.city.example www",
    ]
