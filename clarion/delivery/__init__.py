"""Delivery: from a planned shard to outcomes in the ledger."""
