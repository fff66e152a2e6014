"""Counts beside the clicks: by minute in the sink's transaction, by hour, day and month soon after, always exact.

`measures` and `dimensions` say what is counted, of which clicks, and by what: the only place that does, for rollups and
for counts from rows.
"""
