"""The command `clickrail`: each subcommand is a few lines that call the package which owns the work.

Heavy packages are imported inside the subcommand that needs them, so that `clickrail --help` is quick.
"""
