"""What a link's own parameters say of where it was put: data, and nothing else."""

from typing import Final

AD_SOURCES: Final[dict[str, str]] = {
    "gclid": "Google Ads",
    "gbraid": "Google Ads",
    "wbraid": "Google Ads",
    "dclid": "Google Ads",
    "msclkid": "Microsoft Ads",
    "ttclid": "TikTok Ads",
    "twclid": "X Ads",
    "li_fat_id": "LinkedIn Ads",
    "sccid": "Snapchat Ads",
    "rdt_cid": "Reddit Ads",
    "epik": "Pinterest Ads",
    "yclid": "Yandex Direct",
    "tblci": "Taboola",
    "obclid": "Outbrain",
}
"""Click ids that only paid clicks carry. `fbclid` is none: Facebook and Instagram put it on every link."""

MEDIUM_WORDS: Final[dict[str, str]] = {
    "paid": "cpc ppc cpm cpv cpa cpl paid paidsearch paidsocial paidmedia sem display banner retargeting remarketing",
    "email": "email mail newsletter",
    "social": "social socialmedia socialnetwork sm",
    "chatbot": "chatbot ai llm",
}
"""What people write into `utm_medium`, without its spaces, hyphens and underscores."""
