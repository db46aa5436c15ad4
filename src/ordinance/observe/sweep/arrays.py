"""numpy, the one thing this engine needs beside the standard library; importing this fails where it is missing."""

from __future__ import annotations

import os
from typing import Any

# No linear algebra is done here, and the thread that OpenBLAS starts for it takes 0.08 s of the senders' cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy

#: Untyped on purpose: a vantage may have any numpy from 1.19 on.
np: Any = numpy
Array = Any
