"""Compliance as code for City Policy 1.7.1: looks at a network, judges it clause by clause, tells what it saw."""

__version__ = "0.1.0"
