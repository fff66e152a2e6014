"""The rules that tell kinds of devices: data, and nothing else. `steps/device.py` applies them.

A model is what an Android device calls itself, as in `(Linux; Android 13; SM-X710)`. Each maker numbers its tablets in
a series, so that a series is a pattern here; `tablet_models.txt` lists the models that belong to none.
"""

import re
from typing import Final

DEVICE_RULES: Final = "2"
"""Increase it with every change of the rules below or of the list: each click records the version."""

NO_SCREEN_OF_ITS_OWN: Final = (
    r"(?i)\b(?:tv|smart-?tv|google ?tv|apple ?tv|hbbtv|dtv\w*|netcast\w*|web0s|roku|crkey|viera|bravia"
    r"|aquos\w*browser|ce-html"
    r"|opera tv|philipstv|vidaa|playstation|psp|xbox\w*|nintendo\w*|oculusbrowser|quest \d|\w* vr safari|tesla/\S+"
    r"|qtcarbrowser|sm-r\d{3}|smarthub|lg browser|screen\+tuner|sonycebrowser|sonydtv\w*|netrangemmh|nettv|ekioh"
    r"|boxee|freebox|stbapp|loewe|dreampassport|maple ?\d*|espial|inettvbrowser|airties|tivo\w*|set-?top|stb)\b"
)
"""Televisions, consoles, headsets and cars: type `other`, although many claim to be desktop or mobile."""

OTHER_MODELS: Final = re.compile(
    r"(?i)(?!.*phone).*(?:\b|_)(?:\w*tv(?:[ _-]?box|[ _-]?stick)?|tv\d+\w*|tvbox|box|stb\w*|set-?top|dongle"
    r"|mibox\w*|mitv\w*"
    r"|chromecast"
    r"|projector|beamer|bravia|atv\d*|nexus player|android tv|google tv|watch\d*|\w*watch|smartwatch|wear|glass"
    r"|polestar|ivi"
    r"|automotive|car|cars|carpad|headunit|head unit|infotainment|vehicle|quest \w+|oculus|pico|vive|vr)\b.*"
    r"|aft[a-z]+\d*|adt-\d\w*|(?:x96|h96|t95|mxq|mecool|tanix|ugoos).*|(?:x92|tx[236]|a95x|q plus|hk1|km[1-9]"
    r"|v88|t9|x10|s905\w*|p2[81][0-9]|q20[01]"
    r"|m8s|mxiii|mx[39q]|minix|zidoo|beelink|sei\d{3}|b860h|hp4[0-9]\w|uie?\d{4}\w*|dv\d{4}"
    r"|tpm\d{3}\w|msd\d\w*|mt5\d{3}|rtd\d{4}|hi37\d\d\w*|diw\d{4}|vsb\d+|ai pont)(?:\b|_).*"
    r"|ouya.*|sm-r[0-9]{3}.*|gear .*|ticwatch.*|moto ?360.*|shield(?: android tv|_portable)?|px[2356]\b.*|gpd .*"
    r"|odin\b.*"
)
"""Models of televisions, boxes beside one, watches, glasses, headsets, cars and consoles."""

PHONE_MODELS: Final = re.compile(
    r"(?i)sm-[acefgjmnsw]\d{3}.*|gt-[bis]\d{4}.*|pixel [\da].*|redmi (?!pad).*|mi (?!pad).*|poco .*|cph\d{4}"
    r"|rmx\d{4}|v[12]\d{3}\w*"
    r"|moto(?:rola)?[ -](?!tab|pad|xoom).*|xt\d{3,4}.*|nexus (?:one|s|[456])\b.*|oneplus.*|htc[ _-](?!flyer"
    r"|jetstream).*"
    r"|lg-[a-uw-z]\d{3}.*|lm-[a-su-z]\d{3}.*|nokia (?!t\d\d).*|[a-z]{3}-[a-z]{1,2}\d{1,2}[a-z]?|infinix.*"
    r"|tecno (?!p\d|dp|t\d|droipad).*"
    r"|so-\d\d[a-z]|xq-\w+|asus_(?:z|x|a|i)\w+|blackberry.*|lumia.*|iphone.*"
)
"""Models of telephones whose browser may leave out `Mobile`."""

TABLET_MODELS: Final = re.compile(
    # Words: `Galaxy Tab`, `MediaPad T5`, `EduTab8`, `Archos 101 Xenon`.
    r"(?i)(?!padfone|fonepad note|.*smartphone|.*tab ?phone).*(?:(?:\b|_)(?:tab|tablet|pad)(?:\b|_|\d)"
    r"|[a-z]tab(?:let)?(?:[ _-]?\w{1,3})?$"
    r"|[a-z]pad(?:[ _-].*|\d.*)?$|tablet|iconia|\bxoom|iplay\d*|lifetab|surftab|slate|\bnook|kindle|mediapad|matepad).*"
    # Samsung, Amazon, Google
    r"|sm-[tpx]\d{3}.*|gt-p[1-8]\d{3}.*|gt-n(?:51|80)\d\d.*|sgh-(?:i467|i497|i957|i987|t849|t859|t869|t779)"
    r"|kf[a-z]{2,5}\d?"
    r"|sch-(?:i705|i800|i815|i905|i915|i925|p739)|sph-p[15]00|sh[vw]-(?:e1[45]0|e230|m(?:180|30|38|43|48|500))\w*"
    r"|sc-(?:01c|01d|02d|01e)|nexus (?:7|9|10).*|pixel (?:c|tablet)"
    # Lenovo, Motorola, NEC, Fujitsu, Sharp, Kyocera, NTT
    r"|(?:lenovo )?(?:tb|yt|yb)[-_]?\w?\d\w*(?:[-_ ].*)?|(?:lenovo )?(?:ideatab )?[abs]\d{4}[a-z]?-[fhl]\w?"
    r"|(?:lenovo )?tab\d.*|thinkpad.*|mz6\d\d.*|lavie.*|pc-t[a-z]\d.*|n-0[68]d|f-0[1234]\w?[dfhk] tab|f-(?:01d"
    r"|05e|02f|03g|04h|02k)"
    r"|sht2[12]|kyt\d\d|d-[0-5]\d[a-k]|dtab.*|lgt(?:0|3)\d|hwt31|sot[23]1"
    # Huawei and Honor, by the first letters of the series
    r"|(?:huawei )?(?:agm3?|agr|ags\d?k?|bah\d?|btv|btkr?|bzk|bzt\d?k?|bzw|cmr|cpn|dby\d?|fdr|got|gdi|hey\d?|hjc"
    r"|jdn\d?|kjr\d?"
    r"|kob\d?k?|lty|mon|mrd?r|mrx|mrr|pce|ple|rod\d?|scmr?|sht|tgr|vrd|wgrr?|wrr|xys|elnp?)-[awl][ln]?\d\d\w*"
    r"|(?:huawei )?(?:s7|s10|t1|t2|m2)[-_](?:\d{2,3}|a\d\d|slim)\w*|gem-70[123]l|hw-?s7\w*"
    # Xiaomi, Oppo, OnePlus, Realme, vivo, Nokia
    r"|2\d{3,4}[0-9a-f]?rp\w+|m2105k81\w+|2105118\w+|2208128\w+|opd\d{4}\w*|rmp\d{4}|(?:d)?pa?d?2\d{3}|ta-1(?:392"
    r"|397|472|487)"
    # Asus, Acer
    r"|(?:asus[ _])?(?:transformer.*|tf\d{3}\w*|me(?:1\d\d|30\d|37\d|4\d\d|5[678]\d)\w*|k0[01]\w|p0[0-2]\w"
    r"|p1801.*|z(?:170|300|301|370|380|500|580|581)[ckm]\w*)"
    r"|a1-\d{3}.*|a3-a\d\d.*|b[13]-[a7a8]\w\w+|a(?:100|101|110|200|210|211|500|501|510|511|700|701)|actab\w*"
    r"|acer (?:one|b1|a1).*"
    # LG, Sony, HTC, TCL and Alcatel
    r"|lg-(?:v|vk|uk)\d{3}.*|lm-t\d{3}.*|l-06c|sgp\w{3,4}.*|so-0(?:3e|5f|5g)|ebrd\d{4}|(?:htc )?flyer.*"
    r"|htc[- ]p715a|pg(?:41200|09410)"
    r"|(?:(?:alcatel|tcl)(?:[ _]onetouch)?[ _-]?)?(?:8(?:05[567]|06[3789]|07\d|08[2458]|09\d|18\d|19\d|4\d\d)"
    r"|9(?:00[2-79]|0[1-3]\d|049|06\d|08\d|[1-4]\d\d))[a-z]\d?"
    # Others
    r"|venue.*|streak.*|at(?:1s0|[1-8]\d{2}).*|toshiba.?at.*|folio.*|tegranote.*|shield tablet.*|bntv\w+|bnrv\w+"
    r"|k080|vox|arc"
    r"|qta\w+|qmv7[ab]|archos (?:[7-9]\d|1\d\d|t\d|access (?:7|8|10)).*|a101it|101g9|80g9|arnova.*"
    r"|pm[pt]\d{3,4}.*|per\d{4}\w?"
    r"|rct\d{4}.*|nx(?:a|\d\d?a|00|7|8)\w{5,}|next\d\w+|dl\d{3,4}.*|eg[deqs]\d.*|plt\d{4}.*|mid[\d_-].*|mid"
    r"|pmid\w+|st[1789]\d{4}.*|xelio.*|tm-[1789]\d{3}\w*"
    r"|(?:irbis )?t[zwx]\d{2,3}\w*|(?:ps|tt|cs)[17]\d{3}[mpe]\w|rmd-\d{3,4}.*|wexler.*|teclast.*|onda.*|pipo.*"
    r"|chuwi.*|alldocube.*"
    r"|(?:cube )?u\d\d?gt.*|vankyo.*|dragon ?touch.*|notepad.*|novo\d.*|x[89][089] ?(?:plus|pro|air|3g|hd|ii)\b.*"
    r"|bmxc?\d*|inm\d{4}.*|ns-(?:p|\d\d)\w+"
    r"|medion p\d{4}"
    r"|tpc[-_]?\d{4}.*|tab-p.*|polypad.*|smartq.*|momo\d.*|sero ?\d.*|zte v9|k(?:81|83|85|88|92)|e8qp|hudl.*"
    r"|doogee [tu]\d\d.*"
    r"|nokia t2\d|t(?:10|20|30)(?:e|s|se|pro|plus| ?ultra| ?max)?_?(?:eea)?$|rt\d(?: .*)?|lifebook.*|elitepad.*"
    r"|surface.*"
)
"""Series of tablets. Many of them say `Mobile`, as telephones do."""

NAMES_TABLET: Final = re.compile(
    r"iPad|Tablet(?! PC)|hp-tablet|TouchPad/|Windows NT 6\.[23]; ARM;|Puffin/[\d.]+[AI]T|Kindle|Silk/"
)
MOBILE: Final = (
    r"Mobi|Opera Mini|Fennec/|Puffin/[\d.]+[AI]P|Phone|\bMIDP|CLDC|UCWEB|UP\.Browser|UP\.Link|Obigo|Symbian"
    r"|Series[ ]?[346]0|SymbOS"
    r"|BlackBerry|\bBB10|IEMobile"
    r"|Windows CE|\bPPC; |Smartphone|PalmOS|Palm OS|BREW|\bbada|MeeGo|Maemo|webOS|hpwOS|KAIOS|Sailfish|DoCoMo/"
    r"|KDDI-|J-PHONE"
    r"|SoftBank/|Vodafone/|AvantGo|Blazer|EudoraWeb|Teleca|Dolfin|\bWAP|Minimo|NetFront|SonyEricsson|^Nokia"
    r"|^SAMSUNG|^LG[-/E]|^MOT-"
)
DESKTOP: Final = (
    r"(?i)pc; openharmony|windows|win(?:32|64|9\d|nt)|macintosh|mac[_ ]|\bx11\b|wayland|linux|\bcros\b|bsd\b"
    r"|sunos|solaris|haiku"
    r"|beos|os/2|amiga"
    r"|morphos|syllable|risc os|irix|hp-ux|aix|ubuntu|debian|fedora|darwin|aros"
)
"""Systems of desktops."""

NOT_A_BRAND: Final = ("Generic", "Spider")
"""ua-parser's words where it knows no brand."""
NOT_A_MODEL: Final = frozenset(("K", "Smartphone", "Feature Phone", "Desktop", "Tablet", "Browser"))
"""Chrome on Android calls every model `K`; the others are ua-parser's words for not knowing one."""
