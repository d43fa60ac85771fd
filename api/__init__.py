"""Clarion over HTTP: the Backendless wire and Clarion's own additions. It authorises, decodes, calls, encodes."""
