"""The packet agent: a program of the standard library alone that a vantage's own python3 (3.7 or later) runs.

It is kept in parts and sent as one text, which `source.agent_source` joins; `call.run_job` runs a job of it.
"""
