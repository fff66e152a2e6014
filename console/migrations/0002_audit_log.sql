-- Who changed what, and when. Rows are added and never changed: the trigger refuses it to everybody, the owner included.
-- No address is stored. `actor_id` and `actor_name` are as they were then: a user may be gone since.
CREATE TABLE audit_log (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at              timestamptz NOT NULL,
    actor_kind      text NOT NULL CHECK (actor_kind IN ('user', 'key', 'cli', 'system', 'stranger')),
    actor_id        text COLLATE "C",
    actor_name      text NOT NULL CHECK (length(actor_name) <= 200),
    action          text COLLATE "C" NOT NULL CHECK (action ~ '^[a-z_]{1,40}(\.[a-z_]{1,40})?$'),
    subject         text NOT NULL CHECK (length(subject) <= 300),
    before          jsonb,
    after           jsonb
);

CREATE INDEX audit_log_by_time ON audit_log (at DESC, id DESC);
CREATE INDEX audit_log_by_subject ON audit_log (subject, id DESC);

CREATE FUNCTION refuse_change_of_audit_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_log only grows: % is refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;

CREATE TRIGGER audit_log_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit_log();
