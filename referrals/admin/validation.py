"""Why a change was not made: the tables' constraints, said in sentences."""

from typing import Final

import asyncpg
import msgspec


class ValidationProblem(msgspec.Struct, frozen=True):
    """Nothing was changed; `reason` says why, to whoever asked for it."""

    reason: str


SENTENCES: Final = {
    "program_id_shape": "a program's id is 1 to 40 of the characters a-z, 0-9, _ and -",
    "program_name_shape": "a program's name is 1 to 200 characters on one line",
    "program_status_known": "a status is active, paused or archived",
    "program_target_url_shape": "a program's target is an http or https URL",
    "program_fallback_url_shape": "a program's fallback is an http or https URL",
    "program_cookie_window_range": "a cookie window is 1 to 400 days",
    "program_cookie_domain_shape": "a cookie domain is a host name in lower case with a dot, such as shop.example",
    "program_privacy_known": "a privacy policy is full, no_cookie or anonymous",
    "program_privacy_gpc_known": "a privacy policy for GPC is full, no_cookie or anonymous",
    "program_privacy_dnt_known": "a privacy policy for DNT is full, no_cookie or anonymous",
    "program_limit_policy_known": "a limit policy is flag, skip or refuse",
    "program_unique_window_range": "a window of uniqueness is 0 to 34560000 seconds",
    "program_token_parameter_shape": "a token parameter is 1 to 40 of the characters A-Z, a-z, 0-9, _, . and -",
    "program_pass_query_known": "what is passed of the query is none, listed or all",
    "program_pass_names_shape": "up to 50 names are passed, each 1 to 40 of the characters A-Z, a-z, 0-9, _, . and -",
    "program_deep_link_hosts_shape": (
        "up to 50 hosts are listed for deep links, each as shop.example or *.shop.example, in lower case and without"
        " a port"
    ),
    "program_cookie_policy_known": "a cookie policy is last or first",
    "programs_pkey": "there is a program of that id already",
    "affiliate_id_shape": "an affiliate's id is 1 to 40 of the characters a-z, 0-9, _ and -",
    "affiliate_name_shape": "an affiliate's name is 1 to 200 characters on one line",
    "affiliate_status_known": "a status is active, paused or archived",
    "affiliates_pkey": "there is an affiliate of that id already",
    "code_shape": "a code is 1 to 64 of the characters A-Z, a-z, 0-9, _ and -",
    "code_affiliate_exists": "there is no affiliate of that id",
    "code_program_exists": "there is no program of that id",
    "code_status_known": "a status is active, paused or archived",
    "code_target_url_shape": "a code's target is an http or https URL",
    "referral_codes_pkey": "there is such a code already",
    "referral_id_reused": "that id belonged to one that was deleted, and is never used again",
    "referral_key_kept": "an id, or a code, is never changed",
}

REFUSING: Final = (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError)
"""What Postgres, or asyncpg on the way there, raises for data that cannot be stored."""


def explain_violation(error: Exception) -> ValidationProblem:
    constraint = getattr(error, "constraint_name", None)
    return ValidationProblem(SENTENCES.get(constraint or "", str(error)))
