"""numpy, the one thing this engine needs beside the standard library; importing this fails where it is missing."""

from __future__ import annotations

from importlib import import_module
from typing import Any

#: Untyped on purpose: a vantage may have any numpy from 1.19 on, the project's own environment may have none.
np: Any = import_module("numpy")
Array = Any
