-- Numbers of clicks that people know to be lost, and acknowledged: they are not missing any more. A row is one hole of
-- one minute; what was acknowledged together has the same time, person and reason. Never changed.
CREATE TABLE ledger_acknowledged (
    hole_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    process     text COLLATE "C" NOT NULL,
    minute      timestamptz NOT NULL,
    numbers     int8range NOT NULL CHECK (NOT isempty(numbers)),
    acknowledged_at timestamptz NOT NULL,
    acknowledged_by text NOT NULL CHECK (length(acknowledged_by) <= 200),
    reason      text NOT NULL CHECK (length(reason) BETWEEN 1 AND 500)
);
CREATE INDEX ledger_acknowledged_minute ON ledger_acknowledged (minute);
