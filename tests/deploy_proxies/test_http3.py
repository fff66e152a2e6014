"""HTTP/3 through Caddy: a real browser follows a link over QUIC."""

import asyncio
import base64
import hashlib
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.browser import run_chromium
from tests.deploy_proxies.curl import curl, needs_curl
from tests.deploy_proxies.proxies import LINKS, one, running_proxy, trusting
from tests.ingest.builders import found
from tests.ingest.serving import serving

pytestmark = [pytest.mark.processes, pytest.mark.browser, needs_curl]


def pin_of(certificate: str) -> str:
    """Give the digest by which Chromium can be told to trust a certificate, for QUIC too."""
    key = x509.load_pem_x509_certificate(certificate.encode()).public_key()
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(spki).digest()).decode()


async def certificate_of(port: int) -> str:
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting(), server_hostname=LINKS)
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return ssl.DER_cert_to_PEM_cert(shown)


@pytest.mark.parametrize("proxy", [one("caddy")])
async def test_a_browser_follows_a_link_over_http_3(proxy: str, tmp_path: Path, chromium_path: Path) -> None:
    codes = {"abc123": found(target_url=f"https://{LINKS}/landed")}
    async with serving(codes) as served, running_proxy(proxy, tmp_path, ingest=served.port) as port:
        offered = await curl(port, "/ref/abc123", "--http2")
        arguments = (
            f"--origin-to-force-quic-on={LINKS}:443",
            f"--host-resolver-rules=MAP {LINKS}:443 127.0.0.1:{port}",
            f"--ignore-certificate-errors-spki-list={pin_of(await certificate_of(port))}",
        )
        async with run_chromium(chromium_path, *arguments) as browser:
            page = await browser.new_page()
            await page.goto(f"https://{LINKS}/ref/abc123")
            used = await page.evaluate("performance.getEntriesByType('navigation')[0].nextHopProtocol")
            cookies = {cookie["name"] for cookie in await page.context.cookies()}
        clicks = (await served.published()).clicks()

    assert offered.headers["Alt-Svc"].startswith('h3="')
    assert (page.url, used, cookies) == (f"https://{LINKS}/landed", "h3", {"__Host-cr-shop"})
    assert len(clicks) == 2
