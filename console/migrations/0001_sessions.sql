-- Who is logged in, for all console processes together. What the browser holds is stored as a digest only; `proof` ties
-- the session to the password it was begun with, and cannot be guessed at without what the browser holds.
CREATE TABLE sessions (
    token_sha256    bytea PRIMARY KEY CHECK (octet_length(token_sha256) = 32),
    proof           bytea NOT NULL,
    begun_at        timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL
);

CREATE INDEX sessions_by_end ON sessions (expires_at);

-- Wrong guesses at the password, by a keyed hash of who made them: no address is stored. A row is gone soon after its
-- guesses are forgiven.
CREATE TABLE login_failures (
    subject         bytea PRIMARY KEY CHECK (octet_length(subject) = 16),
    forgiven_at     timestamptz NOT NULL
);

CREATE INDEX login_failures_by_end ON login_failures (forgiven_at);
