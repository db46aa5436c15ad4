"""`python -m ordinance` is the console script."""

import sys

from ordinance.cli import main

if __name__ == "__main__":
    sys.exit(main())
