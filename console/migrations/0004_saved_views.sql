-- Views with a name: the path and query of a page. Those that are shared are listed for everybody.
CREATE TABLE saved_views (
    id              text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[0-9A-Z]{26}$'),
    user_id         text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    path            text NOT NULL CHECK (path IN ('/reports', '/analytics')),
    query           text NOT NULL CHECK (length(query) <= 8000),
    is_shared       boolean NOT NULL DEFAULT false,
    saved_at        timestamptz NOT NULL,
    UNIQUE (user_id, name)
);

-- The view that somebody's reports begin with.
CREATE TABLE start_views (
    user_id         text COLLATE "C" PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    view_id         text COLLATE "C" NOT NULL REFERENCES saved_views (id) ON DELETE CASCADE
);

CREATE INDEX start_views_by_view ON start_views (view_id);

-- Links that show one report to people without a login, until they end. Only the SHA-256 of the link's 32 random bytes
-- is stored. The query is locked here: nothing in an address changes it.
CREATE TABLE share_links (
    id              text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[0-9A-Z]{26}$'),
    token_sha256    bytea NOT NULL UNIQUE CHECK (octet_length(token_sha256) = 32),
    user_id         text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    query           text NOT NULL CHECK (length(query) <= 8000),
    password_hash   text,
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    revoked_at      timestamptz
);
