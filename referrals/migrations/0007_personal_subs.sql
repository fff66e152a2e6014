-- Whether the program's affiliates put personal data into sub1 to sub5: then these are removed with the other personal
-- columns of its clicks.
ALTER TABLE programs ADD COLUMN subs_are_personal boolean NOT NULL DEFAULT false;
