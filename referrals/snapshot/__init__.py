"""All referrals as of a version, in a file that the processes of a machine share, and the changes since, in memory.

A process that starts while Redis and Postgres are away reads the file, and redirects every code in it. Promises: only
intact parts of a file are used, and a damaged, cut, foreign or missing file raises nothing; a file in use is replaced,
never written to; a newer change in memory wins over the file.

    blocks         lines <-> blocks with checksums. Pure.
    reader         opens a file, finds a value in it
    writer         writes a file and puts it in place; the lock of the writing process
    referral_set   the file in use, and the changes since
    builder        makes a new file from Postgres, or from an older file and the changes
    refresher      decides when to load, build or merge
"""
