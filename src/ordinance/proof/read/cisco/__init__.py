"""What the readers of Cisco's IOS and ASA share: the shape of a configuration, names of ports, entries of access lists."""
