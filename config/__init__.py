"""How the processes are configured, logged and started. Nothing in `clarion` imports this."""
