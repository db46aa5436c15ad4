"""The program that is sent to vantages: one zip, always the same bytes, the agent and the raw engine and nothing else."""

from __future__ import annotations

import ast
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ordinance.observe import shipping
from ordinance.observe.shipping import argv, digest, pack, request, zipapp

HELD = zipfile.ZipFile(io.BytesIO(zipapp()))
PARTS = {name: HELD.read(name) for name in HELD.namelist()}
AGENT = [name for name in PARTS if name.startswith("ordinance/observe/agent/")]


def imported(text: bytes) -> set[str]:
    tree = ast.parse(text)
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names | {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def test_it_holds_the_agent_and_the_raw_engine_and_nothing_more() -> None:
    where = {name.rpartition("/")[0] for name in PARTS}
    assert where == {"", "ordinance", "ordinance/observe", "ordinance/observe/agent", "ordinance/observe/sweep"}
    assert {name for name in PARTS if name.count("/") < 3} == {
        "__main__.py",
        "ordinance/__init__.py",
        "ordinance/observe/__init__.py",
    }
    assert "ordinance/observe/agent/call.py" not in PARTS
    assert {"ordinance/observe/agent/main.py", "ordinance/observe/sweep/engine.py"} <= set(PARTS)


@pytest.mark.parametrize("name", AGENT)
def test_the_agent_is_python_3_7(name: str) -> None:
    ast.parse(PARTS[name], feature_version=(3, 7))


@pytest.mark.parametrize("name", [name for name in PARTS if name not in AGENT])
def test_the_raw_engine_is_python_3_9(name: str) -> None:
    ast.parse(PARTS[name], feature_version=(3, 9))


def test_it_imports_the_standard_library_and_what_it_holds() -> None:
    for name, text in PARTS.items():
        for module in imported(text):
            held = module.replace(".", "/") + ".py" in PARTS or module.replace(".", "/") + "/__init__.py" in PARTS
            known = held or module.partition(".")[0] in sys.stdlib_module_names
            assert known or (name, module[:5]) == ("ordinance/observe/sweep/arrays.py", "numpy"), (name, module)


def test_the_same_members_are_the_same_bytes() -> None:
    """Whatever the order, and whenever it is made: the name is the content."""
    assert pack({"b.py": "2", "a.py": "1"}) == pack({"a.py": "1", "b.py": "2"})
    made_elsewhere = "import hashlib; from ordinance.observe.shipping import zipapp; print(hashlib.sha256(zipapp()).hexdigest())"
    told = subprocess.run([sys.executable, "-c", made_elsewhere], capture_output=True, text=True, check=True).stdout
    assert told.strip() == digest() == hashlib.sha256(zipapp()).hexdigest() == argv()[-1]
    assert all(entry.date_time == (1980, 1, 1, 0, 0, 0) for entry in HELD.infolist())


def run(data: bytes, cwd: Path, *, command: tuple[str, ...] | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, *(command or argv())[1:]], input=data, capture_output=True, cwd=cwd, timeout=20, check=False,
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(cwd), "HOME": str(cwd)},
    )  # fmt: skip


def test_what_arrives_changed_is_not_run(tmp_path: Path) -> None:
    data = bytearray(request({"job": "echo", "echoes": []}))
    data[1000] ^= 1
    done = run(bytes(data), tmp_path)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"not the program that was sent" in done.stderr


def test_what_is_cut_off_is_not_run(tmp_path: Path) -> None:
    done = run(request({})[:1000], tmp_path)
    assert (done.returncode, done.stdout) == (1, b"")


def test_it_runs_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('imported from the directory')")
    done = run(request({"job": "echo", "echoes": [], "tries": 1, "timeout": 1}), tmp_path)
    assert json.loads(done.stdout)["done"] is True, done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["json.py"]


@pytest.mark.parametrize("without", ["memfd", "nothing"])
def test_it_is_in_no_directory_while_it_runs_either(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, without: str) -> None:
    """Killed at any moment, it has left nothing to remove."""
    look = "import json, os, sys\nprint(json.dumps([os.listdir(os.environ['TMPDIR']), sys.path[0], os.readlink(sys.path[0])]))\n"
    monkeypatch.setattr(shipping, "zipapp", lambda: pack({"__main__.py": look}))
    if without == "memfd":
        monkeypatch.setattr(shipping, "BOOT", shipping.BOOT.replace("os.memfd_create(", "os.no_such_call("))
    listed, path, link = json.loads(run(request({}), tmp_path, command=argv()).stdout)
    assert listed == []
    assert path.startswith("/proc/self/fd/")
    assert "(deleted)" in link
    assert (argv()[-1] in link) is (without == "nothing")
