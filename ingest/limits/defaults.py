"""The default limits, and the reasons for them.

A client is an IPv4 address or the /64 of an IPv6 address, and many people may share one address. The defaults allow the
worst morning of an office of 200 people behind one address:

- A newsletter arrives, and all 200 follow two of its links in the same second: 400 clicks. The burst is 400, so none of
  them is over the limit.
- After that the address may make 5 clicks a second: 300 a minute, 1.5 for each of the 200 people. People do not click
  that often for long: on a busy day of 30 links each, they make 6,000 clicks in eight hours, or 0.2 a second, one
  twenty-fifth of the limit.
- The full burst is available again after 400 / 5 = 80 seconds.

A script exceeds the limit. At 100 clicks a second it is over after 400 / (100 - 5) = 4.2 seconds, and then 19 of 20 of
its clicks are over. Clicks over the limit are measured against ten times the limit (50 a second, 4,000 at once): at
1,000 a second the script is far over after 400 / 995 + 4,000 / (995 - 50) = 4.6 seconds.

Codes have no default limit. A newsletter, a television spot or a shared post brings a code thousands of clicks a second
from thousands of clients, and all of them count for the affiliate. No number separates that from abuse for every
installation: a default would drop clicks on the best day of the year. The client limit stops a flood from few clients.
An operator who knows how many clicks a code can bring may set a limit.
"""

from typing import Annotated, Final

from msgspec import Meta

ClientRate = Annotated[
    float,
    Meta(
        ge=0,
        le=1_000_000,
        description="clicks a second one client may make in the long run; 0 for no limit, else 0.001 or more",
    ),
]
ClientBurst = Annotated[int, Meta(ge=1, le=10_000_000, description="clicks one client may make at once")]
CodeRate = Annotated[
    float,
    Meta(
        ge=0,
        le=1_000_000,
        description="clicks a second one code may get in the long run; 0 for no limit, else 0.001 or more",
    ),
]
CodeBurst = Annotated[int, Meta(ge=1, le=10_000_000, description="clicks one code may get at once")]

CLIENT_RATE_PER_S: Final = 5.0
CLIENT_BURST: Final = 400
CODE_RATE_PER_S: Final = 0.0
CODE_BURST: Final = 10_000
