"""Analytics: totals, a series and breakdowns of a view. Reads through `storage.read.asking`, writes nothing."""
