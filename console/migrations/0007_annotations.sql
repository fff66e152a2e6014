-- What people write beside the numbers: of a day of the reporting zone, or of a moment; of one program, or of all.
CREATE TABLE annotations (
    annotation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    day         date,
    at          timestamptz,
    program_id  text COLLATE "C",
    text        text NOT NULL CHECK (length(text) BETWEEN 1 AND 500),
    written_by  text NOT NULL CHECK (length(written_by) <= 200),
    written_at  timestamptz NOT NULL,
    CHECK ((day IS NULL) <> (at IS NULL))
);
CREATE INDEX annotations_by_time ON annotations (coalesce(at, day::timestamp AT TIME ZONE 'UTC'));
