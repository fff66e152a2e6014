-- Notes of people about a program, affiliate or code. They are in a table of their own: the redirect reads none of them.
CREATE TABLE referral_notes (
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('program', 'affiliate', 'code')),
    id text COLLATE "C" NOT NULL,
    note text NOT NULL CHECK (length(note) BETWEEN 1 AND 2000),
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kind, id)
);
