"""Makes the record of a request: a raw click or a rejection. Pure."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from aiohttp import hdrs
from multidict import CIMultiDictProxy, istr

from identity.ip import IpHashKeys, hash_ip, seal_ip
from ingest.pipeline import Keys
from ingest.refusals import Refusal
from ingest.request.context import ClickDraft, RequestContext, Site
from ingest.request.sanitizer import TextSanitizer, clean
from ingest.request.signals import has_dnt, has_gpc, read_requested_code
from schemas import ClientHints, Fetch, Handled, KeyIds, RawClick, RejectedClick
from schemas.fields import (
    ACCEPT_LANGUAGE_CAP,
    HINT_CAP,
    HOST_CAP,
    QUERY_CAP,
    REFERRER_CAP,
    TARGET_CAP,
    USER_AGENT_CAP,
)

HINT_UA: Final = istr("Sec-CH-UA")
HINT_MOBILE: Final = istr("Sec-CH-UA-Mobile")
HINT_PLATFORM: Final = istr("Sec-CH-UA-Platform")
HINT_MODEL: Final = istr("Sec-CH-UA-Model")
HINT_PLATFORM_VERSION: Final = istr("Sec-CH-UA-Platform-Version")
FETCH_SITE: Final = istr("Sec-Fetch-Site")
FETCH_MODE: Final = istr("Sec-Fetch-Mode")
FETCH_DEST: Final = istr("Sec-Fetch-Dest")
FETCH_USER: Final = istr("Sec-Fetch-User")
METHOD_CAP: Final = 40
NO_KEYS: Final = KeyIds()
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
FETCH_SITES: Final = ("cross-site", "same-site", "same-origin", "none")
COMMON_FETCHES: Final[dict[tuple[str | None, ...], Fetch]] = {
    (site, "navigate", "document", user): Fetch(site=site, mode="navigate", dest="document", user=user)
    for site in FETCH_SITES
    for user in ("?1", None)
}
"""What browsers send when they follow a link, made once."""


def record_click(
    request: RequestContext, draft: ClickDraft, site: Site, keys: Keys, sequence: int, nonce: bytes
) -> RawClick:
    """Record an accepted click with its address sealed; `nonce` is 12 random bytes that were never used before."""
    headers, parameters, sanitizer = request.headers, draft.parameters, TextSanitizer(draft.parameters.truncated)
    cookie, program = draft.visitor.cookie, draft.found.program
    if draft.target.is_cut:
        sanitizer.truncated.append("target_url")
    return RawClick(
        click_id=draft.click_id,
        clicked_at=to_datetime(draft.now_ms),
        code=draft.found.code.code,
        affiliate_id=draft.found.affiliate.id,
        program_id=program.id,
        host=sanitizer.sanitize("host", headers.get(hdrs.HOST, ""), HOST_CAP),
        # Needs no cleaning: an accepted path is the prefix and a valid code.
        path=request.path,
        query=request.query and sanitizer.sanitize("query", request.query, QUERY_CAP),
        target_url=sanitizer.sanitize("target_url", draft.target.location, TARGET_CAP),
        target_source=draft.target.source,
        referrer=sanitizer.sanitize("referrer", headers.get(hdrs.REFERER), REFERRER_CAP),
        user_agent=sanitizer.sanitize("user_agent", headers.get(hdrs.USER_AGENT), USER_AGENT_CAP),
        accept_language=sanitizer.sanitize("accept_language", headers.get(hdrs.ACCEPT_LANGUAGE), ACCEPT_LANGUAGE_CAP),
        client_hints=read_hints(headers, sanitizer),
        fetch=read_fetch(headers, sanitizer),
        **parameters.subs,
        utm=parameters.utm,
        ad_ids=parameters.ad_ids,
        previous_click_id=None if cookie is None else cookie.click_id,
        lease_click_id=None if cookie is None else cookie.lease_click_id,
        cookie_state=draft.visitor.cookie_state,
        privacy=draft.privacy,
        prefetch=request.is_prefetch,
        unique_window_s=program.unique_window_s,
        unique_basis=None if program.unique_basis == "address" else program.unique_basis,
        quality_rules=program.quality_rules or None,
        limit=draft.limit,
        is_test=draft.is_test,
        ip_sealed=seal_ip(keys.ip_seal, request.address.packed, draft.click_id, nonce),
        handled=Handled(
            region=site.region,
            process=site.process,
            sequence=sequence,
            cache=draft.found.layer,
            steps_us=draft.steps_us,
            key_ids=key_ids(
                keys.cookie.kid if draft.set_cookie else None,
                keys.token.kid if draft.target.has_token else None,
                keys.ip_seal.kid,
            ),
        ),
        truncated=sanitizer.truncated,
    )


def record_rejection(
    request: RequestContext, refusal: Refusal, site: Site, keys: IpHashKeys, rejection_id: str, now_ms: int
) -> RejectedClick:
    """Record a refusal. The address is hashed unless the program or the browser's privacy signals forbid it."""
    headers, found = request.headers, refusal.found
    key_id, ip_hash = (None, None) if is_anonymous(request, refusal) else hash_ip(keys, request.address.packed)
    referrer, user_agent = headers.get(hdrs.REFERER), headers.get(hdrs.USER_AGENT)
    return RejectedClick(
        rejection_id=rejection_id,
        rejected_at=to_datetime(now_ms),
        reason=refusal.reason.number,
        status=refusal.status,
        asked=read_requested_code(request.path),
        method=None if refusal.method is None else clean(refusal.method, METHOD_CAP)[0],
        affiliate_id=found.affiliate.id if found else None,
        program_id=found.program.id if found else None,
        host=clean(headers.get(hdrs.HOST, ""), HOST_CAP)[0],
        referrer=None if referrer is None else clean(referrer, REFERRER_CAP)[0],
        user_agent=None if user_agent is None else clean(user_agent, USER_AGENT_CAP)[0],
        ip_hash=ip_hash,
        ip_hash_key_id=key_id,
        handled=Handled(
            region=site.region,
            process=site.process,
            sequence=None,
            cache=found.layer if found else None,
            steps_us={},
            key_ids=NO_KEYS,
        ),
    )


def is_anonymous(request: RequestContext, refusal: Refusal) -> bool:
    gpc, dnt = has_gpc(request.headers), has_dnt(request.headers)
    if refusal.found is None:
        # Without a program there is no policy: follow the strictest reading of the signals.
        return gpc or dnt
    return refusal.found.program.decide_privacy(gpc=gpc, dnt=dnt) == "anonymous"


def read_hints(headers: CIMultiDictProxy[str], sanitizer: TextSanitizer) -> ClientHints | None:
    """Read the client hints; null if there are none. The last two are sent only where a program asks for them."""
    get = headers.get
    ua, mobile, platform, model = get(HINT_UA), get(HINT_MOBILE), get(HINT_PLATFORM), get(HINT_MODEL)
    platform_version = get(HINT_PLATFORM_VERSION)
    if model is None and platform_version is None:
        if ua is None and mobile is None and platform is None:
            return None
        if len(ua or "") + len(mobile or "") + len(platform or "") <= HINT_CAP:
            return make_short_hints(ua, mobile, platform)
    return ClientHints(
        ua=sanitizer.sanitize("client_hints", ua, HINT_CAP),
        mobile=sanitizer.sanitize("client_hints", mobile, HINT_CAP),
        platform=sanitizer.sanitize("client_hints", platform, HINT_CAP),
        model=sanitizer.sanitize("client_hints", model, HINT_CAP),
        platform_version=sanitizer.sanitize("client_hints", platform_version, HINT_CAP),
    )


@lru_cache(maxsize=512)
def make_short_hints(ua: str | None, mobile: str | None, platform: str | None) -> ClientHints:
    # Cached: many visitors share few browsers. Short texts only, so that nobody can fill the memory with long ones.
    sanitizer = TextSanitizer()
    return ClientHints(
        ua=sanitizer.sanitize("client_hints", ua, HINT_CAP),
        mobile=sanitizer.sanitize("client_hints", mobile, HINT_CAP),
        platform=sanitizer.sanitize("client_hints", platform, HINT_CAP),
    )


def read_fetch(headers: CIMultiDictProxy[str], sanitizer: TextSanitizer) -> Fetch | None:
    """Read the `Sec-Fetch-*` headers; null without `Sec-Fetch-Site`, which browsers send with all others."""
    get = headers.get
    site = get(FETCH_SITE)
    if site is None:
        return None
    sent = site, get(FETCH_MODE), get(FETCH_DEST), get(FETCH_USER)
    common = COMMON_FETCHES.get(sent)
    if common is not None:
        return common
    site, mode, dest, user = (sanitizer.sanitize("fetch", text, HINT_CAP) for text in sent)
    return Fetch(site=site, mode=mode, dest=dest, user=user)


@lru_cache(maxsize=64)
def key_ids(cookie: str | None, token: str | None, ip_seal: str) -> KeyIds:
    # Cached: many clicks share few keys.
    return KeyIds(cookie=cookie, token=token, ip_seal=ip_seal)


@lru_cache(maxsize=4)
def to_datetime(now_ms: int) -> datetime:
    # Cached: clicks handled together share their millisecond.
    return EPOCH + timedelta(milliseconds=now_ms)
