"""The reports that are two clicks from every page. Pure."""

from typing import Final

import msgspec

from console.reports.links import PATH
from console.view.view import View, write_view


class Preset(msgspec.Struct, frozen=True):
    """A report with a name: its view, and its columns if not the usual ones."""

    name: str
    title: str
    view: View
    columns: str = ""

    @property
    def query(self) -> str:
        return write_view(self.view, columns=self.columns)

    @property
    def address(self) -> str:
        return f"{PATH}?{self.query}"


QUALITY: Final = "gross,people,unique_rate,bot_rate,suspicious_rate,givt,sivt,invalid_rate,net"

PRESETS: Final = (
    Preset("affiliates", "Affiliates", View(range="last_week", compare="previous", by=("affiliate",))),
    Preset("codes", "Codes", View(range="last_week", compare="previous", by=("code",))),
    Preset("programs", "Programs", View(range="last_week", compare="previous", by=("program",))),
    Preset("countries", "Country and device", View(range="28d", by=("country", "device"))),
    Preset("quality", "Quality per affiliate", View(range="28d", by=("affiliate",), sort="-invalid_rate"), QUALITY),
    Preset("days", "Days", View(range="28d", compare="previous", by=("day",))),
)
