-- Programs, affiliates and referral codes, with the version counter that keeps every cache of them right.

-- What a visitor may be sent to: http or https, a host, no user info, and printable ASCII only, so that no white
-- space, control character or backslash can ever reach a Location header. `referrals.targets` says the same in
-- sentences, and looks closer at host and port.
CREATE FUNCTION is_web_url(url text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN length(url) <= 2048
    AND url ~* '^https?://([a-z0-9._-]*[a-z0-9_-][a-z0-9._-]*|\[[0-9a-f:.]+\])(:[0-9]{1,5})?([/?#].*)?$'
    AND url ~ '^[\x21-\x5b\x5d-\x7e]+$';

CREATE TABLE programs (
    id text COLLATE "C" PRIMARY KEY
        CONSTRAINT program_id_shape CHECK (id ~ '^[a-z0-9_-]{1,40}$'),
    name text NOT NULL
        CONSTRAINT program_name_shape CHECK (length(name) BETWEEN 1 AND 200 AND name !~ '[\x01-\x1f\x7f-\x9f]'),
    status text NOT NULL DEFAULT 'active'
        CONSTRAINT program_status_known CHECK (status IN ('active', 'paused')),
    target_url text NOT NULL
        CONSTRAINT program_target_url_shape CHECK (is_web_url(target_url)),
    fallback_url text
        CONSTRAINT program_fallback_url_shape CHECK (is_web_url(fallback_url)),
    cookie_window_days integer NOT NULL DEFAULT 30
        CONSTRAINT program_cookie_window_range CHECK (cookie_window_days BETWEEN 1 AND 400),
    cookie_domain text
        CONSTRAINT program_cookie_domain_shape CHECK (
            length(cookie_domain) <= 253
            AND cookie_domain ~ '^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$'
        ),
    privacy text NOT NULL DEFAULT 'full'
        CONSTRAINT program_privacy_known CHECK (privacy IN ('full', 'no_cookie', 'anonymous')),
    privacy_gpc text NOT NULL DEFAULT 'no_cookie'
        CONSTRAINT program_privacy_gpc_known CHECK (privacy_gpc IN ('full', 'no_cookie', 'anonymous')),
    privacy_dnt text NOT NULL DEFAULT 'no_cookie'
        CONSTRAINT program_privacy_dnt_known CHECK (privacy_dnt IN ('full', 'no_cookie', 'anonymous')),
    limit_policy text NOT NULL DEFAULT 'flag'
        CONSTRAINT program_limit_policy_known CHECK (limit_policy IN ('flag', 'skip', 'refuse')),
    unique_window_s integer NOT NULL DEFAULT 86400
        CONSTRAINT program_unique_window_range CHECK (unique_window_s BETWEEN 0 AND 34560000),
    version bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE affiliates (
    id text COLLATE "C" PRIMARY KEY
        CONSTRAINT affiliate_id_shape CHECK (id ~ '^[a-z0-9_-]{1,40}$'),
    name text NOT NULL
        CONSTRAINT affiliate_name_shape CHECK (length(name) BETWEEN 1 AND 200 AND name !~ '[\x01-\x1f\x7f-\x9f]'),
    status text NOT NULL DEFAULT 'active'
        CONSTRAINT affiliate_status_known CHECK (status IN ('active', 'paused')),
    version bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE referral_codes (
    code text COLLATE "C" PRIMARY KEY
        CONSTRAINT code_shape CHECK (code ~ '^[A-Za-z0-9_-]{1,64}$'),
    affiliate_id text COLLATE "C" NOT NULL
        CONSTRAINT code_affiliate_exists REFERENCES affiliates (id),
    program_id text COLLATE "C" NOT NULL
        CONSTRAINT code_program_exists REFERENCES programs (id),
    status text NOT NULL DEFAULT 'active'
        CONSTRAINT code_status_known CHECK (status IN ('active', 'paused')),
    target_url text
        CONSTRAINT code_target_url_shape CHECK (is_web_url(target_url)),
    version bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX referral_codes_affiliate ON referral_codes (affiliate_id, code);
CREATE INDEX referral_codes_program ON referral_codes (program_id, code);

-- One row. Whoever changes anything below takes the next version here and holds the row until commit, so versions
-- become visible in their own order: a reader that has seen version 7 will never meet a 6 later.
CREATE TABLE referral_version (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    version bigint NOT NULL
);
INSERT INTO referral_version (version) VALUES (0);

-- The newest change of each program, affiliate and code, deletions included: what a process reads that was away.
CREATE TABLE referral_changes (
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('program', 'affiliate', 'code')),
    id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    deleted boolean NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE UNIQUE INDEX referral_changes_version ON referral_changes (version, kind, id);

-- Per statement, not per row: an import of 100,000 codes takes one version and updates the counter once. The setting
-- lives as long as the transaction and carries the version to the rows.
CREATE FUNCTION take_referral_version() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    taken bigint;
BEGIN
    UPDATE referral_version SET version = version + 1 RETURNING version INTO STRICT taken;
    PERFORM set_config('clickrail.referral_version', taken::text, true);
    RETURN NULL;
END
$$;

CREATE FUNCTION stamp_referral_version() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := current_setting('clickrail.referral_version')::bigint;
    RETURN NEW;
END
$$;

CREATE FUNCTION refuse_referral_key_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the % of a row in % is never changed', TG_ARGV[0], TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = 'referral_key_kept';
END
$$;

-- Arguments: the kind, and the column that holds its key.
CREATE FUNCTION record_referral_changes() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    taken text := current_setting('clickrail.referral_version');
    reused text;
BEGIN
    IF TG_OP = 'INSERT' AND TG_ARGV[0] <> 'code' THEN
        EXECUTE format(
            'SELECT c.id FROM changed JOIN referral_changes c ON c.kind = %L AND c.id = changed.%I WHERE c.deleted LIMIT 1',
            TG_ARGV[0], TG_ARGV[1]
        ) INTO reused;
        IF reused IS NOT NULL THEN
            RAISE EXCEPTION 'the % id % belonged to a deleted one and is never used again', TG_ARGV[0], reused
                USING ERRCODE = 'unique_violation', CONSTRAINT = 'referral_id_reused';
        END IF;
    END IF;
    -- Old clicks name programs and affiliates by id, hence the rule above. Rows carry their own version; a deleted
    -- one takes the statement's.
    EXECUTE format(
        'INSERT INTO referral_changes AS held (kind, id, version, deleted) SELECT %L, %I, %s, %L::boolean FROM changed '
        'ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, deleted = excluded.deleted',
        TG_ARGV[0], TG_ARGV[1], CASE TG_OP WHEN 'DELETE' THEN taken ELSE 'version' END, TG_OP = 'DELETE'
    );
    PERFORM pg_notify('clickrail_referrals', taken);
    RETURN NULL;
END
$$;

CREATE FUNCTION record_referral_truncation() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    taken text := current_setting('clickrail.referral_version');
BEGIN
    UPDATE referral_changes SET version = taken::bigint, deleted = true WHERE kind = TG_ARGV[0] AND NOT deleted;
    PERFORM pg_notify('clickrail_referrals', taken);
    RETURN NULL;
END
$$;

-- Triggers of one table and time fire in the order of their names.
DO $$
DECLARE
    part record;
    event text;
BEGIN
    FOR part IN SELECT * FROM (VALUES ('programs', 'program', 'id'), ('affiliates', 'affiliate', 'id'), ('referral_codes', 'code', 'code')) AS parts (tab, kind, key)
    LOOP
        EXECUTE format('CREATE TRIGGER version_1_take BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION take_referral_version()', part.tab);
        EXECUTE format('CREATE TRIGGER version_2_truncate BEFORE TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION record_referral_truncation(%L)', part.tab, part.kind);
        EXECUTE format('CREATE TRIGGER version_3_stamp BEFORE INSERT OR UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION stamp_referral_version()', part.tab);
        EXECUTE format('CREATE TRIGGER version_4_key BEFORE UPDATE ON %I FOR EACH ROW WHEN (OLD.%I IS DISTINCT FROM NEW.%2$I) EXECUTE FUNCTION refuse_referral_key_change(%2$L)', part.tab, part.key);
        EXECUTE format('CREATE TRIGGER version_5_insert AFTER INSERT ON %I REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION record_referral_changes(%L, %L)', part.tab, part.kind, part.key);
        EXECUTE format('CREATE TRIGGER version_5_update AFTER UPDATE ON %I REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION record_referral_changes(%L, %L)', part.tab, part.kind, part.key);
        EXECUTE format('CREATE TRIGGER version_5_delete AFTER DELETE ON %I REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION record_referral_changes(%L, %L)', part.tab, part.kind, part.key);
    END LOOP;
END
$$;
