"""The agent with a permit that admits everything, as a program of its own: what then keeps the scope is the kernel."""

import sys

from ordinance.observe.agent.main import main
from ordinance.observe.sweep.permit import Permit

Permit.require = lambda self, addresses: None

if __name__ == "__main__":
    sys.exit(main())
