-- Days whose clicks got another verdict, to be counted again. A mark was a `counted_at` of -infinity, which a day that was just
-- being counted for the first time could not have: a verdict of that moment was in no count for good.
CREATE TABLE affiliate_quality_marks (
    number  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    day     date NOT NULL
);
INSERT INTO affiliate_quality_marks (day) SELECT DISTINCT day FROM affiliate_quality WHERE counted_at = '-infinity';
