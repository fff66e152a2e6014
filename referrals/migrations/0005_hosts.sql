-- A target is a URL that browsers can follow, by the host parser of the URL standard (WHATWG): a host whose last label is a
-- number is an address of four numbers from 0 to 255, an `xn--` label is Punycode, a port has no zeros in front. `urls.hosts`
-- and `urls.targets` say the same in sentences. Left to them is only which characters a label of Punycode may stand for:
-- that is a table of some 9,000 ranges (UTS 46), renewed with every version of Unicode.

-- RFC 3492, section 6.2. The label is in lower case, and begins with xn--.
CREATE FUNCTION is_punycode(label text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    encoded text := substr(label, 5);
    delimiter integer := length(encoded) - strpos(reverse(encoded), '-') + 1;
    basic integer := CASE WHEN strpos(encoded, '-') = 0 THEN 0 ELSE delimiter - 1 END;
    rest text := CASE WHEN strpos(encoded, '-') = 0 THEN encoded ELSE substr(encoded, delimiter + 1) END;
    place integer := 1;
    points integer := basic;
    n bigint := 128;
    i bigint := 0;
    before bigint;
    weight bigint;
    digit integer;
    delta bigint;
    bias bigint := 72;
    threshold bigint;
    k bigint;
BEGIN
    -- A delimiter with nothing in front of it is none, and without a number behind it there is only ASCII.
    IF rest = '' OR left(encoded, 1) = '-' AND basic = 0 THEN
        RETURN false;
    END IF;
    WHILE place <= length(rest) LOOP
        before := i;
        weight := 1;
        k := 36;
        LOOP
            digit := strpos('abcdefghijklmnopqrstuvwxyz0123456789', substr(rest, place, 1)) - 1;
            IF place > length(rest) OR digit < 0 THEN
                RETURN false;
            END IF;
            place := place + 1;
            i := i + digit * weight;
            IF i > 2147483647 THEN
                RETURN false;
            END IF;
            threshold := least(greatest(k - bias, 1), 26);
            EXIT WHEN digit < threshold;
            weight := weight * (36 - threshold);
            k := k + 36;
        END LOOP;
        points := points + 1;
        delta := CASE WHEN before = 0 THEN (i - before) / 700 ELSE (i - before) / 2 END;
        delta := delta + delta / points;
        k := 0;
        WHILE delta > 455 LOOP
            delta := delta / 35;
            k := k + 36;
        END LOOP;
        bias := k + 36 * delta / (delta + 38);
        n := n + i / points;
        i := i % points + 1;
        IF n > 1114111 OR n BETWEEN 55296 AND 57343 THEN
            RETURN false;
        END IF;
    END LOOP;
    RETURN true;
END
$$;

-- inet takes some texts that RFC 4291 does not know, such as ::1.2.3: they are refused before it is asked.
CREATE FUNCTION is_ipv6(address text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    RETURN address ~ ':'
        AND (address !~ '\.' OR address ~ ':((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(\.|$)){4}$')
        AND family(address::inet) = 6;
EXCEPTION
    WHEN data_exception THEN
        RETURN false;
END
$$;

CREATE FUNCTION is_target_host(host text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path FROM CURRENT AS $$
DECLARE
    labels text[] := string_to_array(regexp_replace(lower(host), '\.$', ''), '.');
    final text := labels[cardinality(labels)];
    label text;
BEGIN
    IF length(host) > 253 THEN
        RETURN false;
    END IF;
    IF final ~ '^([0-9]+|0x[0-9a-f]*)$' THEN
        RETURN array_to_string(labels, '.') ~ '^((25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])(\.|$)){4}$'
            AND cardinality(labels) = 4;
    END IF;
    FOREACH label IN ARRAY labels LOOP
        IF label !~ '^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$' OR label ^@ 'xn--' AND NOT is_punycode(label) THEN
            RETURN false;
        END IF;
    END LOOP;
    RETURN true;
END
$$;

CREATE FUNCTION is_target_url(url text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path FROM CURRENT AS $$
DECLARE
    parts text[] := regexp_match(url, '^https?://(\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(:([1-9][0-9]{0,4}))?([/?#]|$)', 'i');
BEGIN
    RETURN is_web_url(url)
        AND parts IS NOT NULL
        AND coalesce(parts[5]::integer, 1) <= 65535
        AND CASE WHEN parts[2] IS NULL THEN is_target_host(parts[3]) ELSE is_ipv6(parts[2]) END;
END
$$;

CREATE FUNCTION refuse_bad_target() RETURNS trigger
LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    RAISE EXCEPTION '%: no browser can follow %', TG_ARGV[0], to_jsonb(NEW) ->> TG_ARGV[0]
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_ARGV[1];
END
$$;

-- Triggers, not CHECK, as for macros (0003): rows from before this rule may break it, and must still be paused and mended.
DO $$
DECLARE
    part record;
BEGIN
    FOR part IN SELECT * FROM (VALUES
        ('programs', 'target_url', 'program_target_url_host'),
        ('programs', 'fallback_url', 'program_fallback_url_host'),
        ('referral_codes', 'target_url', 'code_target_url_host')
    ) AS parts (tab, col, rule)
    LOOP
        EXECUTE format('CREATE TRIGGER host_%2$s_insert BEFORE INSERT ON %1$I FOR EACH ROW WHEN (is_web_url(NEW.%2$I) AND NOT is_target_url(NEW.%2$I)) EXECUTE FUNCTION refuse_bad_target(%2$L, %3$L)', part.tab, part.col, part.rule);
        EXECUTE format('CREATE TRIGGER host_%2$s_update BEFORE UPDATE ON %1$I FOR EACH ROW WHEN (NEW.%2$I IS DISTINCT FROM OLD.%2$I AND is_web_url(NEW.%2$I) AND NOT is_target_url(NEW.%2$I)) EXECUTE FUNCTION refuse_bad_target(%2$L, %3$L)', part.tab, part.col, part.rule);
    END LOOP;
END
$$;
