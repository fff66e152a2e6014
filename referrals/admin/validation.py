"""Explains a violated constraint of the tables in a sentence."""

from typing import Final

import asyncpg
import msgspec


class ValidationProblem(msgspec.Struct, frozen=True):
    """Why a change was refused, in words for a person, and which field was wrong, if one was. Nothing was changed."""

    reason: str
    field: str | None = None


SENTENCES: Final = {
    "program_id_shape": "a program's id must be 1 to 40 of the characters a-z, 0-9, _ and -",
    "program_name_shape": "a program's name must be 1 to 200 characters on one line",
    "program_status_known": "a status must be active, paused or archived",
    "program_target_url_shape": "a program's target must be an http or https URL",
    "program_fallback_url_shape": "a program's fallback must be an http or https URL",
    "program_cookie_window_range": "a cookie window must be 1 to 400 days",
    "program_cookie_domain_shape": "a cookie domain must be a lower-case host name with a dot, such as shop.example",
    "program_privacy_known": "a privacy policy must be full, no_cookie or anonymous",
    "program_privacy_gpc_known": "a privacy policy for GPC must be full, no_cookie or anonymous",
    "program_privacy_dnt_known": "a privacy policy for DNT must be full, no_cookie or anonymous",
    "program_limit_policy_known": "a limit policy must be flag, skip or refuse",
    "program_unique_window_range": "a unique window must be 0 to 34560000 seconds",
    "program_token_parameter_shape": "a token parameter must be 1 to 40 of the characters A-Z, a-z, 0-9, _, . and -",
    "program_pass_query_known": "pass_query must be none, listed or all",
    "program_pass_names_shape": (
        "pass_names must be at most 50 names, each 1 to 40 of the characters A-Z, a-z, 0-9, _, . and -"
    ),
    "program_deep_link_hosts_shape": (
        "deep_link_hosts must be at most 50 hosts, each as shop.example or *.shop.example, in lower case and without a"
        " port"
    ),
    "program_cookie_policy_known": "a cookie policy must be last or first",
    "program_unique_basis_known": "a unique basis must be address or cookie",
    "program_quality_rules_shape": (
        "quality_rules must be at most 50 rules, each a name of 1 to 40 of the characters a-z, 0-9 and _ with a number"
        " from 0 to 1000000"
    ),
    "programs_pkey": "there is a program with that id already",
    "affiliate_id_shape": "an affiliate's id must be 1 to 40 of the characters a-z, 0-9, _ and -",
    "affiliate_name_shape": "an affiliate's name must be 1 to 200 characters on one line",
    "affiliate_status_known": "a status must be active, paused or archived",
    "affiliates_pkey": "there is an affiliate with that id already",
    "code_shape": "a code must be 1 to 64 of the characters A-Z, a-z, 0-9, _ and -",
    "code_affiliate_exists": "there is no affiliate with that id",
    "code_program_exists": "there is no program with that id",
    "code_status_known": "a status must be active, paused or archived",
    "code_target_url_shape": "a code's target must be an http or https URL",
    "referral_codes_pkey": "that code exists already",
    "referral_id_reused": "that id belonged to a deleted row, and ids are never used again",
    "referral_key_kept": "an id or a code cannot be changed",
}

FIELDS: Final = {
    "code_affiliate_exists": "affiliate_id",
    "code_program_exists": "program_id",
    "code_shape": "code",
    "programs_pkey": "id",
    "affiliates_pkey": "id",
    "referral_codes_pkey": "code",
}
"""Fields of constraints whose names do not say it."""
SHAPES: Final = ("_shape", "_known", "_range")

REJECTIONS: Final = (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError)
"""Raised by Postgres, or already by asyncpg, for data that cannot be stored."""


def explain_violation(error: Exception) -> ValidationProblem:
    constraint = getattr(error, "constraint_name", None) or ""
    return ValidationProblem(SENTENCES.get(constraint, str(error)), find_field(constraint))


def find_field(constraint: str) -> str | None:
    """Return the field of a constraint: `program_cookie_window_range` is of `cookie_window_days`."""
    if constraint in FIELDS:
        return FIELDS[constraint]
    ending = next((one for one in SHAPES if constraint.endswith(one)), None)
    if ending is None or constraint not in SENTENCES:
        return None
    name = constraint.removesuffix(ending).partition("_")[2]
    return {"cookie_window": "cookie_window_days", "unique_window": "unique_window_s"}.get(name, name)
