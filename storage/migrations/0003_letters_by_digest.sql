-- A topic that is deleted and made again counts from 0 again: another record at an old place is another letter.
ALTER TABLE dead_letters ADD COLUMN taken_at timestamptz;
ALTER TABLE dead_letters ADD COLUMN digest text COLLATE "C";
ALTER TABLE dead_letters ADD COLUMN size bigint;
ALTER TABLE dead_letters ADD COLUMN is_cut boolean NOT NULL DEFAULT false;

UPDATE dead_letters SET digest = encode(sha256(value), 'hex'), size = octet_length(value);

ALTER TABLE dead_letters
    ALTER COLUMN digest SET NOT NULL,
    ALTER COLUMN size SET NOT NULL,
    DROP CONSTRAINT dead_letters_pkey,
    ADD PRIMARY KEY (topic, "partition", "offset", digest);

-- What `clickrail dead replay` has sent again: noted before it is sent, and once more when Kafka has it.
CREATE TABLE dead_letter_replays (
    topic               text COLLATE "C" NOT NULL,
    "partition"         integer NOT NULL,
    "offset"            bigint NOT NULL,
    digest              text COLLATE "C" NOT NULL,
    begun_at            timestamptz NOT NULL DEFAULT clock_timestamp(),
    sent_at             timestamptz,
    PRIMARY KEY (topic, "partition", "offset", digest)
);
