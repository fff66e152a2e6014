"""Requests for a breakdown card."""

from typing import Any, Final

import msgspec
from aiohttp import web

from console.analytics.asking import PART, PATH, Part, answer_part, read_part, set_rest, write_report
from console.analytics.breakdown import ROWS, make_breakdown
from console.analytics.cards import CARDS, MAP, TAB_TITLES, choose_measure
from console.analytics.replies import reply_part
from console.view.measures import MEASURE_WORDS
from console.view.view import toggle_value, write_view
from storage.read.asking.answer import Answer

COMPARED_ROWS: Final = {"affiliate": 18, "code": 18}
"""Of all affiliates or codes only the busiest are added up, so few are asked for."""
MOST_COMPARED: Final = 200
COUNTRIES: Final = 300
NO_PART: Final = dict.fromkeys(PART, "")


class Asked(msgspec.Struct, frozen=True):
    """A card, its tab, the field of the tab and the measure that it counts."""

    name: str
    tab: str
    field: str
    measure: str

    @property
    def is_map(self) -> bool:
        return self.tab == MAP


async def show_card(request: web.Request) -> web.Response:
    part = await read_part(request)
    asked = read_asked(request.match_info["name"], part)
    answer = await answer_part(request, part, (asked.measure,), (asked.field,), limit=find_limit(asked, part))
    context: dict[str, Any] = {
        "card_name": asked.name,
        "card": CARDS[asked.name],
        "field": asked.field,
        "tabs": list_tabs(part, asked),
        "title": MEASURE_WORDS[asked.measure].title,
        "tone": MEASURE_WORDS[asked.measure].tone,
    }
    if not isinstance(answer, Answer):
        job = write_report(part.view, asked.field, (asked.measure,))
        return reply_part(request, part, "card", refusal=answer, job=job, **context)
    return reply_part(
        request,
        part,
        "card",
        found=make_breakdown(part.view, asked.field, asked.measure, answer, part.writer),
        places=draw_map(part, answer) if asked.is_map else "",
        everything=find_everything(part, asked),
        answer=answer,
        **context,
    )


def read_asked(name: str, part: Part) -> Asked:
    """Read which card is asked for. Raises HTTPNotFound."""
    if name not in CARDS:
        raise web.HTTPNotFound
    tab = CARDS[name].choose(part.view.get(name))
    return Asked(name, tab, "country" if tab == MAP else tab, choose_measure(name, part.measure))


def find_limit(asked: Asked, part: Part) -> int:
    """Return how many values are asked for: more than are shown if they are looked up in another range."""
    if asked.is_map:
        return COUNTRIES
    return COMPARED_ROWS.get(asked.field, MOST_COMPARED) if part.view.compare else ROWS + 1


def find_everything(part: Part, asked: Asked) -> str:
    """Write the address of the list of all values."""
    measure = "" if asked.measure == "people" else asked.measure
    view = msgspec.structs.replace(part.view, by=(asked.field,), measure=measure)
    return f"{PATH}/all?{write_view(view, **NO_PART)}"


def list_tabs(part: Part, asked: Asked) -> list[tuple[str, str, str, bool]]:
    """List the tabs of a card: title, address of the page, address of the part, whether it is shown."""
    tabs = []
    for tab in CARDS[asked.name].tabs:
        rest = set_rest(part.view, **{asked.name: tab})
        address, query = part.writer.address(rest=rest), part.writer.query(rest=rest)
        tabs.append((TAB_TITLES[tab], address, f"/parts{PATH}/card/{asked.name}?{query}", tab == asked.tab))
    return tabs


def draw_map(part: Part, answer: Answer) -> str:
    """Encode the countries of the map, each with its count and the address that it leads to, as JSON."""
    rows = {
        country: [group.counts[0], part.writer.address(filters=toggle_value(part.view, "country", country).filters)]
        for group in answer.groups
        if (country := str(group.keys[0])) and group.counts[0]
    }
    return msgspec.json.encode(rows).decode()
