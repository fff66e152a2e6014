-- What was removed because of its age, by day (UTC): whole days of clicks, personal columns, rejections, dead letters.
CREATE TABLE retention_removals (
    what        text COLLATE "C" NOT NULL CHECK (what IN ('clicks', 'personal', 'rejections', 'letters')),
    day         date NOT NULL,
    rows        bigint NOT NULL,
    bytes       bigint NOT NULL,
    removed_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (what, day)
);

-- Days whose personal columns are empty, or being emptied: clicks before `emptied_until` are done. A row is written
-- before the first click is changed; from then on the sink stores late clicks of the day without these columns.
CREATE TABLE personal_days (
    day             date PRIMARY KEY,
    emptied_until   timestamptz NOT NULL,
    begun_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at        timestamptz
);

-- When a click was made anonymous because its visitor asked for it. Null: it was not.
ALTER TABLE clicks ADD COLUMN erased_at timestamptz;

-- SHA-256 of what was erased and must not be stored again: ids of clicks and of rejections, bytes of dead letters.
CREATE TABLE erased_clicks (
    digest      bytea PRIMARY KEY,
    erased_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Each erasure and what it changed. `ip_hashes` is emptied at its end, so that nothing here names a visitor.
CREATE TABLE erasures (
    number      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asked       text COLLATE "C" NOT NULL CHECK (asked IN ('click', 'visitor', 'ip_hash')),
    why         text NOT NULL,
    ip_hashes   text[] NOT NULL,
    begun_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    ended_at    timestamptz,
    clicks      bigint NOT NULL DEFAULT 0,
    scores      bigint NOT NULL DEFAULT 0,
    verdicts    bigint NOT NULL DEFAULT 0,
    links       bigint NOT NULL DEFAULT 0,
    letters     bigint NOT NULL DEFAULT 0,
    rejections  bigint NOT NULL DEFAULT 0,
    claims      bigint NOT NULL DEFAULT 0
);

-- The clicks of an erasure that has not ended: an erasure that was interrupted continues with these.
CREATE TABLE erasure_clicks (
    click_id    text COLLATE "C" PRIMARY KEY,
    clicked_at  timestamptz NOT NULL,
    erasure     bigint NOT NULL,
    is_erased   boolean NOT NULL DEFAULT false
);
