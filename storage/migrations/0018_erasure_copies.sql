-- Until when Kafka keeps its copies of what an erasure removed, by topic.
ALTER TABLE erasures ADD COLUMN copies jsonb NOT NULL DEFAULT '{}';
