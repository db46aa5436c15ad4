"""The packet agent: a program of the standard library alone that a vantage's own python3 (3.7 or later) runs.

`observe.shipping` sends it there, with the raw sweep engine; `call.run_job` runs a job of it.
"""
