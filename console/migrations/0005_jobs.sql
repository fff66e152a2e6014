-- Long work that people start from the console. One process of the console runs it, under an advisory lock; a job that
-- was running when its process died is failed by the next one that looks.
CREATE TABLE jobs (
    job_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text COLLATE "C" NOT NULL CHECK (kind ~ '^[a-z_]{1,40}$'),
    asked_by    text NOT NULL CHECK (length(asked_by) <= 200),
    actor_kind  text NOT NULL,
    actor_id    text COLLATE "C",
    parameters  jsonb NOT NULL,
    state       text COLLATE "C" NOT NULL DEFAULT 'waiting'
        CHECK (state IN ('waiting', 'running', 'done', 'failed', 'cancelled')),
    progress    bigint NOT NULL DEFAULT 0,
    total       bigint,
    result      text,
    problem     text,
    is_cancelled boolean NOT NULL DEFAULT false,
    asked_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    started_at  timestamptz,
    ended_at    timestamptz
);
CREATE INDEX jobs_open ON jobs (job_id) WHERE state IN ('waiting', 'running');
