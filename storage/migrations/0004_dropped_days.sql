-- Days (UTC) whose clicks were dropped on purpose: a late click of one is counted as lost, and its partition is not made
-- again. A row is written before the day's partition goes.
CREATE TABLE dropped_click_days (
    day         date PRIMARY KEY,
    dropped_at  timestamptz NOT NULL DEFAULT now()
);
