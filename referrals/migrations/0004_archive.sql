-- What is over for good is archived: answered as what is paused, by the program's fallback, and no longer in the lists.
-- Its row stays, so that its id is never used again and old clicks keep whom they name.
ALTER TABLE programs
    DROP CONSTRAINT program_status_known,
    ADD CONSTRAINT program_status_known CHECK (status IN ('active', 'paused', 'archived'));
ALTER TABLE affiliates
    DROP CONSTRAINT affiliate_status_known,
    ADD CONSTRAINT affiliate_status_known CHECK (status IN ('active', 'paused', 'archived'));
ALTER TABLE referral_codes
    DROP CONSTRAINT code_status_known,
    ADD CONSTRAINT code_status_known CHECK (status IN ('active', 'paused', 'archived'));
