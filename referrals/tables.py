"""The names of the referral tables by kind, and the query that identifies the database they are in."""

from typing import Final

from referrals.model import Kind

TABLES: Final[dict[Kind, str]] = {"program": "programs", "affiliate": "affiliates", "code": "referral_codes"}
KEYS: Final[dict[Kind, str]] = {"program": "id", "affiliate": "id", "code": "code"}

# The origin: the installation's id and a hash of what changes when its tables are restored into another server
# (system_identifier), to a point in time (timeline), into another database or as new tables (oids). A role without
# permission for the pg_control functions uses the other parts only.
READ_ORIGIN: Final = """
    SELECT installation::text || '/' || left(md5(concat_ws('/',
        CASE WHEN has_function_privilege('pg_control_system()', 'EXECUTE')
            THEN (SELECT system_identifier FROM pg_control_system()) END,
        CASE WHEN has_function_privilege('pg_control_checkpoint()', 'EXECUTE')
            THEN (SELECT timeline_id FROM pg_control_checkpoint()) END,
        (SELECT oid FROM pg_database WHERE datname = current_database()),
        'referral_version'::regclass::oid)), 12), version
    FROM referral_version
"""
