-- Settled scores: computed after the click, with what later clicks say. The live score stays on the click. One row for
-- each set of rules, so old scores are kept. In daily partitions (UTC) as `clicks`, and dropped with the day.
CREATE TABLE click_scores (
    click_id        text COLLATE "C" NOT NULL,
    clicked_at      timestamptz NOT NULL,
    rules           text NOT NULL,
    stage           text NOT NULL,
    score           smallint NOT NULL,
    band            text NOT NULL,
    ivt_class       text,
    signals         jsonb,
    scored_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (click_id, clicked_at, rules, stage)
) PARTITION BY RANGE (clicked_at);

-- What people decided about a click. Nothing is updated or deleted: the newest row counts, and `withdrawn` ends a verdict.
CREATE TABLE click_verdicts (
    number          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    click_id        text COLLATE "C" NOT NULL,
    clicked_at      timestamptz NOT NULL,
    verdict         text NOT NULL CHECK (verdict IN ('valid', 'invalid', 'withdrawn')),
    why             text NOT NULL,
    who             text NOT NULL,
    decided_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX click_verdicts_click ON click_verdicts (click_id, number);

-- One day (UTC) of an affiliate, counted when the day is settled. Tests and prefetches are not counted.
CREATE TABLE affiliate_quality (
    day                 date NOT NULL,
    program_id          text COLLATE "C" NOT NULL,
    affiliate_id        text COLLATE "C" NOT NULL,
    clicks              bigint NOT NULL,
    hosting_vpn_clicks  bigint NOT NULL,
    top_net_clicks      bigint NOT NULL,
    invalid_clicks      bigint NOT NULL,
    clients             bigint NOT NULL,
    night_clicks        bigint NOT NULL,
    judged_clicks       bigint NOT NULL,
    repeat_clicks       bigint NOT NULL,
    counted_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (day, program_id, affiliate_id)
);

CREATE INDEX affiliate_quality_affiliate ON affiliate_quality (affiliate_id, day);

-- How far settling has come: every click before `settled_until` that was stored by `stored_until` has its settled score.
CREATE TABLE settling_progress (
    only_row        boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    settled_until   timestamptz NOT NULL,
    stored_until    timestamptz NOT NULL,
    quality_until   date NOT NULL
);

-- Settling looks for clicks that were stored late. Rows are appended in the order of stored_at, which suits BRIN: it
-- costs the sink next to nothing.
CREATE INDEX clicks_stored_at ON clicks USING brin (stored_at) WITH (autosummarize = on);

-- The verdict that counts for each click: a person's, else the newest settled score, else the live one.
CREATE VIEW click_verdicts_now AS
SELECT clicks.click_id, clicks.clicked_at, clicks.program_id, clicks.affiliate_id, clicks.code,
    CASE WHEN manual.verdict IS NOT NULL THEN 'manual' WHEN settled.score IS NOT NULL THEN 'settled' ELSE 'live' END
        AS source,
    CASE manual.verdict WHEN 'valid' THEN 'clean' WHEN 'invalid' THEN 'invalid'
        ELSE coalesce(settled.band, clicks.fraud_band) END AS band,
    coalesce(settled.score, clicks.fraud_score) AS score,
    CASE manual.verdict WHEN 'valid' THEN NULL
        WHEN 'invalid' THEN coalesce(settled.ivt_class, clicks.fraud_ivt_class, 'sivt')
        ELSE CASE WHEN settled.score IS NULL THEN clicks.fraud_ivt_class ELSE settled.ivt_class END END AS ivt_class,
    coalesce(settled.rules, clicks.fraud_rules) AS rules
FROM clicks
LEFT JOIN LATERAL (
    SELECT score, band, ivt_class, rules FROM click_scores
    WHERE click_scores.click_id = clicks.click_id AND click_scores.clicked_at = clicks.clicked_at
    ORDER BY scored_at DESC LIMIT 1
) AS settled ON true
LEFT JOIN LATERAL (
    SELECT nullif(verdict, 'withdrawn') AS verdict FROM click_verdicts
    WHERE click_verdicts.click_id = clicks.click_id ORDER BY number DESC LIMIT 1
) AS manual ON true;
