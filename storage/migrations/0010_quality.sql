-- Facts of traffic quality (contract 1.4). Rows of before say `not_judged`, and have no score. A constant default rewrites
-- no row.
ALTER TABLE clicks ADD COLUMN lease_click_id text COLLATE "C";
ALTER TABLE clicks ADD COLUMN program_unique_basis text;
ALTER TABLE clicks ADD COLUMN referrer_term text;
ALTER TABLE clicks ADD COLUMN bot_kind text;
ALTER TABLE clicks ADD COLUMN client_hints_model text;
ALTER TABLE clicks ADD COLUMN client_hints_platform_version text;
ALTER TABLE clicks ADD COLUMN fetch_site text;
ALTER TABLE clicks ADD COLUMN fetch_mode text;
ALTER TABLE clicks ADD COLUMN fetch_dest text;
ALTER TABLE clicks ADD COLUMN fetch_user text;
ALTER TABLE clicks ADD COLUMN net_hash text COLLATE "C";
ALTER TABLE clicks ADD COLUMN client_hash text COLLATE "C";
ALTER TABLE clicks ADD COLUMN network_status text NOT NULL DEFAULT 'not_judged';
ALTER TABLE clicks ADD COLUMN network_asn bigint;
ALTER TABLE clicks ADD COLUMN network_org text;
ALTER TABLE clicks ADD COLUMN network_kind text;
ALTER TABLE clicks ADD COLUMN network_certainty text;
ALTER TABLE clicks ADD COLUMN network_provider text;
ALTER TABLE clicks ADD COLUMN network_lists text[] NOT NULL DEFAULT '{}';
ALTER TABLE clicks ADD COLUMN network_database text;
ALTER TABLE clicks ADD COLUMN is_unique boolean;
ALTER TABLE clicks ADD COLUMN unique_basis text;
ALTER TABLE clicks ADD COLUMN first_click_id text COLLATE "C";
ALTER TABLE clicks ADD COLUMN unique_status text NOT NULL DEFAULT 'not_judged';
ALTER TABLE clicks ADD COLUMN fraud_score smallint;
ALTER TABLE clicks ADD COLUMN fraud_band text;
ALTER TABLE clicks ADD COLUMN fraud_ivt_class text;
ALTER TABLE clicks ADD COLUMN fraud_rules text;
ALTER TABLE clicks ADD COLUMN fraud_stage text;
-- The program's own weights and limits; what other clicks say; what the host's clicks carried; the evidence.
ALTER TABLE clicks ADD COLUMN quality_rules jsonb;
ALTER TABLE clicks ADD COLUMN counts jsonb;
ALTER TABLE clicks ADD COLUMN guards jsonb;
ALTER TABLE clicks ADD COLUMN fraud_signals jsonb;
ALTER TABLE rejected_clicks ADD COLUMN method text;
