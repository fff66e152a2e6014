-- Clicks of signed test links: kept and shown as any other, and in no total.
ALTER TABLE clicks ADD COLUMN is_test boolean NOT NULL DEFAULT false;

-- Totals leave them out, and are still counted from the index alone.
DROP INDEX clicks_clicked_at;
CREATE INDEX clicks_clicked_at ON clicks (clicked_at) INCLUDE (is_bot, is_test, code, geo_country);
