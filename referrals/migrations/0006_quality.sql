-- What a program may say about the quality of its clicks: how a visitor without a cookie is recognised, whether browsers
-- are asked for two more client hints, and its own weights and limits of signals.

CREATE FUNCTION are_quality_rules(rules jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN jsonb_typeof(rules) = 'object' THEN (
    SELECT count(*) <= 50 AND coalesce(bool_and(
        key ~ '^[a-z0-9_]{1,40}$'
        AND CASE WHEN jsonb_typeof(value) = 'number' THEN value::numeric BETWEEN 0 AND 1000000 ELSE false END
    ), true)
    FROM jsonb_each(rules)
) ELSE false END;

ALTER TABLE programs
    ADD COLUMN unique_basis text NOT NULL DEFAULT 'address'
        CONSTRAINT program_unique_basis_known CHECK (unique_basis IN ('address', 'cookie')),
    ADD COLUMN accept_client_hints boolean NOT NULL DEFAULT false,
    ADD COLUMN quality_rules jsonb NOT NULL DEFAULT '{}'
        CONSTRAINT program_quality_rules_shape CHECK (are_quality_rules(quality_rules));
