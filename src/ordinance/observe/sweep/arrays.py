"""numpy, the one thing this engine needs beside the standard library; importing this fails where it is missing."""

from __future__ import annotations

from typing import Any

import numpy

#: Untyped on purpose: a vantage may have any numpy from 1.19 on.
np: Any = numpy
Array = Any
