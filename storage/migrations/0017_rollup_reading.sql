-- The verdict that counts, now with the click's batch, by which readers and the roller find clicks. Other views read this
-- one, so it is replaced: its columns stay where they are, and the new one is the last.
CREATE OR REPLACE VIEW clicks_now AS
SELECT
    clicks.click_id, clicks.clicked_at, clicks.code, clicks.affiliate_id, clicks.program_id, clicks.host,
    clicks.path, clicks.query, clicks.target_url, clicks.user_agent, clicks.accept_language, clicks.client_hints_ua,
    clicks.client_hints_mobile, clicks.client_hints_platform, clicks.sub1, clicks.sub2, clicks.sub3, clicks.sub4,
    clicks.sub5, clicks.external_id, clicks.utm_source, clicks.utm_medium, clicks.utm_campaign, clicks.utm_term,
    clicks.utm_content, clicks.ad_ids, clicks.previous_click_id, clicks.cookie_state, clicks.privacy_gpc,
    clicks.privacy_dnt, clicks.privacy_decision, clicks.prefetch, clicks.unique_window_s, clicks.limited_by,
    clicks.handled_region, clicks.handled_process, clicks.handled_sequence, clicks.handled_cache,
    clicks.handled_steps_us, clicks.handled_key_ids, clicks.truncated, clicks.ip_hash, clicks.ip_hash_key_id,
    clicks.geo_status, clicks.geo_country, clicks.geo_region, clicks.geo_city, clicks.geo_database,
    clicks.device_type, clicks.device_brand, clicks.device_model, clicks.device_os, clicks.device_os_version,
    clicks.device_browser, clicks.device_browser_version, clicks.device_parser, clicks.referrer_url,
    clicks.referrer_host, clicks.referrer_medium, clicks.referrer_source, clicks.is_bot, clicks.bot_reasons,
    clicks.bot_rules, clicks.schema_version, clicks.published_at, clicks.enriched_at, clicks.stored_at,
    clicks.is_test, clicks.target_source, clicks.lease_click_id, clicks.program_unique_basis, clicks.referrer_term,
    clicks.bot_kind, clicks.client_hints_model, clicks.client_hints_platform_version, clicks.fetch_site,
    clicks.fetch_mode, clicks.fetch_dest, clicks.fetch_user, clicks.net_hash, clicks.client_hash,
    clicks.network_status, clicks.network_asn, clicks.network_org, clicks.network_kind, clicks.network_certainty,
    clicks.network_provider, clicks.network_lists, clicks.network_database, clicks.is_unique, clicks.unique_basis,
    clicks.first_click_id, clicks.unique_status, clicks.fraud_score, clicks.fraud_band, clicks.fraud_ivt_class,
    clicks.fraud_rules, clicks.fraud_stage, clicks.quality_rules, clicks.counts, clicks.guards, clicks.fraud_signals,
    CASE WHEN manual.verdict IS NOT NULL THEN 'manual' WHEN settled.score IS NOT NULL THEN 'settled' ELSE 'live' END
        AS now_source,
    CASE manual.verdict WHEN 'valid' THEN 'clean' WHEN 'invalid' THEN 'invalid'
        ELSE coalesce(settled.band, clicks.fraud_band) END AS now_band,
    coalesce(settled.score, clicks.fraud_score) AS now_score,
    CASE manual.verdict WHEN 'valid' THEN NULL
        WHEN 'invalid' THEN coalesce(settled.ivt_class, clicks.fraud_ivt_class, 'sivt')
        ELSE CASE WHEN settled.score IS NULL THEN clicks.fraud_ivt_class ELSE settled.ivt_class END END
        AS now_ivt_class,
    coalesce(settled.rules, clicks.fraud_rules) AS now_rules,
    CASE WHEN settled.unique_status IS NULL THEN clicks.is_unique ELSE settled.is_unique END AS now_is_unique,
    CASE WHEN settled.unique_status IS NULL THEN clicks.unique_basis ELSE settled.unique_basis END AS now_unique_basis,
    CASE WHEN settled.unique_status IS NULL THEN clicks.first_click_id ELSE settled.first_click_id END
        AS now_first_click_id,
    coalesce(settled.unique_status, clicks.unique_status) AS now_unique_status,
    clicks.batch_id
FROM clicks
LEFT JOIN LATERAL (
    SELECT score, band, ivt_class, rules, is_unique, unique_basis, first_click_id, unique_status FROM click_scores
    WHERE click_scores.click_id = clicks.click_id AND click_scores.clicked_at = clicks.clicked_at
    ORDER BY scored_at DESC LIMIT 1
) AS settled ON true
LEFT JOIN LATERAL (
    SELECT nullif(verdict, 'withdrawn') AS verdict FROM click_verdicts
    WHERE click_verdicts.click_id = clicks.click_id ORDER BY number DESC LIMIT 1
) AS manual ON true;

-- Rollups count a click when it is not older than `counted_from` and its batch is rolled, or it has none. While clicks
-- of before are counted, the newest day first, `counted_from` moves back day by day.
ALTER TABLE rollup_state ADD COLUMN counted_from timestamptz NOT NULL DEFAULT 'infinity';
UPDATE rollup_state SET counted_from = '-infinity' WHERE is_complete;

-- The time that a frozen day covers, in the zone of its counting.
ALTER TABLE rollup_days ADD COLUMN first_at timestamptz NOT NULL, ADD COLUMN until timestamptz NOT NULL;

-- The months that have rows of their own: later changes of their days change them, too.
CREATE TABLE rollup_months (
    month       timestamptz PRIMARY KEY,
    made_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Without `people` an addition to a total changes no index (HOT). Busy entities, and values that have pairs, are few.
DROP INDEX click_rollups_top;
CREATE INDEX click_rollups_top ON click_rollups (grain, kind, period) WHERE dim = 0;
CREATE INDEX click_rollups_detailed ON click_rollups (period) WHERE detailed;
