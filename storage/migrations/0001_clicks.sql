-- Clicks, one row each, in daily partitions (UTC) that the sink makes when a batch needs them. There is no default
-- partition: a row without a partition is a mistake to be seen, not to be collected. Columns are the fields of
-- EnrichedClick, flat; a test holds them against it.
CREATE TABLE clicks (
    click_id            text COLLATE "C" NOT NULL,
    clicked_at          timestamptz NOT NULL,
    code                text COLLATE "C" NOT NULL,
    affiliate_id        text COLLATE "C" NOT NULL,
    program_id          text COLLATE "C" NOT NULL,
    host                text NOT NULL,
    path                text NOT NULL,
    query               text NOT NULL,
    target_url          text NOT NULL,
    user_agent          text,
    accept_language     text,
    client_hints_ua     text,
    client_hints_mobile text,
    client_hints_platform text,
    sub1                text,
    sub2                text,
    sub3                text,
    sub4                text,
    sub5                text,
    external_id         text,
    utm_source          text,
    utm_medium          text,
    utm_campaign        text,
    utm_term            text,
    utm_content         text,
    ad_ids              jsonb,
    previous_click_id   text COLLATE "C",
    cookie_state        text NOT NULL,
    privacy_gpc         boolean NOT NULL,
    privacy_dnt         boolean NOT NULL,
    privacy_decision    text NOT NULL,
    prefetch            boolean NOT NULL,
    unique_window_s     integer NOT NULL,
    limited_by          text,
    handled_region      text NOT NULL,
    handled_process     text COLLATE "C" NOT NULL,
    handled_sequence    bigint,
    handled_cache       text,
    handled_steps_us    jsonb NOT NULL,
    handled_key_ids     jsonb NOT NULL,
    truncated           text[] NOT NULL,
    ip_hash             text COLLATE "C",
    ip_hash_key_id      text COLLATE "C",
    geo_status          text NOT NULL,
    geo_country         text,
    geo_region          text,
    geo_city            text,
    geo_database        text,
    device_type         text NOT NULL,
    device_brand        text,
    device_model        text,
    device_os           text,
    device_os_version   text,
    device_browser      text,
    device_browser_version text,
    device_parser       text,
    referrer_url        text,
    referrer_host       text,
    referrer_medium     text NOT NULL,
    referrer_source     text,
    is_bot              boolean NOT NULL,
    bot_reasons         text[] NOT NULL,
    bot_rules           text,
    schema_version      text NOT NULL,
    -- The click's way: Kafka took the raw click, Kafka took the enriched one, this row was written.
    published_at        timestamptz NOT NULL,
    enriched_at         timestamptz NOT NULL,
    stored_at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (click_id, clicked_at)
) PARTITION BY RANGE (clicked_at);

-- The included columns let the console count a day by bots, codes and countries from the index alone.
CREATE INDEX clicks_clicked_at ON clicks (clicked_at) INCLUDE (is_bot, code, geo_country);
CREATE INDEX clicks_code ON clicks (code, clicked_at);
CREATE INDEX clicks_affiliate ON clicks (affiliate_id, clicked_at);

CREATE TABLE rejected_clicks (
    rejection_id        text COLLATE "C" PRIMARY KEY,
    rejected_at         timestamptz NOT NULL,
    reason              text COLLATE "C" NOT NULL,
    status              integer NOT NULL,
    asked               text NOT NULL,
    affiliate_id        text COLLATE "C",
    program_id          text COLLATE "C",
    host                text NOT NULL,
    referrer            text,
    user_agent          text,
    ip_hash             text COLLATE "C",
    ip_hash_key_id      text COLLATE "C",
    handled_region      text NOT NULL,
    handled_process     text COLLATE "C" NOT NULL,
    handled_cache       text,
    schema_version      text NOT NULL,
    published_at        timestamptz NOT NULL,
    stored_at           timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE INDEX rejected_clicks_rejected_at ON rejected_clicks (rejected_at, reason);

CREATE TABLE dead_letters (
    topic               text COLLATE "C" NOT NULL,
    "partition"         integer NOT NULL,
    "offset"            bigint NOT NULL,
    key                 bytea,
    value               bytea NOT NULL,
    stage               text NOT NULL,
    reason              text NOT NULL,
    detail              text NOT NULL,
    attempts            integer NOT NULL,
    failed_at           timestamptz NOT NULL,
    stored_at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (topic, "partition", "offset")
);

CREATE INDEX dead_letters_failed_at ON dead_letters (failed_at);
