"""The whole set of referrals, as of a version: in a file that all processes of a machine share, and what changed since.

A process that starts while Redis and Postgres are away reads the file, and redirects every code in it. Promises: of a
damaged, cut, foreign or missing file nothing is believed that is not intact, and nothing is raised; a file in use is
never written to, only replaced; a change that was seen wins over the file.

    blocks     lines <-> bytes with checksums. Pure.
    reading    a file: opened, a value found in it
    writing    a file: written, put in its place; the lock of who does so
    known      the file in use, and what changed since
    building   a new file from Postgres, or from an older one and the changes
    keeping    when which of it is done
"""
