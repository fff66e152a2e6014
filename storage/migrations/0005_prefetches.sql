-- Prefetches that are recorded are people in no total, and totals are still counted from the index alone.
DROP INDEX clicks_clicked_at;
CREATE INDEX clicks_clicked_at ON clicks (clicked_at) INCLUDE (is_bot, is_test, prefetch, code, geo_country);
