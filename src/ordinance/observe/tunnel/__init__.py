"""The tunnel engine: a sweep through `direct-tcpip` channels of a vantage's SSH server, where there is no python3 for the agent.

It is slow, hears no ICMP and reads no hops; it has the rounds, canaries and windows of the connect sweep, and its result.
"""
