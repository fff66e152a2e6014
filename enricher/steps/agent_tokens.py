"""A user agent, split into its products and comments. PURE.

`Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko)` has the words `Mozilla/5.0` and
`AppleWebKit/537.36`, and two comments, of three fields and of one. Rules look at words and fields, so that the model of
a telephone is never read as the name of a program.
"""

import re
from typing import Final

import msgspec

TOKEN: Final = re.compile(r"\((?:[^()]|\([^()]*\))*\)?|\[[^\]]*\]?|[^\s(\[]+|[()]")
"""A comment (which may hold comments), a list in brackets, or a word. Linear: no two branches start alike."""
ANDROID: Final = re.compile(r"(?:Linux[ /;]*)?Android\b", re.IGNORECASE)
NO_MODEL: Final = re.compile(
    r"(?i)(?:U|wv|K|Mobile|Tablet|compatible|arm(?:v\d|_64|64).*|x86_64|[a-z]{2}(?:[-_][a-z]{2,4})?|rv:.*|Android.*"
    r"|HMSCore.*|Build/.*|Linux.*|Desktop|Silk-.*|Opera (?:Mini|Mobi|Tablet).*)"
)
"""Fields beside the version of Android that are no model of a device: languages, architectures, marks of web views."""
DECLARED: Final = re.compile(r"https?://|www\.|\S@\S|(?i:^compatible\b)|(?i:bot|spider|crawler)/\d")
"""Fields that name a program, wherever they stand: with an address, or by a name with a version."""


DEVICE_LIST: Final = re.compile(r"\[FB[A-Z_]+/|\(\d+/\d+|\(iP[a-z]+\d+,\d|\((?:[A-Z]\w+;){3}")
"""How apps of Meta and of Twitter begin a description of the device."""


class AgentTokens(msgspec.Struct, frozen=True):
    """The words outside comments, the fields of each comment, the lists in brackets, an Android device's model.

    `text` is all of them but for the model, lists in brackets and comments in which an app describes its device.
    """

    words: list[str]
    comments: list[list[str]]
    brackets: list[str]
    model: str | None
    text: str


def split_agent(text: str) -> AgentTokens:
    tokens: list[str] = TOKEN.findall(text)
    words = [token for token in tokens if token[0] not in "(["]
    comments = [split_comment(token) for token in tokens if token[0] == "("]
    brackets = [token.strip("[]") for token in tokens if token[0] == "["]
    model = next((found for fields in comments if (found := find_model(fields))), None)
    return AgentTokens(words, comments, brackets, model, cut_devices(text, tokens, model))


def cut_devices(text: str, tokens: list[str], model: str | None) -> str:
    """Cut out what describes a device: a telephone may be called `Acme bot 5`."""
    if model is not None:
        text = text.replace(model, "", 1)
    for token in tokens:
        if DEVICE_LIST.match(token):
            text = text.replace(token, token[:9], 1)
    return text


def split_comment(token: str) -> list[str]:
    inner = token[1:-1] if token.endswith(")") else token[1:]
    return [field for part in inner.split(";") if (field := part.strip())]


def find_model(fields: list[str]) -> str | None:
    """Give the field after the version of Android that may be a model, with its build: `Pixel 8 Build/AP2A`."""
    android = next((index for index, field in enumerate(fields) if ANDROID.match(field)), None)
    if android is None:
        return None
    return next(
        (field for field in fields[android + 1 :] if not NO_MODEL.fullmatch(field) and not DECLARED.search(field)), None
    )


def name_of(word: str) -> str:
    """Give the name of a product in lower case: `chrome` of `Chrome/126.0`."""
    return word.partition("/")[0].strip(";,").lower()
