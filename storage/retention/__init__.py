"""Removes what is old: whole days of clicks, personal columns earlier, rejections and dead letters.

`policy` says what is old, `plan` what would be removed and what was, `personal_days`, `old_days` and `old_rows` remove
it, and `job` does all of that in the sink. Each step is a short transaction that also records itself, so that whatever
interrupts it, nothing is done twice.
"""
