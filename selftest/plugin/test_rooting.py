"""The value of an option is never taken for the place the tests are in."""

import pytest


@pytest.mark.parametrize("option", ["--inventory", "--reports"])
@pytest.mark.parametrize("joined", [" ", "="])
def test_a_path_elsewhere_does_not_move_the_root(pytester, tmp_path_factory, option: str, joined: str) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    pytester.makepyprojecttoml("[tool.pytest]\ntestpaths = ['only']\nordinance_suites = ['suites']\n")
    pytester.mkdir("only").joinpath("test_here.py").write_text("def test_one(): pass\n")
    pytester.makepyfile(test_stray="def test_stray(): assert False\n")
    result = pytester.runpytest_subprocess(*f"{option}{joined}{elsewhere}".split(" "), timeout=60)
    result.stdout.fnmatch_lines([f"rootdir: {pytester.path}", "configfile: pyproject.toml"])
    result.assert_outcomes(passed=1)
