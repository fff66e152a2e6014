"""The table of alerts in `docs/monitoring.md`, from the rules of Prometheus and the runbooks."""

import re
from pathlib import Path
from typing import Any, Final

import yaml

from docs.generators.settings import table

ROOT: Final = Path(__file__).parent.parent.parent
RULES: Final = ROOT / "deploy" / "prometheus" / "rules.yml"


def describe_alerts() -> str:
    """Give a table for each group of rules that has alerts."""
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return "\n\n".join(describe_group(group) for group in groups if any("alert" in rule for rule in group["rules"]))


def describe_group(group: dict[str, Any]) -> str:
    rows = [describe_alert(rule) for rule in group["rules"] if "alert" in rule]
    title = group["name"].removeprefix("clickrail.").capitalize()
    return f"### {title}\n\n{table(('alert', 'severity', 'what it means'), rows)}"


def describe_alert(rule: dict[str, Any]) -> tuple[str, str, str]:
    page = ROOT / rule["annotations"]["runbook_url"]
    name = f"[{rule['alert']}]({page.relative_to(ROOT / 'docs')})"
    return name, rule["labels"]["severity"], first_sentence(page.read_text(encoding="utf-8"))


def first_sentence(page: str) -> str:
    """Give the first sentence of what a runbook says that its alert means, without links."""
    paragraph = page.split("**What it means.** ")[1].split("\n\n", maxsplit=1)[0].replace("\n", " ")
    sentence = re.split(r"(?<=\.) (?=[A-Z])|: ", paragraph)[0]
    return re.sub(r"\[([^]]+)\]\([^)]*\)", r"\1", sentence).removesuffix(".")
