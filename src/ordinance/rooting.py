"""Keeps `pytest --inventory /elsewhere/city.yml` rooted in the checkout.

pytest chooses its root folder before it knows the options of plugins: it takes the path after `--inventory` for a test to
run, and looks for its configuration there. Here, once our options are known, the choice is made again with the right arguments.
"""

from __future__ import annotations

import pytest

# pytest has no public name for this step; the lock file pins its version, and selftest/plugin/test_rooting.py watches it.
from _pytest.config.findpaths import determine_setup


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Choose root folder and configuration file from what are really paths to tests."""
    known = early_config.known_args_namespace
    if known.inifilename or known.rootdir:
        return
    root, ini, settings, _ = determine_setup(
        inifile=None,
        override_ini=known.override_ini,
        args=known.file_or_dir,
        rootdir_cmd_arg=None,
        invocation_dir=early_config.invocation_params.dir,
    )
    if (root, ini) == (early_config.rootpath, early_config.inipath):
        return
    early_config._rootpath, early_config._inipath, early_config._inicfg = root, ini, settings
    early_config._inicache.clear()
    early_config._configure_python_path()
    known.confcutdir = str(ini.parent if ini is not None else root)
