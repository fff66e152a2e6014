"""How browsers and apps are told by their user agent: data only. A change raises `OWN_RULES` in `bots.py`."""

import re
from typing import Final

ENGINE_NAMES: Final = (
    "applewebkit webkit gecko khtml presto trident netfront goanna servo chrome chromium safari firefox edge iemobile"
    " nokiabrowser minimo blazer kindle silk opera omniweb series60 netscape netscape6 thunderbird"
)
ENGINES: Final = frozenset(ENGINE_NAMES.split())
"""Products one of which every browser names that begins with `Mozilla/`."""
COMPATIBLE_BROWSERS: Final = (
    "MSIE",
    "Konqueror",
    "iCab",
    "OmniWeb",
    "WebTV",
    "AvantGo",
    "Opera",
    "Elaine",
    "Dillo",
    "IBrowse",
    "NetPositive",
    "NetFront",
    "RISC OS",
    "ABrowse",
    "Netbox",
    "Lotus-Notes",
)
COMPATIBLE_SYSTEMS: Final = ("Linux", "Windows", "Haiku", "X11", "Macintosh", "Intel Mac", "BeOS", "Amiga")
"""What stands after `compatible;` in the user agents of browsers. After it, others name themselves."""
NETSCAPE: Final = re.compile(r"Mozilla/[1-4]\.\d\w*(?: \[[\w-]+\])?[\w ./-]* \((?:X11|Win|Mac|OS/2|BeOS|Amiga|PDA)")
TEXT_BROWSER_NAMES: Final = (
    "lynx links elinks w3m netsurf dillo retawq edbrowse emacs-w3 emacs-w3m eww ncsa_mosaic mosaic hotjava amaya"
    " amigavoyager ibrowse aweb netpositive oregano arachne cyberdog voyager contiki icab konqueror galeon uzbl"
    " surfraw browsh chawan vimprobable xombrero midori doris webtv enhanced_mosaic iweng"
)
TEXT_BROWSERS: Final = frozenset(TEXT_BROWSER_NAMES.split())
"""Browsers that do not begin with `Mozilla/`."""
PHONE_BROWSER: Final = re.compile(
    r"(?i)\b(?:midp|cldc)\b|up\.browser|up\.link|obigo|netfront|teleca|dolfin|ucweb|opera mini|hbbtv|maui wap|wap2?\.0"
    r"|^(?:docomo|kddi-|j-phone|vodafone/|softbank/|nokia|blackberry|sonyericsson|samsung[-_ ]|sec-|lg[-_/]|lge-|mot-"
    r"|sie-|alcatel|sagem|sharp|philips|panasonic-|huawei|zte-|htc[-_ ]|palm|portalmmm|ericsson|micromax|karbonn"
    r"|sanyo|toshiba|nec-|bird|amoi|haier|pantech|siemens|motorola|benq|gionee|lenovo-|coolpad|tianyu)"
)
"""Browsers of telephones without a system of their own, and of televisions."""
PHONE: Final = re.compile(
    r"(?i)\b(?:iphone|ipad|ipod|ios|ipados|watchos|tvos|android|windows phone|harmonyos|openharmony|tizen|kaios"
    r"|symbian\w*"
    r"|blackberry|bb10|windows ce|windows mobile|iemobile|web[o0]s|sailfish|maemo|meego|bada|palmos|j2me)\b"
)
CONSOLE: Final = re.compile(
    r"(?i)playstation|\bpsp\b|nintendo|\bxbox|\bdtv\b|hbbtv|smart-?tv|googletv|netcast|\bkindle/"
)
APP: Final = re.compile(
    r"(?i)\bcfnetwork/|\bdarwin/\d|^dalvik/|\bscale/\d|^fbandroid|^\[?fb(?:an|_iab)/|^applecoremedia/|^stagefright/"
    r"|^exoplayer|\bexoplayerlib/|^vlc/|^itunes/|^quicktime|^nsplayer/|^windows-media-player|^winamp|^foobar2000"
    r"|^mpv |^kodi"
    r"|^roku/|^spotify/|^\w+android/\d|^microsoft[- ](?:webdav|data access|cryptoapi|ncsi|windows network)"
    r"|^windows-update|^outlook-"
    r"|^com\.apple\.|^trustd|^the bat|^lotus-notes|^evolution/|^claws|^eudora|^mulberry|^kmail|^incredimail"
    r"|^windows-?live-?mail|^yahoomobilemail|^realplayer|^realmedia|^mplayer|^rhythmbox|^banshee|^amarok"
    r"|^clementine|^xbmc|^aimp|^gstreamer|^totem|^xine|^zune|^audacious|^potplayer|^mediamonkey|^wmplayer|^wmfsdk"
    r"|^antennapod|^castro|^castbox|^podkicker|^beyondpod|^downcast|^podcast ?addict|^pandora|^deezer|^audible"
    r"|^shazam|^siriusxm|^appletv|^plex|^emby|^jellyfin|^sonos|^tunein|^libmpv|^mpc-hc"
)
"""Programs that fetch without navigating: libraries that only apps use, media players, a system's own services."""
OFFICE: Final = re.compile(
    r"ms-office|MSOffice|Microsoft (?:Office|Outlook|Word|Excel|PowerPoint)|\b(?:Word|Excel|PowerPoint|OneNote)/\d"
)
DESKTOP_SYSTEM: Final = re.compile(r"Windows NT|Macintosh|Mac ?OS ?X|macOS|Win32|Windows \d")
"""An unknown program that names such a system, in a comment, runs at a person's desk and not in a data centre."""
EMBEDDED: Final = re.compile(r"EmbeddedWB[\d., ]* from: https?://\S+")
"""A component by which programs show pages; it names the site of its maker."""
