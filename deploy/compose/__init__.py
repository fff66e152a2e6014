"""The compose parts, and a generator of the passwords they need."""
