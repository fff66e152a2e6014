-- The conservation ledger: which numbers of each ingest process have arrived. A process numbers its accepted clicks
-- 1, 2, 3 ..., so a number that never arrives is a lost click (docs/decisions/0017-ledger.md).

-- Written in the transaction that stores a batch, one row per process and minute; the ledger job merges them soon.
CREATE TABLE ledger_arrivals (
    arrival_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    process     text COLLATE "C" NOT NULL,
    minute      timestamptz NOT NULL,
    highest     bigint NOT NULL,
    numbers     int8multirange NOT NULL,
    is_dead     boolean NOT NULL
);

-- All numbers of a process that are stored, or in a dead letter. One range where nothing is missing.
CREATE TABLE ledger_processes (
    process     text COLLATE "C" PRIMARY KEY,
    stored      int8multirange NOT NULL DEFAULT '{}',
    dead        int8multirange NOT NULL DEFAULT '{}',
    last_at     timestamptz NOT NULL
);

-- The highest number that a process had reached in a minute of the clicks' own time.
CREATE TABLE ledger_minutes (
    minute      timestamptz NOT NULL,
    process     text COLLATE "C" NOT NULL,
    highest     bigint NOT NULL,
    PRIMARY KEY (minute, process)
);
CREATE INDEX ledger_minutes_process ON ledger_minutes (process, minute);

-- Dead letters of clicks whose number cannot be read: each explains one missing number of its minute.
CREATE TABLE ledger_unnumbered (
    click_id    text COLLATE "C" PRIMARY KEY,
    minute      timestamptz NOT NULL
);
CREATE INDEX ledger_unnumbered_minute ON ledger_unnumbered (minute);

-- Of processes that started before this time, numbers below the first that arrived are not expected.
CREATE TABLE ledger_state (
    only_row    boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    counted_from timestamptz NOT NULL DEFAULT clock_timestamp()
);
INSERT INTO ledger_state DEFAULT VALUES;

CREATE VIEW ledger_numbers AS
SELECT process, coalesce(range_agg(part) FILTER (WHERE NOT is_dead), '{}') AS stored,
    coalesce(range_agg(part) FILTER (WHERE is_dead), '{}') AS dead, range_agg(part) AS arrived
FROM (
    SELECT process, false AS is_dead, unnest(stored) AS part FROM ledger_processes
    UNION ALL SELECT process, true, unnest(dead) FROM ledger_processes
    UNION ALL SELECT process, is_dead, unnest(numbers) FROM ledger_arrivals
) AS parts GROUP BY process;

CREATE VIEW ledger_heights AS
SELECT minute, process, max(highest) AS highest FROM (
    SELECT minute, process, highest FROM ledger_minutes
    UNION ALL SELECT minute, process, highest FROM ledger_arrivals
) AS heights GROUP BY minute, process;
