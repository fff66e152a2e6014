"""The supervisor's log: JSON lines on standard error, in the form of the services' own, by the standard library."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Final

STANDARD: Final = frozenset(vars(logging.makeLogRecord({})))
"""What every record has. Whatever else one has, somebody wanted to say: `log.info("started", extra={"pid": 7})`."""


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {name: value for name, value in vars(record).items() if name not in STANDARD} | {
            "service": "ingest-supervisor",
            "event": record.getMessage(),
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def log_json_lines(level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
