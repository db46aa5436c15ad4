"""The simulated city: hosts as namespaces over one Debian image, with real daemons."""
