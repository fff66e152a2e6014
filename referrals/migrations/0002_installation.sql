-- Names this installation, so that what a process saved on its disk is not taken for another database's. Versions
-- alone cannot tell: every installation counts from 0. After restoring an older state of this database, give it a new
-- name (UPDATE referral_version SET installation = gen_random_uuid()), and every process starts anew.
ALTER TABLE referral_version ADD COLUMN installation uuid NOT NULL DEFAULT gen_random_uuid();
