"""Licences of what an audit installs, as SPDX expressions. A test compares them with the metadata of the installed packages."""

from __future__ import annotations

LICENCES = {
    "bcrypt": "Apache-2.0",
    "cffi": "MIT-0",
    "cryptography": "Apache-2.0 OR BSD-3-Clause",
    "dnspython": "ISC",
    "iniconfig": "MIT",
    "jinja2": "BSD-3-Clause",
    "markupsafe": "BSD-3-Clause",
    "msgspec": "BSD-3-Clause",
    "numpy": "BSD-3-Clause AND 0BSD AND MIT AND Zlib AND CC0-1.0",
    "packaging": "Apache-2.0 OR BSD-2-Clause",
    "paramiko": "LGPL-2.1-or-later",
    "pluggy": "MIT",
    "pyasn1": "BSD-2-Clause",
    "pygments": "BSD-2-Clause",
    "pynacl": "Apache-2.0",
    "pysnmp": "BSD-2-Clause",
    "pytest": "MIT",
    "pytest-testinfra": "Apache-2.0",
    "pyyaml": "MIT",
}
#: What a program under Apache-2.0 may depend on. LGPL: as a library that the user can replace, which a Python package is.
COMPATIBLE = frozenset(
    {
        *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC"),
        *("LGPL-2.1-only", "LGPL-2.1-or-later", "MIT", "MIT-0", "PSF-2.0", "Zlib"),
    }
)
