"""Settings of the settler."""

from typing import Annotated

import msgspec
from msgspec import Meta

from runtime.settings import variables
from runtime.shared_settings import DatabaseUrl, Host, LogLevel, PrivatePort

QualityRules = Annotated[
    str | None,
    Meta(
        description="JSON file with weights and limits of the quality score, read again when it changes; use the same"
        " file as the enricher",
        examples=["/etc/clickrail/quality.json"],
    ),
]
BehindS = Annotated[
    int,
    Meta(ge=180, le=86_400, description="seconds after which a click is settled; later ones are settled when found"),
]


class Settings(msgspec.Struct, frozen=True, kw_only=True, rename=variables("SETTLER")):
    """Read from `CLICKRAIL_SETTLER_*` and the shared variables."""

    database_url: DatabaseUrl
    log_level: LogLevel = "info"
    private_host: Host = "127.0.0.1"
    private_port: PrivatePort = 9150
    quality_rules: QualityRules = None
    behind_s: BehindS = 900
