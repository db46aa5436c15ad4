"""The strict reader of the project's YAML files: every value has its line, nothing is guessed, all problems come at once.

What YAML 1.1 would quietly turn into something else (`no` into false, `010` into 8, `12:30` into 750) is refused; so are
duplicate keys, aliases (unless asked for), tags, tabs and control characters. No message repeats a value that could be a secret.

    loaded = load(Path("inventory/lab.yml"), InventoryFile)
    loaded.value                     # an InventoryFile
    loaded.line("services", 2, "port")   # where it stands
"""

from ordinance.strict.load import Loaded, gather, load, read, refuse
from ordinance.strict.nodes import Mapping, Node, Rules, Scalar, Sequence, line_of, plain
from ordinance.strict.shape import Leaf, WrongError, build, nearest

__all__ = [
    "Leaf",
    "Loaded",
    "Mapping",
    "Node",
    "Rules",
    "Scalar",
    "Sequence",
    "WrongError",
    "build",
    "gather",
    "line_of",
    "load",
    "nearest",
    "plain",
    "read",
    "refuse",
]
