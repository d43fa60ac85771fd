"""Windows Push Notification Services."""
