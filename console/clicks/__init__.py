"""The log of clicks, one click, the errors and the dead letters: what each page shows.

`handlers` answers requests; `explain` explains the decisions on one click or rejection; `why_missing` says why an id is
not found; `rejection_reasons` groups refused requests by number. The queries are in `storage.read`.
"""
