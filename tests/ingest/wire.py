"""HTTP by hand: requests as bytes, whatever they hold, and answers as they come off the wire."""

import asyncio
from collections.abc import Mapping
from http.cookies import SimpleCookie

import msgspec
from multidict import CIMultiDict

from tests.waiting import PATIENCE_S

HOST = "go.shop.example"


class Answer(msgspec.Struct, frozen=True):
    """An answer: `status` is 0 when the connection was closed without one."""

    status: int
    headers: CIMultiDict[str]
    body: bytes

    @property
    def location(self) -> str | None:
        return self.headers.get("Location")

    @property
    def cookie(self) -> tuple[str, str] | None:
        """Name and value of the one cookie that was set."""
        lines = self.headers.getall("Set-Cookie", [])
        assert len(lines) <= 1
        cookies = [(morsel.key, morsel.value) for line in lines for morsel in SimpleCookie(line).values()]
        return cookies[0] if cookies else None


def request(
    target: bytes | str,
    fields: Mapping[str, bytes | str] | None = None,
    method: str = "GET",
    *,
    last: bool = True,
    lines: bytes = b"",
) -> bytes:
    """Write a request; nothing in it is escaped. `last` asks the server to close the connection after it."""
    all_fields = {"Host": HOST} | ({"Connection": "close"} if last else {}) | dict(fields or {})
    head = b"".join(b"%s: %s\r\n" % (as_bytes(name), as_bytes(value)) for name, value in all_fields.items())
    return b"%s %s HTTP/1.1\r\n%s%s\r\n" % (method.encode(), as_bytes(target), head, lines)


def as_bytes(text: bytes | str) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")


async def send(port: int, data: bytes, source: str = "127.0.0.1") -> list[Answer]:
    """Send bytes from a loopback address; give all answers that come before the server closes."""
    async with asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
        try:
            writer.write(data)
            return read_answers(await reader.read(-1), data.startswith(b"HEAD"))
        finally:
            writer.close()


async def ask(
    port: int,
    target: bytes | str,
    fields: Mapping[str, bytes | str] | None = None,
    method: str = "GET",
    source: str = "127.0.0.1",
) -> Answer:
    (answer,) = await send(port, request(target, fields, method), source) or [Answer(0, CIMultiDict(), b"")]
    return answer


def read_answers(data: bytes, is_head: bool = False) -> list[Answer]:  # noqa: FBT002 - said by its one caller
    answers = []
    while data:
        head, _, data = data.partition(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").split("\r\n")
        headers = CIMultiDict(line.split(": ", 1) for line in rest)
        length = 0 if is_head else int(headers.get("Content-Length", 0))
        answers.append(Answer(int(first.split(" ")[1]), headers, data[:length]))
        data = data[length:]
    return answers
