"""The tables of `docs/quality.md`: signals and rules as the code has them, and the traces as they are judged. Pure."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from cli.evaluation import evaluate_traces
from cli.quality import write_markdown
from quality.rules import DEFAULTS
from quality.signals import GENERAL
from quality.wording import TEXTS, SignalText

OTHER_RULES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "guard_limit_clicks": "guard A: clicks that claim Chrome, below which a missing header says nothing",
        "guard_limit_share": "guard A: the share of them that must carry the header",
        "shared_network_limit_clients": "guard B: different browsers in 600 s that make a network shared",
        "shared_network_limit_cookies": "guard B: different valid cookies in 600 s that make a network shared",
        "shared_network_limit_factor": "guard B: how much higher the limits of `client_rate` are there",
        "rate_cap_weight": "the most that `duplicate_click`, `client_rate` and `network_rate` weigh together",
        "givt_weight": "the weight from which a declaration or list alone makes a click GIVT",
        "band_limit_suspicious": "the score from which a click is suspicious",
        "band_limit_likely_invalid": "the score from which a click is likely invalid, and SIVT",
        "band_limit_invalid": "the score from which a click is invalid",
    }
)
"""The rules that belong to no single signal."""


def describe_signals() -> str:
    """Give the table of signals: what each means and does not mean, with its weights and limits."""
    rows = [describe_signal(name, text) for name, text in TEXTS.items()]
    return "\n".join(
        ["| signal | means | does not mean | evidence | weight | limit |", "|---|---|---|---|---|---|", *rows]
    )


def describe_signal(name: str, text: SignalText) -> str:
    means = text.evidence.format(value="*value*", limit="*limit*", detail="*window*").replace(" (*window*)", "")
    evidence = "general" if name in GENERAL else "sophisticated"
    weights, limits = (describe_values(name, kind) for kind in ("weight", "limit"))
    return f"| `{name}` | {text.title}. {means} | {text.caution} | {evidence} | {weights} | {limits} |"


def describe_values(signal: str, kind: str) -> str:
    """Give a signal's default weights or limits, each with the rest of its name: `0.4 (60s), 0.5 (600s)`."""
    prefix = f"{signal}_{kind}"
    values = {
        name.removeprefix(prefix).strip("_"): value for name, value in DEFAULTS.items() if name.startswith(prefix)
    }
    return ", ".join(f"{value:g}" + (f" ({rest})".replace("_", " ") if rest else "") for rest, value in values.items())


def describe_rules() -> str:
    """Give the table of all rules by name, with defaults."""
    rows = [f"| `{name}` | {value:g} | {describe_rule(name)} |" for name, value in DEFAULTS.items()]
    return "\n".join(["| name | default | of |", "|---|---|---|", *rows])


def describe_rule(name: str) -> str:
    if name in OTHER_RULES:
        return OTHER_RULES[name]
    return f"`{owner_of(name)}`"


def owner_of(rule: str) -> str:
    """Return the signal that a rule belongs to. Raises StopIteration for a rule without a signal."""
    return next(signal for signal in TEXTS if rule.startswith((f"{signal}_weight", f"{signal}_limit")))


def describe_evaluation() -> str:
    """Give the table of `clickrail quality evaluate`."""
    return write_markdown(list(evaluate_traces()))
