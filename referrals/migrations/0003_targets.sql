-- What else a program may say of where its visitors go (docs/targets.md), and of whose cookie counts.

CREATE FUNCTION are_all_like(texts text[], pattern text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN cardinality(texts) <= 50
    AND coalesce(array_ndims(texts), 1) = 1
    AND NOT EXISTS (SELECT FROM unnest(texts) AS one WHERE (one ~ pattern) IS NOT TRUE);

ALTER TABLE programs
    ADD COLUMN token_parameter text
        CONSTRAINT program_token_parameter_shape CHECK (token_parameter ~ '^[A-Za-z0-9_.-]{1,40}$'),
    ADD COLUMN pass_query text NOT NULL DEFAULT 'none'
        CONSTRAINT program_pass_query_known CHECK (pass_query IN ('none', 'listed', 'all')),
    ADD COLUMN pass_names text[] NOT NULL DEFAULT '{}'
        CONSTRAINT program_pass_names_shape CHECK (are_all_like(pass_names, '^[A-Za-z0-9_.-]{1,40}$')),
    ADD COLUMN deep_link_hosts text[] NOT NULL DEFAULT '{}'
        CONSTRAINT program_deep_link_hosts_shape CHECK (
            are_all_like(
                deep_link_hosts,
                '^(?=.{1,253}$)(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$'
            )
        ),
    ADD COLUMN cookie_policy text NOT NULL DEFAULT 'last'
        CONSTRAINT program_cookie_policy_known CHECK (cookie_policy IN ('last', 'first'));

-- What is shaped like a macro and is none would reach the merchant as it stands, with nobody noticing.
CREATE FUNCTION find_unknown_macro(url text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (
    SELECT macro[1] FROM regexp_matches(url, '\{[A-Za-z0-9_.-]+\}', 'g') AS macro
    WHERE macro[1] <> ALL (ARRAY[
        '{click_id}', '{click_token}', '{code}', '{affiliate_id}', '{program_id}',
        '{sub1}', '{sub2}', '{sub3}', '{sub4}', '{sub5}', '{external_id}'
    ])
    LIMIT 1
);

CREATE FUNCTION refuse_unknown_macro() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    RAISE EXCEPTION '%: there is no macro %', TG_ARGV[0], find_unknown_macro(to_jsonb(NEW) ->> TG_ARGV[0])
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_ARGV[1];
END
$$;

-- Triggers, not CHECK: rows from before this rule may break it, and a CHECK, NOT VALID too, is evaluated at every
-- update of a row. Then a program with an old target could not even be paused. Only a URL that changes is looked at.
DO $$
DECLARE
    part record;
BEGIN
    FOR part IN SELECT * FROM (VALUES
        ('programs', 'target_url', 'program_target_url_macros'),
        ('programs', 'fallback_url', 'program_fallback_url_macros'),
        ('referral_codes', 'target_url', 'code_target_url_macros')
    ) AS parts (tab, col, rule)
    LOOP
        EXECUTE format('CREATE TRIGGER macros_%2$s_insert BEFORE INSERT ON %1$I FOR EACH ROW WHEN (find_unknown_macro(NEW.%2$I) IS NOT NULL) EXECUTE FUNCTION refuse_unknown_macro(%2$L, %3$L)', part.tab, part.col, part.rule);
        EXECUTE format('CREATE TRIGGER macros_%2$s_update BEFORE UPDATE ON %1$I FOR EACH ROW WHEN (NEW.%2$I IS DISTINCT FROM OLD.%2$I AND find_unknown_macro(NEW.%2$I) IS NOT NULL) EXECUTE FUNCTION refuse_unknown_macro(%2$L, %3$L)', part.tab, part.col, part.rule);
    END LOOP;
END
$$;
