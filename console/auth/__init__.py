"""Who may see the console: passwords, sessions, and limits on guessing."""
