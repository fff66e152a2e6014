-- Counting a day again, and comparing it, finds the day's counts without reading all. Rows come in the order of time.
CREATE INDEX click_rollups_period ON click_rollups USING brin (period) WITH (pages_per_range = 32, autosummarize = on);
