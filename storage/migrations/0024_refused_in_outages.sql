-- migrate: no transaction, only postgresql
-- The few rejections of outages, which charts show: R501 is "referral codes out of reach" (schemas/reasons.py). With TimescaleDB
-- the index of all rejections by time does it: its WebAssembly build, which the tests use, makes no index CONCURRENTLY.
DROP INDEX CONCURRENTLY IF EXISTS rejected_clicks_outages;
CREATE INDEX CONCURRENTLY rejected_clicks_outages ON rejected_clicks (rejected_at) WHERE reason = 'R501';
