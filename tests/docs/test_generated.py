"""What the documents say of settings, metrics and reasons is what the code says."""

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from deploy.local.settings import LocalSettings
from docs.generate import DOCUMENTS, FILES, FOLDER, TABLES, generate, replace_part
from docs.generators.metrics import REGISTRIES, describe_registry
from docs.generators.quality import OTHER_RULES
from docs.generators.reasons import GOT
from docs.generators.settings import SERVICES
from ingest.http.response import PAGES
from quality.rules import DEFAULTS
from quality.wording import TEXTS
from schemas.reasons import REASONS

ROOT = FOLDER.parent


def document(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def packages() -> list[str]:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return list(pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])


def sources() -> list[Path]:
    return [file for package in packages() for file in (ROOT / package).rglob("*.py")]


OF_EVERY_TRACE = "quality.md"
"""All traces are judged for it."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow if name == OF_EVERY_TRACE else ())
        for name in (*DOCUMENTS, *TABLES, *FILES)
    ],
)
def test_a_generated_document_is_fresh(name: str) -> None:
    assert generate(name) == document(name), "run: python docs/generate.py"


def test_a_generated_part_is_replaced_and_nothing_around_it() -> None:
    text = "before\n<!-- generated: a -->\nstale \\1\n<!-- end of generated -->\nafter <!-- end of generated -->\n"

    replaced = replace_part(text, "a", r"fresh \1")

    assert replaced == (
        "before\n<!-- generated: a -->\n\nfresh \\1\n\n<!-- end of generated -->\nafter <!-- end of generated -->\n"
    )
    with pytest.raises(ValueError, match="0 parts begin with <!-- generated: b -->, not one"):
        replace_part(text, "b", "")


def test_every_quality_rule_is_described_with_its_default() -> None:
    described = document("quality.md")

    assert [name for name, value in DEFAULTS.items() if f"| `{name}` | {value:g} | " not in described] == []
    assert [name for name in TEXTS if f"| `{name}` | " not in described] == []
    assert set(OTHER_RULES) <= set(DEFAULTS)


@pytest.mark.parametrize("kind", [*SERVICES.values(), LocalSettings])
def test_every_setting_is_described(kind: type[msgspec.Struct]) -> None:
    variables = [field.encode_name for field in msgspec.structs.fields(kind)]
    described = document("configuration.md")

    assert [variable for variable in variables if f"| `{variable}`" not in described] == []


@pytest.mark.parametrize("service", REGISTRIES)
def test_every_metric_of_a_service_is_described(service: str) -> None:
    metrics = describe_registry(REGISTRIES[service]())
    described = document("metrics.md")

    assert [metric.name for metric in metrics if f"| `{metric.name}` | {metric.type} |" not in described] == []


NO_METRICS = {
    *("clickrail_session", "clickrail_browser", "clickrail_shared", "clickrail_oidc", "clickrail_oidc_browser"),
    *("clickrail_referrals", "clickrail_analyst"),
}
"""What looks like the name of one: cookies, a channel of PostgreSQL's notifications, a role."""


def test_every_metric_that_the_source_names_is_described() -> None:
    # Any text of this form, however it becomes a metric: the supervisor writes its own without a library.
    names = r'"((?:clickrail|kafka_consumergroup|http_server)_[a-z_]+)"'
    named = {name for file in sources() for name in re.findall(names, file.read_text())} - NO_METRICS
    described = document("metrics.md")

    assert {"clickrail_clicks_lost", "clickrail_ingest_worker_restarts_total"} <= named
    assert set() == {name for name in named if not re.search(rf"\| `{name}(_total|_bucket)?` \|", described)}


def test_every_reason_has_a_section_and_an_anchor() -> None:
    described = document("reasons.md")

    assert [number for number in REASONS if f'<a id="{number.lower()}"></a>\n\n## {number}: ' not in described] == []


def test_what_the_visitor_got_names_only_answers_that_ingest_gives() -> None:
    groups = {reason.group for reason in REASONS.values()}
    statuses = {int(status) for text in GOT.values() for status in re.findall(r"\b[1-5]\d\d\b", text)}

    assert groups == set(GOT)
    assert statuses <= {302, *PAGES}


PAGES_OF_OURS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(FOLDER.rglob("*.md"))]


def anchors(page: Path) -> set[str]:
    """Give what a link can point to within a page: its headings, as GitHub names them, and explicit anchors."""
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    slugs = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return slugs | set(re.findall(r'<a id="([^"]+)">', text))


@pytest.mark.parametrize("page", PAGES_OF_OURS)
def test_every_link_between_our_documents_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)\s#]*)(?:#([^)\s]*))?\)", page.read_text(encoding="utf-8"))
    ours = [((page.parent / link) if link else page, anchor) for link, anchor in links if "://" not in link]

    assert [str(target) for target, _ in ours if not target.exists()] == []
    assert [anchor for target, anchor in ours if anchor and anchor not in anchors(target)] == []


NAMED = re.compile(r"`((?:{}|tests|docs|bench|requirements)/[\w./-]+)`".format("|".join(packages())))


@pytest.mark.parametrize("page", PAGES_OF_OURS)
def test_every_file_that_a_document_names_exists(page: Path) -> None:
    named = NAMED.findall(page.read_text(encoding="utf-8"))

    assert [name for name in named if not (ROOT / name).exists()] == []
