-- Files that jobs make. `kept_until` is null once a file is deleted, and before it is made; `file_name` stays.
ALTER TABLE jobs ADD COLUMN file_name text CHECK (length(file_name) <= 200);
ALTER TABLE jobs ADD COLUMN kept_until timestamptz;
CREATE INDEX jobs_by_end_of_file ON jobs (kept_until) WHERE kept_until IS NOT NULL;

-- The bytes of a file, in order. PostgreSQL compresses the parts.
CREATE TABLE job_files (
    job_id      bigint NOT NULL REFERENCES jobs (job_id) ON DELETE CASCADE,
    part        integer NOT NULL,
    data        bytea NOT NULL,
    PRIMARY KEY (job_id, part)
);
