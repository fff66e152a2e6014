"""A web server in front of ingest, as merchants have one: it ends TLS, serves pages, and hands links on."""

import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import msgspec
from aiohttp import hdrs, web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from multidict import CIMultiDictProxy

PAGE = "<!doctype html><title>{title}</title><h1>{title}</h1>{body}"
OF_ONE_CONNECTION = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})


class Asked(msgspec.Struct, frozen=True):
    """A request as it came to the front, and what it was answered."""

    host: str
    path: str
    headers: CIMultiDictProxy[str]
    status: int

    @property
    def is_link(self) -> bool:
        return self.path.startswith("/ref/")


class Front:
    """`pages` holds the body of a page by host and path; every other address is an empty page."""

    def __init__(self, ingest_port: int, pages: Mapping[str, str]) -> None:
        self.asked: list[Asked] = []
        self.http_port = self.https_port = 0
        self._ingest = f"http://127.0.0.1:{ingest_port}"
        self._pages = pages

    def links(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.is_link]

    def resolver_rules(self) -> str:
        """Give the argument with which Chromium finds every host here, on the ports that hosts have."""
        ports = f"MAP *:80 127.0.0.1:{self.http_port}, MAP *:443 127.0.0.1:{self.https_port}"
        return f"--host-resolver-rules={ports}"

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        host, path = request.host.partition(":")[0], request.rel_url.raw_path
        response = await self._hand_on(request) if path.startswith("/ref/") else self._show(host + path)
        self.asked.append(Asked(host, path, request.headers, response.status))
        return response

    def _show(self, address: str) -> web.Response:
        text = PAGE.format(title=address, body=self._pages.get(address, ""))
        return web.Response(text=text, content_type="text/html")

    async def _hand_on(self, request: web.BaseRequest) -> web.Response:
        headers = request.headers.copy()
        headers[hdrs.X_FORWARDED_FOR] = "203.0.113.9"
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.request(
                request.method, self._ingest + request.raw_path, headers=headers, allow_redirects=False
            ) as answer,
        ):
            kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in OF_ONE_CONNECTION]
            return web.Response(status=answer.status, headers=kept, body=await answer.read())


@asynccontextmanager
async def running_front(ingest_port: int, folder: Path, pages: Mapping[str, str]) -> AsyncIterator[Front]:
    """Run a front on free ports, its certificate in the folder."""
    front = Front(ingest_port, pages)
    runner = web.ServerRunner(web.Server(front.answer))
    await runner.setup()
    try:
        for tls in (None, self_signed(folder)):
            await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        front.http_port, front.https_port = (address[1] for address in runner.addresses)
        yield front
    finally:
        await runner.cleanup()


def self_signed(folder: Path) -> ssl.SSLContext:
    """Make a certificate that nobody vouches for, and give the server's side of TLS with it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "go.shop.test")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=7))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("*.test")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    unlocked = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unlocked)
    path = folder / "front.pem"
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
