"""The supervisor's private port: /healthz, /readyz and /metrics, without a web framework."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Final

import msgspec

from runtime.endpoint import Endpoint

REQUEST_TIMEOUT_S: Final = 5.0
JSON: Final = "application/json; charset=utf-8"
TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
METRICS: Final = (
    ("clickrail_ingest_worker_ready", "gauge", "Whether the worker of this slot is ready: 1 or 0."),
    ("clickrail_ingest_worker_restarts_total", "counter", "Workers of this slot that died or hung."),
)


class SlotStatus(msgspec.Struct, frozen=True):
    """A slot: why its worker is not ready, or null; how many workers died or hung; what the worker works without."""

    number: int
    problem: str | None
    restarts: int
    degraded: str | None = None


class Response(msgspec.Struct, frozen=True):
    status: HTTPStatus
    kind: str
    body: bytes


def respond(method: str, path: str, slots: Iterable[SlotStatus]) -> Response:
    """Respond to a request. The supervisor is ready if at least one worker is; all others are named."""
    if method not in ("GET", "HEAD"):
        return Response(HTTPStatus.METHOD_NOT_ALLOWED, TEXT, b"")
    match path:
        case "/healthz":
            return write_json(HTTPStatus.OK, {"status": "ok"})
        case "/readyz":
            return write_readiness(list(slots))
        case "/metrics":
            return Response(HTTPStatus.OK, TEXT, write_metrics(slots).encode())
        case _:
            return Response(HTTPStatus.NOT_FOUND, TEXT, b"")


def write_readiness(slots: Sequence[SlotStatus]) -> Response:
    wrong = {f"worker {slot.number}": slot.problem for slot in slots if slot.problem is not None}
    degraded = {f"worker {slot.number}": slot.degraded for slot in slots if slot.degraded is not None}
    ready = len(wrong) < len(slots)
    body = {"status": "ready" if ready else "not ready", "wrong": wrong} | ({"degraded": degraded} if degraded else {})
    return write_json(HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE, body)


def write_json(status: HTTPStatus, body: Mapping[str, object]) -> Response:
    return Response(status, JSON, msgspec.json.encode(body))


def write_metrics(slots: Iterable[SlotStatus]) -> str:
    """Write the metrics in Prometheus' text format."""
    values = [(slot.number, (int(slot.problem is None), slot.restarts)) for slot in slots]
    lines = []
    for index, (name, kind, purpose) in enumerate(METRICS):
        lines += [f"# HELP {name} {purpose}", f"# TYPE {name} {kind}"]
        lines += [f'{name}{{worker="{number}"}} {each[index]}' for number, each in values]
    return "\n".join(lines) + "\n"


@asynccontextmanager
async def status_port(at: Endpoint, slots: Callable[[], Iterable[SlotStatus]]) -> AsyncIterator[int]:
    """Serve while the context is open; give the port. Raises CannotListen."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                head = await reader.readuntil(b"\r\n\r\n")
                method, target, *_ = [*head.split(b"\r\n", 1)[0].decode("latin-1").split(" "), ""]
                writer.write(write_http(respond(method, target.partition("?")[0], slots()), method))
                await writer.drain()
        writer.close()

    with at.explain_bind_errors():
        server = await asyncio.start_server(answer, at.host, at.port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def write_http(answer: Response, method: str) -> bytes:
    head = (
        f"HTTP/1.1 {answer.status.value} {answer.status.phrase}\r\nContent-Type: {answer.kind}\r\n"
        f"Content-Length: {len(answer.body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + (b"" if method == "HEAD" else answer.body)
