-- Settled uniqueness, beside the settled score. Null in rows of before: the live verdict counts. `changes_uniqueness` is
-- true where it may differ from the live one: totals are the live ones, corrected by these few clicks.
ALTER TABLE click_scores ADD COLUMN is_unique boolean;
ALTER TABLE click_scores ADD COLUMN unique_basis text;
ALTER TABLE click_scores ADD COLUMN first_click_id text COLLATE "C";
ALTER TABLE click_scores ADD COLUMN unique_status text;
ALTER TABLE click_scores ADD COLUMN changes_uniqueness boolean NOT NULL DEFAULT false;
CREATE INDEX click_scores_changes ON click_scores (clicked_at) WHERE changes_uniqueness;

-- Each click with the verdict that counts: of the score a person's, else the newest settled one, else the live one; of
-- uniqueness the newest settled one, else the live one. The only place that says so.
CREATE VIEW clicks_now AS
SELECT clicks.*,
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
    coalesce(settled.unique_status, clicks.unique_status) AS now_unique_status
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

CREATE OR REPLACE VIEW click_verdicts_now AS
SELECT click_id, clicked_at, program_id, affiliate_id, code, now_source AS source, now_band AS band, now_score AS score,
    now_ivt_class AS ivt_class, now_rules AS rules, now_is_unique AS is_unique, now_unique_basis AS unique_basis,
    now_first_click_id AS first_click_id, now_unique_status AS unique_status
FROM clicks_now;
