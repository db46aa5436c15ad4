"""The packet agent: a program of the standard library alone that a vantage's own python3 (3.7 or later) runs.

It is kept in parts (`wire`, `lane`, `sweep`, `careful`, `exchange`, `main`) and sent as one text, which `source.agent_source` joins.
"""
