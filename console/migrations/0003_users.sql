-- People who may log in. `password_hash` is argon2id's own format; null: they have set none yet, and the user `owner`
-- then has the password of the setting CLICKRAIL_CONSOLE_PASSWORD. A removed user keeps the row, disabled.
CREATE TABLE users (
    id              text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[a-z0-9]{1,40}$'),
    login           text NOT NULL CHECK (login = lower(login) AND login ~ '^[^\s]{1,200}$'),
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    role            text NOT NULL CHECK (role IN ('owner', 'admin', 'editor', 'viewer', 'affiliate')),
    affiliate_id    text COLLATE "C" CHECK (affiliate_id ~ '^[a-z0-9_-]{1,40}$'),
    password_hash   text,
    totp_sealed     bytea,
    totp_step       bigint NOT NULL DEFAULT 0,
    created_at      timestamptz NOT NULL,
    last_login_at   timestamptz,
    disabled_at     timestamptz,
    CHECK ((role = 'affiliate') = (affiliate_id IS NOT NULL))
);

CREATE UNIQUE INDEX users_by_login ON users (login);

INSERT INTO users (id, login, name, role, created_at) VALUES ('owner', 'owner', 'Owner', 'owner', now());

-- Whoever is logged in now has the one password there was: the owner's.
ALTER TABLE sessions ADD COLUMN user_id text COLLATE "C" NOT NULL DEFAULT 'owner' REFERENCES users (id) ON DELETE CASCADE;
ALTER TABLE sessions ALTER COLUMN user_id DROP DEFAULT;
ALTER TABLE sessions ADD COLUMN browser text NOT NULL DEFAULT '';
CREATE INDEX sessions_by_user ON sessions (user_id);

-- Links by which people set their password, once: a new user's first one, or another one after a reset. Only the
-- SHA-256 of the link's 32 random bytes is stored.
CREATE TABLE invitations (
    token_sha256    bytea PRIMARY KEY CHECK (octet_length(token_sha256) = 32),
    user_id         text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz NOT NULL,
    used_at         timestamptz
);

CREATE INDEX invitations_by_user ON invitations (user_id);

-- Codes for a login without the telephone, each good once. They are random, so their SHA-256 suffices.
CREATE TABLE recovery_codes (
    user_id         text COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_sha256     bytea NOT NULL CHECK (octet_length(code_sha256) = 32),
    PRIMARY KEY (user_id, code_sha256)
);

-- Keys for programs. `hint` is the key's first characters, so that people can tell keys apart.
CREATE TABLE api_keys (
    id              text COLLATE "C" PRIMARY KEY CHECK (id ~ '^[a-z0-9]{1,40}$'),
    name            text NOT NULL CHECK (length(name) BETWEEN 1 AND 200),
    role            text NOT NULL CHECK (role IN ('admin', 'editor', 'viewer')),
    hint            text NOT NULL,
    key_sha256      bytea NOT NULL UNIQUE CHECK (octet_length(key_sha256) = 32),
    created_by      text COLLATE "C" NOT NULL,
    created_at      timestamptz NOT NULL,
    expires_at      timestamptz,
    last_used_at    timestamptz,
    revoked_at      timestamptz
);
