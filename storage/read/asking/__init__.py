"""Questions to the counts: a question becomes a plan, the plan one statement, and its rows an answer.

`question` says what can be asked, `plan` which tables answer it and how many rows are read at most, `answer` runs it.
Every number equals the number counted from the rows of `clicks`.
"""
