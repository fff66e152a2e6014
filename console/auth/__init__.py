"""Who may see the console: the guard before every page, login, passwords, sessions, and limits on wrong guesses."""
