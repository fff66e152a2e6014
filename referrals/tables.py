"""The tables of referrals, by kind, and which database they are in."""

from typing import Final

from referrals.model import Kind

TABLES: Final[dict[Kind, str]] = {"program": "programs", "affiliate": "affiliates", "code": "referral_codes"}
KEYS: Final[dict[Kind, str]] = {"program": "id", "affiliate": "id", "code": "code"}

# The database's own name, and what changes when its tables are restored: into another server or database, as new
# tables, or to a point in time. A role that may not ask for the server's identity goes by the rest.
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
