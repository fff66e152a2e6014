-- Every sending of a dead letter is kept: `--again` used to remove the note of the one before it. `refused_at` says that
-- the topic takes no record as large: Kafka does not have it, and it can be sent once the topic's limit is raised.
ALTER TABLE dead_letter_replays
    ADD COLUMN attempt integer NOT NULL DEFAULT 1,
    ADD COLUMN refused_at timestamptz,
    DROP CONSTRAINT dead_letter_replays_pkey,
    ADD PRIMARY KEY (topic, "partition", "offset", digest, attempt);
