-- Unique clicks, and those of programs that only fetch, are counted from the index alone like the other totals.
DROP INDEX clicks_clicked_at;
CREATE INDEX clicks_clicked_at ON clicks (clicked_at)
    INCLUDE (is_bot, is_test, prefetch, code, geo_country, is_unique, bot_kind);
