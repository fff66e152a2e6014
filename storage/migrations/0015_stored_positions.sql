-- How far each partition of Kafka is stored, written in the transaction of its rows. After a failover to a copy that
-- lagged behind, or a restored backup, the sink reads from here again. `topic` has the prefix of the installation.
CREATE TABLE stored_positions (
    topic       text COLLATE "C" NOT NULL,
    "partition" integer NOT NULL,
    next_offset bigint NOT NULL,
    noted_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (topic, "partition")
);
