"""Answers counted from the rows of clicks, one by one: what the product's answers must equal."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from storage.read.asking.question import Filter, Question

Click = Mapping[str, Any]


def group_of(click: Click) -> str:
    if click["is_test"]:
        return "tests"
    if click["is_bot"]:
        return "bots"
    if click["prefetch"]:
        return "prefetches"
    return "app_fetches" if click["bot_kind"] == "app_fetch" else "people"


def names_of(click: Click) -> set[str]:
    """Give the stored measures that count this click."""
    group = group_of(click)
    names = {group}
    if group == "people":
        names |= {"uniques"} if click["now_is_unique"] else {"repeats"} if click["now_is_unique"] is False else set()
        names |= {"limited"} if click["limited_by"] is not None else set()
    if group != "tests":
        names |= {"suspicious"} if click["now_band"] == "suspicious" else set()
        names |= {"invalid"} if click["now_band"] in ("likely_invalid", "invalid") else set()
        names |= {click["now_ivt_class"]} if click["now_ivt_class"] else set()
    return names


def derive(counts: Mapping[str, int], measure: str) -> int:
    gross = sum(counts[name] for name in ("people", "bots", "app_fetches", "prefetches"))
    match measure:
        case "not_judged":
            return counts["people"] - counts["uniques"] - counts["repeats"]
        case "gross":
            return gross
        case "net":
            return gross - counts["givt"] - counts["sivt"]
        case _:
            return counts[measure]


VALUES: Mapping[str, Callable[[Click], str | None]] = {
    "program": lambda click: click["program_id"],
    "affiliate": lambda click: click["affiliate_id"],
    "code": lambda click: click["code"],
    "country": lambda click: click["geo_country"],
    "region": lambda click: "-".join(both) if all(both := (click["geo_country"], click["geo_region"])) else None,
    "device": lambda click: click["device_type"],
    "os": lambda click: click["device_os"],
    "browser": lambda click: click["device_browser"],
    "edge_region": lambda click: click["handled_region"],
    "bot_reason": lambda click: click["bot_reasons"][0] if click["bot_reasons"] else None,
    "ivt_class": lambda click: click["now_ivt_class"],
}  # fmt: skip


def value_of(click: Click, name: str) -> Any:
    if name in ("minute", "hour", "day", "month"):
        return click[name]
    return ((VALUES[name](click) if name in VALUES else click[name]) or "")[:150]


def matches(click: Click, one: Filter) -> bool:
    return (value_of(click, one.field) in one.values) != one.is_not


def moment_of(moment: date | datetime, zone: str) -> datetime:
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time(), ZoneInfo(zone))


def count(clicks: list[Click], question: Question, zone: str) -> dict[tuple[Any, ...], tuple[int, ...]]:
    """Count the clicks of a question by its keys. Groups of zeros are left out."""
    begin, end = (moment_of(moment, zone) for moment in (question.range.begin, question.range.end))
    groups: dict[tuple[Any, ...], Counter[str]] = {}
    for click in clicks:
        if begin <= click["clicked_at"] < end and all(matches(click, one) for one in question.where):
            key = tuple(value_of(click, name) for name in question.by)
            groups.setdefault(key, Counter()).update(names_of(click))
    found = {key: tuple(derive(counts, name) for name in question.measures) for key, counts in groups.items()}
    return {key: counts for key, counts in found.items() if any(counts)}
