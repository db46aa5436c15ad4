"""The raw sweep engine: TCP SYNs made as columns of numbers, sent and heard on the link layer.

It runs on a vantage with CAP_NET_RAW, numpy and Python 3.9 or later, and needs of the project nothing but `observe.agent`.
"""
