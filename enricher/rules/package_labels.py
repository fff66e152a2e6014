"""What we read the labels of the package `iporigin` as: data, and nothing else."""

from typing import Final

from enricher.rules.networks import Certainty, Kind

PACKAGE_LABELS: Final[dict[str, tuple[Kind, Certainty]]] = {
    "Apple Private Relay": ("relay", "certain"),
    "Tor": ("tor", "certain"),
    "Mullvad": ("vpn", "probable"),
    "ProtonVPN": ("vpn", "probable"),
    "Amazonbot": ("bot", "certain"),
    "Applebot": ("bot", "certain"),
    "Bingbot": ("bot", "certain"),
    "ClaudeBot": ("bot", "certain"),
    "Common Crawl": ("bot", "certain"),
    "DuckDuckBot": ("bot", "certain"),
    "GPTBot": ("bot", "certain"),
    "Googlebot": ("bot", "certain"),
    "PerplexityBot": ("bot", "certain"),
    "Internet Archive": ("bot", "probable"),
    "Meta": ("bot", "probable"),
    "Cloudflare": ("cdn", "probable"),
    "Fastly": ("cdn", "probable"),
    "Gcore": ("cdn", "probable"),
    "Alibaba Cloud": ("hosting", "probable"),
    "Amazon AWS": ("hosting", "probable"),
    "DigitalOcean": ("hosting", "probable"),
    "GitHub": ("hosting", "probable"),
    "Google": ("hosting", "probable"),
    "Google Cloud": ("hosting", "probable"),
    "Hetzner": ("hosting", "probable"),
    "Huawei Cloud": ("hosting", "probable"),
    "IBM Cloud": ("hosting", "probable"),
    "Leaseweb": ("hosting", "probable"),
    "Linode": ("hosting", "probable"),
    "Microsoft Azure": ("hosting", "probable"),
    "OVHcloud": ("hosting", "probable"),
    "Oracle Cloud": ("hosting", "probable"),
    "Rackspace": ("hosting", "probable"),
    "Scaleway": ("hosting", "probable"),
    "Tencent Cloud": ("hosting", "probable"),
    "UpCloud": ("hosting", "probable"),
    "Vultr": ("hosting", "probable"),
}
"""What we read the labels of the package `iporigin` as. A label that is not here is not used: its data have no licence
(Cogent, DataCamp, Contabo, Vercel, CDN77, GleSYS, Scalaxy, GTHost, Melbicom, BuyVM, BunnyCDN, and Akamai in part)."""
