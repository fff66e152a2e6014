"""Previews what a visitor would get if a form was saved as it is."""

from typing import Any

import msgspec
from aiohttp import web

from console.environment import ENVIRONMENT, Environment
from console.referrals.preview import Shown, preview
from referrals.admin import repository
from referrals.admin.validation import ValidationProblem
from referrals.model import Affiliate, Program, Referral, ReferralCode

Owners = tuple[Program, Affiliate]


async def preview_draft(request: web.Request, value: Referral) -> Shown | ValidationProblem:
    """Preview a draft of a program or code; a problem if it could not be saved. Raises DatabaseAway."""
    environment: Environment = request.app[ENVIRONMENT]
    wrong = repository.find_target_problem(msgspec.structs.asdict(value))
    if wrong is not None:
        return wrong
    public_url, now = environment.settings.public_url, environment.now()
    match value:
        case Program():
            return preview(value, None, None, public_url, now)
        case ReferralCode():
            owners = await find_owners(environment, value)
            if isinstance(owners, ValidationProblem):
                return owners
            program, affiliate = owners
            return preview(program, affiliate, value, public_url, now)
        case _:
            return ValidationProblem("an affiliate alone leads nowhere: preview one of its codes")


async def find_owners(environment: Environment, code: ReferralCode) -> Owners | ValidationProblem:
    async def read(connection: Any) -> Owners | ValidationProblem:
        program = await repository.find(connection, "program", code.program_id)
        affiliate = await repository.find(connection, "affiliate", code.affiliate_id)
        if not isinstance(program, Program):
            return ValidationProblem("there is no program with that id", "program_id")
        if not isinstance(affiliate, Affiliate):
            return ValidationProblem("there is no affiliate with that id", "affiliate_id")
        return program, affiliate

    found: Owners | ValidationProblem = await environment.database.read(read)
    return found
