-- Counts beside the clicks: exact, additive, and small enough to answer any page. Everything here can be counted again
-- from `clicks` as long as its rows are kept.

-- One row for each transaction of the sink that stored clicks. Its clicks carry its number. `rolled_at` is null until its
-- clicks are in `click_rollups`: until then, readers count them from `clicks`.
CREATE TABLE rollup_batches (
    batch_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    clicks      integer NOT NULL,
    first_at    timestamptz NOT NULL,
    last_at     timestamptz NOT NULL,
    stored_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    rolled_at   timestamptz
);
CREATE INDEX rollup_batches_pending ON rollup_batches (batch_id) WHERE rolled_at IS NULL;

-- Null in clicks that were stored before there were rollups.
ALTER TABLE clicks ADD COLUMN batch_id bigint;
CREATE INDEX clicks_batch_id ON clicks (batch_id);

-- Counted in the transaction that stores the clicks. `slot` keeps sinks from waiting for each other; slot -1 holds what
-- later verdicts changed, so its numbers may be negative.
CREATE TABLE click_minutes (
    minute      timestamptz NOT NULL,
    program_id  text COLLATE "C" NOT NULL,
    slot        smallint NOT NULL,
    people      integer NOT NULL DEFAULT 0,
    bots        integer NOT NULL DEFAULT 0,
    app_fetches integer NOT NULL DEFAULT 0,
    prefetches  integer NOT NULL DEFAULT 0,
    tests       integer NOT NULL DEFAULT 0,
    uniques     integer NOT NULL DEFAULT 0,
    repeats     integer NOT NULL DEFAULT 0,
    limited     integer NOT NULL DEFAULT 0,
    suspicious  integer NOT NULL DEFAULT 0,
    invalid     integer NOT NULL DEFAULT 0,
    givt        integer NOT NULL DEFAULT 0,
    sivt        integer NOT NULL DEFAULT 0,
    PRIMARY KEY (minute, program_id, slot)
) WITH (fillfactor = 70);

-- Counts by hour, day and month of the reporting zone. `grain`: h (totals only), d or m. `kind`: p (the whole program,
-- `entity` is empty), a (an affiliate) or c (a code). `dim` 0 is the total; `dim2` 0 is no pair. The numbers of dimensions
-- are in storage/rollups/dimensions.py. `detailed`: this entity's dimensions of this day are here, too.
CREATE TABLE click_rollups (
    grain       text COLLATE "C" NOT NULL CHECK (grain IN ('h', 'd', 'm')),
    period      timestamptz NOT NULL,
    program_id  text COLLATE "C" NOT NULL,
    kind        text COLLATE "C" NOT NULL CHECK (kind IN ('p', 'a', 'c')),
    entity      text COLLATE "C" NOT NULL,
    dim         smallint NOT NULL,
    value       text COLLATE "C" NOT NULL,
    dim2        smallint NOT NULL,
    value2      text COLLATE "C" NOT NULL,
    people      integer NOT NULL,
    bots        integer NOT NULL,
    app_fetches integer NOT NULL,
    prefetches  integer NOT NULL,
    tests       integer NOT NULL,
    uniques     integer NOT NULL,
    repeats     integer NOT NULL,
    limited     integer NOT NULL,
    suspicious  integer NOT NULL,
    invalid     integer NOT NULL,
    givt        integer NOT NULL,
    sivt        integer NOT NULL,
    detailed    boolean NOT NULL DEFAULT false,
    PRIMARY KEY (kind, entity, dim, grain, period, program_id, dim2, value, value2)
) WITH (fillfactor = 80);
CREATE INDEX click_rollups_top ON click_rollups (grain, kind, period, people) WHERE dim = 0;
CREATE INDEX click_rollups_value ON click_rollups (dim, value, grain, kind, period) WHERE dim > 0 AND kind <> 'p';

-- Clicks whose counted verdict differs from the one they were stored with: what a later verdict has to take out again.
CREATE TABLE rollup_verdicts (
    clicked_at  timestamptz NOT NULL,
    click_id    text COLLATE "C" NOT NULL,
    is_unique   boolean,
    band        text,
    ivt_class   text,
    PRIMARY KEY (clicked_at, click_id)
);

-- Days of the reporting zone that are not counted again: their clicks are gone, or going. Written before they go.
CREATE TABLE rollup_days (
    day         date PRIMARY KEY,
    clicks      bigint NOT NULL,
    frozen_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The reporting zone of all rollups. `is_complete` is false until clicks of before there were rollups are counted.
CREATE TABLE rollup_state (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    zone        text NOT NULL,
    is_complete boolean NOT NULL
);
INSERT INTO rollup_state (zone, is_complete) SELECT 'UTC', NOT EXISTS (SELECT FROM clicks);
