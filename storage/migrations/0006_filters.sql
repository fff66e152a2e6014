-- The console's filters: whichever is set, the newest hundred are found by an index, however rare they are. Without, a
-- filter that finds little reads a month of clicks and ends in its time-out. Bots and tests are few, so a partial index.
CREATE INDEX clicks_program ON clicks (program_id, clicked_at);
CREATE INDEX clicks_country ON clicks (geo_country, clicked_at);
CREATE INDEX clicks_bots ON clicks (clicked_at) WHERE is_bot;
CREATE INDEX clicks_tests ON clicks (clicked_at) WHERE is_test;

CREATE INDEX rejected_clicks_reason ON rejected_clicks (reason, rejected_at);
CREATE INDEX rejected_clicks_asked ON rejected_clicks (asked, rejected_at);
CREATE INDEX rejected_clicks_program ON rejected_clicks (program_id, rejected_at) WHERE program_id IS NOT NULL;
CREATE INDEX rejected_clicks_affiliate ON rejected_clicks (affiliate_id, rejected_at) WHERE affiliate_id IS NOT NULL;
