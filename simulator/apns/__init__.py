"""APNs: production and sandbox, by token signing key."""
