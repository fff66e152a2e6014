-- These two took a sixth of PostgreSQL's work for a click. The console searches past clicks back in windows of time, and
-- ends in time without them. Those of bots and tests are partial, cost next to nothing, and stay.
DROP INDEX clicks_program;
DROP INDEX clicks_country;
