"""The limits that hold unless somebody sets others, and why they are what they are.

A client is an IPv4 address or the /64 of an IPv6 one, and behind one address there may be many people. The defaults
are made for an office of 200 behind one address, on its worst morning:

- A newsletter arrives and all 200 follow two of its links in the same second: 400 clicks. The burst is 400, so not one
  of them is over the limit, whatever comes after.
- From then on the address gets 5 clicks a second back: 300 a minute, 1.5 for each of the 200 people, for ever. People
  who do nothing but follow our links do not keep that up; on a busy day of 30 links each, the 200 make 6,000 clicks
  in eight hours, or 0.2 a second: one twenty-fifth of the limit.
- After such a moment the whole burst is there again in 400 / 5 = 80 seconds.

A script does not fit in. At 100 clicks a second it is over the limit after 400 / (100 - 5) = 4.2 seconds, and from
then on 19 of 20 of its clicks are. What is over is itself measured against ten times the limit (50 a second, 4,000 at
once): at 1,000 a second the script is far over after 400 / 995 + 4,000 / (995 - 50) = 4.6 seconds.

There is no limit on codes unless somebody sets one. A code is hot when a newsletter goes out, when a shop is on
television, when something is shared by many: thousands a second, from thousands of clients, and each of them is what
the affiliate works for. No number tells that from abuse for everybody, a default would be wrong on the best day of the
year, and ten times over clicks are not recorded. A flood from few clients meets the client limit. Who knows what a
code can bring may set one.
"""

from typing import Annotated, Final

from msgspec import Meta

ClientRate = Annotated[
    float,
    Meta(
        ge=0, le=1_000_000, description="clicks a second one client may go on with; 0 for no limit, else 0.001 or more"
    ),
]
ClientBurst = Annotated[int, Meta(ge=1, le=10_000_000, description="clicks one client may make at once")]
CodeRate = Annotated[
    float,
    Meta(ge=0, le=1_000_000, description="clicks a second one code may go on with; 0 for no limit, else 0.001 or more"),
]
CodeBurst = Annotated[int, Meta(ge=1, le=10_000_000, description="clicks one code may get at once")]

CLIENT_RATE_PER_S: Final = 5.0
CLIENT_BURST: Final = 400
CODE_RATE_PER_S: Final = 0.0
CODE_BURST: Final = 10_000
