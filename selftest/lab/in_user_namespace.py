"""Run a command as root of a user namespace with as many ids as Debian uses: root, but not of the machine. Needs root."""

import os
import sys
from pathlib import Path

from ordinance.lab import ns

IDENTITY = "0 0 65536\n"


def main(argv):
    ready_read, ready_write = os.pipe()
    me = os.getpid()
    helper = os.fork()
    if helper == 0:  # stays outside, where these maps may be written
        os.read(ready_read, 1)
        for table in ("uid_map", "gid_map"):
            Path(f"/proc/{me}/{table}").write_text(IDENTITY)
        os._exit(0)
    ns.unshare(ns.CLONE_NEWUSER)
    os.write(ready_write, b"r")
    assert os.waitpid(helper, 0)[1] == 0
    os.execvp(argv[0], argv)


main(sys.argv[1:])
