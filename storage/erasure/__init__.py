"""Makes clicks anonymous on request: of one click, of a visitor, or of an address's hash.

`search` finds the clicks. `erasing` notes them in a list first, and then works through it in short transactions: a
click is erased with its scores, verdicts and counts in one, so an interruption leaves each click as it was or erased,
and the next run continues the list. The row stays, under a new random id in the same minute, so that every count stays
as it was. Of the old id only a digest is kept, by which the sink refuses to store the click again.
"""
