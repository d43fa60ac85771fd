"""Push providers on this machine: their wire formats, their answers and their faults, for tests and load runs."""
