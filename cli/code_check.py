"""Explains the answer of the redirect to a link, for `clickrail code check`. Pure."""

from collections.abc import Sequence
from typing import Final

import msgspec

from cli.code_link import write_link
from ingest.pipeline import Keys, make_program_cookie
from ingest.preview import CLICK, TOKEN, Preview, Source
from ingest.request.signals import is_test, read_test_proof
from ingest.target.query_passthrough import DEEP_LINK
from referrals.admin.explain import describe_settings, name_reason, warn_of_address, warn_of_target
from referrals.lookup.answers import Found
from referrals.model import Program
from schemas.reasons import UNKNOWN_CODE, advise, name_in_command
from urls.links import PREFIX, VisitedLink, find_requested_code, is_https, match_code

SOURCES: Final[dict[Source, str]] = {
    "program": "The target is the program's.",
    "code": "The target is the code's.",
    "visitor": "The visitor goes to the page that ?url= asks for: the program lists its host.",
}
NO_LINK: Final = (
    f"This is not a referral link: its path does not begin with {PREFIX}. It is answered 404 and not recorded."
)
CREATE: Final = "Correct the link, or create the code: `clickrail code add --affiliate ID --program ID {code}`."
STAND_INS: Final = ((CLICK, "click's id"), (TOKEN, "click's token"))
NOT_KNOWN_TEST: Final = "The link says that it is a test link: add --keys-file to find out whether that is true."


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about a link. `found` is its code with affiliate and program, or null; `similar` are codes like it.

    `click_id` is set if the text looks like the id of a click. `public_url` is where visitors reach ingest, and
    `fallback_url` is ingest's setting; null if they are not known. `test` says whether visits are tests: null if the
    link says so and there is no key ring to verify it.
    """

    link: VisitedLink
    preview: Preview
    found: Found | None = None
    similar: Sequence[str] = ()
    click_id: str | None = None
    public_url: str | None = None
    fallback_url: str | None = None
    test: bool | None = False

    @property
    def code(self) -> str | None:
        return match_code(self.link.path)

    @property
    def counts(self) -> bool:
        """Whether a visit makes a click that totals count."""
        return self.preview.makes_click and not self.test


def read_test(keys: Keys | None, code: str | None, query: str, now_s: int) -> bool | None:
    """Tell whether a link's visits are tests; null if its proof cannot be verified without keys."""
    if read_test_proof(query) is None or code is None:
        return False
    return None if keys is None else is_test(keys.token, code, query, now_s)


def name_cookie(program: Program, public_url: str | None) -> str:
    """Name a program's cookie. As in ingest, the name depends on the scheme of the public URL."""
    if public_url is not None:
        return make_program_cookie(program, https=is_https(public_url)).name
    secure, plain = (make_program_cookie(program, https=https).name for https in (True, False))
    return f"{secure} if the public URL is https, {plain} if it is http"


def explain(checked: Checked) -> list[str]:
    """Explain the answer to a visit in sentences, warnings last."""
    preview, found = checked.preview, checked.found
    if preview.reason is not None:
        return explain_refusal(checked)
    if found is None:
        return [NO_LINK]
    return [
        f"Code, affiliate {found.affiliate.id} and program {found.program.id} are active.",
        SOURCES[preview.source or "program"],
        *describe_settings(found.program),
        *describe_link(checked),
        *warn_of_target(found),
        *warn_of_address(found.program, checked.link.origin, checked.public_url),
    ]


def explain_refusal(checked: Checked) -> list[str]:
    reason, found = checked.preview.reason, checked.found
    if reason is None:
        return []
    if reason == UNKNOWN_CODE:
        return [name_reason(reason), *offer(checked), CREATE.format(code=name_in_command(checked.code))]
    if found is None:
        return [name_reason(reason), *offer(checked), reason.remedy]
    goes_to = "fallback" if found.program.fallback_url else "target: it has no fallback"
    remedy = advise(reason, code=checked.code, affiliate_id=found.affiliate.id, program_id=found.program.id)
    return [
        name_reason(reason),
        f"The visitor goes to the program's {goes_to}.",
        remedy,
        *warn_of_address(found.program, checked.link.origin, checked.public_url),
    ]


def offer(checked: Checked) -> list[str]:
    """Say which click or code may have been meant."""
    said = []
    if checked.click_id:
        said.append(f"This looks like the id of a click, which the console shows at /clicks/{checked.click_id}.")
    if checked.similar:
        said.append(f"Similar codes: {', '.join(checked.similar)}.")
    elif checked.code:
        said.append("There is no similar code.")
    return said


def describe_link(checked: Checked) -> list[str]:
    """Give notes on this link, and explain the placeholders in its Location."""
    said = []
    if checked.preview.source != "visitor" and f"{DEEP_LINK}=" in checked.link.query:
        said.append("?url= is ignored: the program does not list its host, or it is not a URL.")
    if checked.test:
        said.append("This is a test link: its clicks are recorded, but no total counts them.")
    if checked.test is None:
        said.append(NOT_KNOWN_TEST)
    location = checked.preview.location or ""
    said += [
        f"{word} stands for the {meaning}, which is different for each click."
        for word, meaning in STAND_INS
        if word in location
    ]
    return said


def describe(checked: Checked) -> dict[str, object]:
    """Return what `code check` prints, by the name of each line."""
    preview, found = checked.preview, checked.found
    counts = "no: it is a test" if preview.makes_click and checked.test else preview.makes_click
    if found is None:
        asked = checked.code or find_requested_code(checked.link.path) or checked.link.path
        return {"asked": asked, "answer": describe_answer(checked), "counts": counts, "why": explain(checked)}
    cookie = f"{name_cookie(found.program, checked.public_url)}, {found.program.cookie_window_days} days"
    return {
        "link": write_link(checked.public_url, found.code.code),
        "code": f"{found.code.code}, {found.code.status}",
        "affiliate": f"{found.affiliate.id}, {found.affiliate.status}",
        "program": f"{found.program.id}, {found.program.status}",
        "answer": describe_answer(checked),
        "location": preview.location,
        "counts": counts,
        "cookie": cookie if preview.sets_cookie else "none",
        **({"cookie_domain": found.program.cookie_domain or "that host only"} if preview.sets_cookie else {}),
        "why": explain(checked),
    }


def describe_answer(checked: Checked) -> str:
    status = checked.preview.status
    if checked.preview.reason is None or status == 302 or checked.fallback_url:  # noqa: PLR2004 - a redirect
        return str(status)
    return f"{status}, or 302 to CLICKRAIL_INGEST_FALLBACK_URL if ingest has that setting"


def to_json(checked: Checked) -> dict[str, object]:
    """Return what `code check --json` writes."""
    preview, found = checked.preview, checked.found
    cookie = name_cookie(found.program, checked.public_url) if found and preview.sets_cookie else None
    return {
        "asked": checked.code or find_requested_code(checked.link.path) or checked.link.path,
        "link": write_link(checked.public_url, found.code.code) if found else None,
        "code": found and found.code,
        "affiliate": found and found.affiliate,
        "program": found and found.program,
        "status": preview.status,
        "location": preview.location,
        "counts": checked.counts,
        "test": checked.test,
        "cookie": cookie,
        "reason": preview.reason and preview.reason.number,
        "similar": list(checked.similar),
        "why": explain(checked),
    }
