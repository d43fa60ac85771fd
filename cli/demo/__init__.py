"""`clarion demo`: the whole system for a minute, with real processes, and proof that its books close."""
