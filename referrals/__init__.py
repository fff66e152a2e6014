"""Programs, affiliates and referral codes: their tables, their administration, and the lookup every redirect makes.

It takes changes (by `administration`, `importing`, or anybody's SQL), gives answers to one question, "where does this
code lead?" (`lookup`), and promises that a change is in force in every process within a second, and that codes a
process knows keep their answers while Redis and Postgres are away.
"""
