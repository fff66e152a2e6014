"""Programs, affiliates and referral codes: the tables, their administration, and the lookup of every redirect.

    admin      add, change, list and import them
    lookup     answer "where does this code lead?": in this process, else from Redis, else from Postgres
    snapshot   all referrals in a file, so that a process can start while both stores are away

Promises: a change, also one made with plain SQL, is in force in every process within a second; codes that a process has
in memory or in its snapshot keep their answers while Redis and Postgres are away.
"""
