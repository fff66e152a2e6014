"""Long work that people start: one process of the console does it, and everybody sees how far it is."""
