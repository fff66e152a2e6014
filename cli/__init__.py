"""The command `clickrail`: each subcommand is a few lines that call the package which owns the work.

Whatever is heavy is imported inside the subcommand that needs it, so that `clickrail --help` answers at once.
"""
