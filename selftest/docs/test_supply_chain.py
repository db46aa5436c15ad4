"""What is installed is pinned, hashed, little, used, free to use, and listed; what says so is made from the lock."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from functools import cache
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from supply.advisories import FOUND, NOT_ASKED, judge
from supply.licences import COMPATIBLE, LICENCES
from supply.lock import PROJECT, PYTHONS, ROOT, needed, read
from supply.requirements import text as requirements_text
from supply.sbom import text as sbom_text

PROJECT_TABLE = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCK = read()
EXTRAS = tuple(LOCK[PROJECT].extras)
MOST = 15  #: packages at run time in the core
PUBLIC_INDEX = {
    "https://pypi.org",
    "https://files.pythonhosted.org",
}  #: what uv writes by default; anything else is somebody's own
STANDS_ON_AN_EXTRA = {"ordinance.observe.snmp", "ordinance.observe.backend"}


def installed() -> frozenset[str]:
    return frozenset[str]().union(*(needed(LOCK, python, extras=EXTRAS) for python in PYTHONS))


# pinned


def test_every_file_of_the_lock_has_its_sha256() -> None:
    packages = [package for package in LOCK.values() if package.name != PROJECT]
    assert len(packages) > MOST
    for package in packages:
        assert package.files, package.name
        for file in package.files:
            assert re.fullmatch(r"[0-9a-f]{64}", file.sha256), f"{package.name}: {file.name}"


def test_every_package_comes_from_the_public_index_and_from_nowhere_else() -> None:
    assert {tuple(package.source) for package in LOCK.values() if package.name != PROJECT} == {("registry",)}
    hosts = set(re.findall(r"https?://[^/\"\s]+", (ROOT / "uv.lock").read_text()))
    assert hosts == PUBLIC_INDEX


def test_the_lock_is_the_one_of_this_pyproject() -> None:
    for extra, wanted in (
        ("", PROJECT_TABLE["project"]["dependencies"]),
        *PROJECT_TABLE["project"]["optional-dependencies"].items(),
    ):
        names = {canonicalize_name(Requirement(text).name) for text in wanted}
        locked = LOCK[PROJECT].extras[extra] if extra else LOCK[PROJECT].needs
        assert {need["name"] for need in locked} == names
        for requirement in map(Requirement, wanted):
            assert LOCK[canonicalize_name(requirement.name)].version in requirement.specifier


def test_every_tool_of_the_set_up_is_pinned_and_hashed() -> None:
    listed = re.sub(r"(?m)^\s*#.*\n", "", (ROOT / "requirements-tools.txt").read_text())
    entries = listed.replace("\\\n", " ").splitlines()
    names = {re.fullmatch(r"([\w.-]+)==[\w.]+( ; [^;]+?)?(\s+--hash=sha256:[0-9a-f]{64})+\s*", entry) for entry in entries}
    assert None not in names
    assert {"tox", "uv"} <= {found[1] for found in names if found}


def test_building_the_project_fetches_nothing() -> None:
    build = PROJECT_TABLE["build-system"]
    assert build["build-backend"] == "uv_build"  # uv has its own built in, if the version fits
    pinned = re.search(r"^uv==([\d.]+)", (ROOT / "requirements-tools.txt").read_text(), re.M)
    assert pinned
    assert pinned[1] in Requirement(build["requires"][0]).specifier


# little


@pytest.mark.parametrize("python", PYTHONS)
def test_the_core_is_little(python: str) -> None:
    core = needed(LOCK, python)
    assert len(core) <= MOST, f"{len(core)} packages: {', '.join(sorted(core))}"


def test_what_is_needed_is_not_lost_by_the_counting() -> None:
    assert {"pytest", "pluggy", "paramiko", "bcrypt", "pynacl", "cffi", "jinja2", "markupsafe"} <= needed(LOCK, "3.13")
    assert needed(LOCK, "3.13", extras=("snmp",)) - needed(LOCK, "3.13") == {"pysnmp", "pyasn1"}
    assert "mypy" in needed(LOCK, "3.13", groups=("dev",)) - needed(LOCK, "3.13", extras=EXTRAS)


def test_an_audit_installs_no_tool_of_development() -> None:
    audit = re.search(r"\[testenv:audit\]\n((?:.+\n)+)", (ROOT / "tox.ini").read_text())
    assert audit
    assert re.search(r"(?m)^dependency_groups =$", audit[1])
    assert re.search(r"(?m)^no_default_groups = true$", audit[1])


# used


@cache
def _imported() -> frozenset[str]:
    """Distributions that src/ordinance imports by name."""
    owners = packages_distributions()
    found: set[str] = set()
    for path in (ROOT / "src" / "ordinance").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules = [node.module]
            found |= {canonicalize_name(owner) for module in modules for owner in owners.get(module.split(".")[0], ())}
    return frozenset(found)


@pytest.mark.parametrize(
    "name", sorted({need["name"] for needs in (LOCK[PROJECT].needs, *LOCK[PROJECT].extras.values()) for need in needs})
)
def test_every_dependency_is_used(name: str) -> None:
    assert name in _imported()


_CORE_ALONE = """
import importlib, pkgutil, sys
blocked, on_an_extra = set(sys.argv[1].split()), set(sys.argv[2].split())
class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in blocked:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Wall())
import ordinance
for module in pkgutil.walk_packages(ordinance.__path__, "ordinance."):
    if module.name in on_an_extra or module.name.endswith("__main__") or ".observe.sweep" in module.name:
        continue
    importlib.import_module(module.name)
from ordinance.observe.api import CouldNotLook
from ordinance.observe.extras import with_extra
for name, extra in (("snmp", "snmp"), ("backend", "testinfra")):
    try:
        with_extra("ordinance.observe." + name, extra)
    except CouldNotLook as missed:
        print(missed)
"""


# observe.sweep is not loaded here: it is for a vantage that has numpy, and runs there.
def test_the_core_works_alone_and_says_what_an_extra_would_bring() -> None:
    core = frozenset[str]().union(*(needed(LOCK, python) for python in PYTHONS)) | {PROJECT}
    owners = packages_distributions()
    blocked = {top for top, names in owners.items() if not core & {canonicalize_name(name) for name in names}} | {
        "invoke",
        "pycparser",
    }
    assert {"pysnmp", "pyasn1", "testinfra"} <= blocked
    argv = [sys.executable, "-c", _CORE_ALONE, " ".join(blocked), " ".join(STANDS_ON_AN_EXTRA)]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "tool: the package pysnmp is not installed here: it comes with ordinance[snmp]",
        "tool: the package testinfra is not installed here: it comes with ordinance[testinfra]",
    ]


# free to use


@pytest.mark.parametrize("name", sorted(installed()))
def test_a_licence_is_what_the_package_says_and_goes_with_ours(name: str) -> None:
    ours = re.split(r" (?:OR|AND) ", LICENCES[name])
    assert set(ours) <= COMPATIBLE
    about = distribution(name).metadata
    said = (about.get("License-Expression") or about.get("License") or "").strip()
    if said:
        assert LICENCES[name].removesuffix("-or-later") == said.removesuffix("-or-later")
    else:
        classifiers = " ".join(text for text in about.get_all("Classifier") or () if text.startswith("License"))
        texts = "".join(Path(str(file.locate())).read_text() for file in distribution(name).files or () if "LICENSE" in file.name)
        assert (
            ours[0].split("-")[0] in classifiers.replace("Apache Software", "Apache")
            or "Redistribution and use in source" in texts
        )


def test_no_licence_is_told_of_what_is_not_installed() -> None:
    assert set(LICENCES) == installed()


# listed


@pytest.mark.parametrize(
    ("name", "made"), [("requirements.txt", requirements_text), ("docs/sbom.cdx.json", sbom_text)], ids=["requirements", "sbom"]
)
def test_what_is_made_from_the_lock_is_up_to_date_and_names_no_host(name: str, made) -> None:
    text = (ROOT / name).read_text()
    assert text == made(read()), f"{name} is out of date: make it again by its module in supply/"
    assert not re.search(r"https?://|timestamp", text)


def test_the_bill_of_materials_is_whole() -> None:
    bill = json.loads((ROOT / "docs" / "sbom.cdx.json").read_text())
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.6", 1)
    assert {part["name"] for part in bill["components"]} == installed()
    assert {part["name"] for part in bill["components"] if part["scope"] == "required"} == needed(LOCK, "3.13")
    refs = {part["bom-ref"] for part in (*bill["components"], bill["metadata"]["component"])}
    assert len(refs) == len(bill["components"]) + 1
    assert {edge["ref"] for edge in bill["dependencies"]} == refs
    assert {to for edge in bill["dependencies"] for to in edge["dependsOn"]} == refs - {bill["metadata"]["component"]["bom-ref"]}
    for part in bill["components"]:
        assert part["purl"] == f"pkg:pypi/{part['name']}@{LOCK[part['name']].version}"
        assert part["licenses"]
        files = part["externalReferences"]
        assert any(file["url"].endswith(".whl") for file in files)
        assert all(re.fullmatch(r"[0-9a-f]{64}", file["hashes"][0]["content"]) for file in files)


# known vulnerabilities


@pytest.mark.parametrize(
    ("entries", "code", "words"),
    [
        ([{"name": "a", "version": "1", "vulns": []}], 0, "1 of 1 packages asked, 0 known"),
        ([{"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}], FOUND, "a 1: PYSEC-1; fixed in 2"),
        ([{"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": []}]}], FOUND, "fixed in no version yet"),
        ([{"name": "a", "skip_reason": "not found"}], NOT_ASKED, "does not know them: a"),
        ([{"name": "a", "version": "1", "vulns": []}, {"name": "b", "skip_reason": "x"}], NOT_ASKED, "1 of 2 packages asked"),
        ([], NOT_ASKED, "the list is empty"),
    ],
    ids=["clean", "vulnerable", "vulnerable, no fix", "unknown to the service", "one of two unknown", "nothing"],
)
def test_a_package_that_was_not_asked_for_is_not_called_sound(entries, code: int, words: str) -> None:
    got, lines = judge("list", entries)
    assert got == code
    assert words in "\n".join(lines)
