"""What is named by its place or its shape and by no list: requests, users, and unknown names.

Read from a text in which every known name has been replaced by a mark (`<0>`, `<1>`, …), so that
whatever still stands where a name must names nothing that is known.
"""

import re
from dataclasses import dataclass
from typing import Final

from agent.understanding.english import ORDINARY, ordinary
from agent.understanding.spelling import lowered, nearest, parts

_ID: Final = r"[A-Za-z0-9_](?:[\w.:@/#+-]*[A-Za-z0-9_])?"
_QUOTE: Final = r"[\"'`\u2018\u2019\u201c\u201d]?"
_CALLED: Final = (
    r"(?:[ _-]?(?:ids?\b|number\b|n[or]\.?(?=\s*#?\d)|named\b|called\b|name\b))?"
    rf"\s*(?:(?<=id )is\b|[:=#])?\s*#?{_QUOTE}"
)
_HEX: Final = re.compile(
    r"(?<![\w<@./-])(?=[0-9a-f-]*\d)(?=[0-9-]*[a-f])[0-9a-f]{6,}(?:-[0-9a-f]+)+(?![\w@.-])",
    re.IGNORECASE,
)
"""Hexadecimal digits in groups, as UUIDs have them."""
_REQ: Final = re.compile(
    r"(?<![\w<@.-])req(?:uest)?(?:[-_:#][\w.:-]*[A-Za-z0-9]|\d[\w-]*)", re.IGNORECASE
)
_REQUEST: Final = re.compile(rf"\b(?:request|req|trace)(?![a-z]){_CALLED}\s*({_ID})", re.IGNORECASE)
_WENT: Final = (
    re.compile(
        rf"\b(?:why|how|where|when) (?:did|was|does|has|is) {_QUOTE}({_ID}){_QUOTE} (?:go|gone|"
        rf"went|get|"
        r"got|routed|sent|land|landed|end|ended|fail|failed|time|timed|served|fall|not|take|took|"
        r"answered|handled|rejected|dropped|cost)\b",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:happen(?:ed|s)? (?:to|with)|became of|explain|trace|look (?:up|at)|show me) "
        rf"(?:the )?{_QUOTE}({_ID})",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:why|how come) {_QUOTE}({_ID}){_QUOTE} (?:went|got|was|ended|failed)\b", re.I
    ),
)
_OF_REQUESTS: Final = re.compile(r"[-_]|\d.*[A-Za-z]|[A-Za-z].*\d|\d{5}")
_OTHERS: Final = re.compile(
    r".*@|(?:inc|chg|exp|mw|change|incident|experiment|tenant|tier|slo|policy|user|u|v|p)[-_]?\d|"
    r"\d+(?:k|ms|s|x|%)?\Z(?<!\d{5})",
    re.IGNORECASE,
)
_USER: Final = re.compile(
    rf"\b(?P<word>(?:end[- ])?user|customer)(?![a-z])(?P<near>{_CALLED})\s*(?P<id>{_ID})",
    re.IGNORECASE,
)
_FOR: Final = re.compile(r"\b(?:for|from|of|by|did|does|is|has|to)(?: the| our)? \Z", re.IGNORECASE)
_USER_SHAPE: Final = re.compile(r"(?<![\w<@.-])(?:user[-_]|u-)[\w-]*\d[\w-]*", re.IGNORECASE)
_NAMED: Final = re.compile(
    r"(?P<before>[\w<>]+)?\s*\b(?P<kind>model|deployment|endpoint|backend|tenant|customer|tier|"
    r"incident|experiment|policy|slo|rollout|arm)\b(?! <\d)"
    rf"{_CALLED}\s+(?:the )?{_QUOTE}(?P<id>{_ID})",
    re.IGNORECASE,
)
_BEFORE: Final = re.compile(
    r"(?P<id>[A-Za-z][\w.-]*)[ -](?P<kind>tier|model|backend|tenant|deployment)s?\b", re.IGNORECASE
)
_OPEN: Final = {
    *(
        "which",
        "what",
        "each",
        "every",
        "any",
        "per",
        "by",
        "no",
        "other",
        "another",
        "same",
        "that",
    ),
    *("this", "one", "whose", "all", "best", "worst", "next", "new", "across", "more", "most"),
    *("whats", "cheapest", "fastest", "slowest", "better", "single", "a", "an", "or"),
}
"""After these a word such as `model` is followed by no name."""
_CLOSED: Final = {
    "for",
    "on",
    "at",
    "in",
    "to",
    "from",
    "is",
    "about",
    "of",
    "does",
    "did",
    "has",
    "why",
}
"""After these a word such as `tenant` is surely followed by one, unless by plain English."""
_ADJECTIVE: Final = re.compile(
    r"(?:y|ful|ous|ive|al|ic|est|ing|ed|ly|less|able|ible|ent|ant|ish|er|en|wn|ry|ate|ion|'s)\Z"
)
_SHAPED: Final = re.compile(
    r"(?<![\w<@./-])(?:[A-Za-z][\w.]*@[\w.-]*\w|[A-Za-z]+(?:[-_][\w.]+)*[-_](?:\w*\d[\w.]*)"
    r"(?:[-_][\w.]+)*)(?![\w>@-])"
)
_FAMILIES: Final = re.compile(
    r"(?<![\w<@./-])(?:chatgpt|gpt|claude|sonnet|opus|haiku|llama|mistral|mixtral|gemini|gemma|"
    r"qwen|"
    r"deepseek|grok|codex|copilot|davinci|falcon|phi-?\d|o[134](?:-mini)?\b|"
    r"command-r)(?:[-\w.]*\w)?"
    r"(?: (?:\d[\w.]*|pro|flash|mini|turbo|large|small|sonnet|opus|haiku)\b)*",
    re.IGNORECASE,
)
_CLOUDS: Final = {"aws", "k8s", "kubernetes", "gcp", "azure", "bedrock", "neocloud", "vertex"}
_TIERS: Final = re.compile(
    r"(?<![\w<-])(enterprise|premium|pro|gold|platinum|silver|bronze|basic|standard|business|"
    r"starter|"
    r"vip|freemium|trial|free)[- ](?:users?|customers?|tiers?|plans?|accounts?|subscribers?)\b",
    re.IGNORECASE,
)
_KINDS: Final = re.compile(r"(?:tenant|model|backend|deployment|incident|change|experiment)[-_]")
_NO_NAMES: Final = re.compile(r"(?:p\d\d|sev\d|\d+xx|top-\d+|q\d|v\d+|s3|h\d+|ec2|24x7|utf-8)\Z")


@dataclass(frozen=True, slots=True)
class References:
    """The request and the users that are named, and what names nothing."""

    request: str | None
    users: tuple[str, ...]
    unknown: tuple[str, ...]


def references(
    text: str, *, unfit: frozenset[str], users: frozenset[str] = frozenset()
) -> References:
    """What a marked text names by place or shape.

    `unfit` are clouds that this fleet has not, `users` those that are known.
    """
    known, rest = _known(text, users)
    request, rest = _request(rest)
    others, strangers, rest = _users(rest)
    told = [*known, *others]
    unknown = [*strangers, *_unknown(rest, unfit=unfit)]
    return References(request, tuple(dict.fromkeys(told)), tuple(dict.fromkeys(unknown)))


def _known(text: str, users: frozenset[str]) -> tuple[list[str], str]:
    """The users whose very identifier stands in the text, and the text without them.

    One that is an ordinary word is left to the words around it.
    """
    found: list[str] = []
    rest = text
    for match in re.finditer(_ID, text) if users else ():
        if match[0] in users and not ordinary(lowered(match[0])):
            found.append(match[0])
            rest = _without(rest, *match.span())
    return found, rest


def _digits(word: str) -> bool:
    return any(char.isdigit() for char in word)


def _plain(word: str) -> bool:
    """Whether a word is English, also misspelt, and no name."""
    low = lowered(word)
    if not low.isalpha():
        letters = [part for part in parts(low) if part.isalpha()]
        return bool(letters) and all(map(ordinary, letters))
    return ordinary(low) or bool(nearest(low, _LISTED))


_LISTED: Final = sorted(ORDINARY)


def _without(text: str, start: int, end: int) -> str:
    return f"{text[:start]}{'·' * (end - start)}{text[end:]}"


def _request(text: str) -> tuple[str | None, str]:
    """The request that is named, as it is written, and the text without it."""
    for pattern, group in ((_HEX, 0), (_REQ, 0), (_REQUEST, 1)):
        for match in pattern.finditer(text):
            word = match[group]
            if pattern is not _REQUEST or _is_request(word, after=text[match.end(1) :]):
                return word, _without(text, *match.span(group))
    for pattern in _WENT:
        for match in pattern.finditer(text):
            word = match[1]
            if _digits(word) and not _OTHERS.match(word) and _OF_REQUESTS.search(word):
                return word, _without(text, *match.span(1))
    return None, text


def _is_request(word: str, *, after: str) -> bool:
    """Whether what stands after `request` is its identifier."""
    if re.match(r"\s*-?(?:k\b|tokens?|prompts?|ms\b|seconds?|users?|%|usd|dollars?)", after):
        return False
    if re.fullmatch(r"\d+(?:\.\d+)?k|[45]xx|p\d\d", word, re.IGNORECASE) or "@" in word:
        return False
    if _digits(word):
        return True
    return (
        not _plain(word)
        and re.match(r"\s*(?:go|went|get|got|routed|fail|land|end)", after) is not None
    )


def _users(text: str) -> tuple[list[str], list[str], str]:
    """The users that are named, names after `customer` that are nobody's, the text without them."""
    users: list[str] = []
    strangers: list[str] = []
    rest = text
    for match in _USER.finditer(text):
        word = match["id"]
        customer = match["word"].lower() == "customer"
        told = re.search(r"id|nam|call|[:=#\"'`]", match["near"], re.IGNORECASE) is not None
        idlike = _digits(word) or "@" in word or "_" in word
        if customer and not told and re.match(r"\d+(?:\.\d+)?[xk]?\Z", word):
            continue
        if match["near"].startswith("-") or ordinary(lowered(word)):
            continue
        certain = idlike or told or _FOR.search(text[: match.start()])
        if not certain and _plain(word):
            continue
        if customer and not idlike:
            strangers.append(word)
        else:
            users.append(word)
        rest = _without(rest, *match.span("id"))
    for match in _USER_SHAPE.finditer(rest):
        users.append(match[0])
        rest = _without(rest, *match.span())
    return users, strangers, rest


def _unknown(text: str, *, unfit: frozenset[str]) -> list[str]:
    """What stands where a name must, or has the shape of one, and names nothing; in order."""
    found = [
        (match.start("id"), match["id"])
        for match in _NAMED.finditer(text)
        if _strange(match["id"], kind=match["kind"].lower(), before=match["before"])
    ]
    for match in _BEFORE.finditer(text):
        word = match["id"]
        if not _plain(word) and not _ADJECTIVE.search(lowered(word)) and len(word) > 3:
            found.append((match.start("id"), word))
    found += [(m.start(), m[0]) for m in _SHAPED.finditer(text) if _shaped(m[0])]
    found += [(m.start(), m[0]) for m in _FAMILIES.finditer(text)]
    found += [(match.start(), match[1]) for match in _TIERS.finditer(text)]
    for match in re.finditer(r"(?<![\w<@./-])[a-z]\w+", lowered(text)):
        if match[0] in unfit and match[0] in _CLOUDS:
            found.append((match.start(), text[match.start() : match.end()]))
    kept: list[tuple[int, str]] = []
    for at, word in sorted(found, key=lambda one: (-len(one[1]), one[0])):
        if not any(a <= at < a + len(other) for a, other in kept):
            kept.append((at, word))
    return [word for _, word in sorted(kept)]


def _strange(word: str, *, kind: str, before: str | None) -> bool:
    """Whether a word that follows `model`, `tenant`, … stands for a name."""
    low = lowered(word)
    if _NO_NAMES.match(low) and kind not in {"policy", "tier"}:
        return False
    said = lowered(before or "")
    if said in _OPEN and not _digits(low):
        return False
    if _digits(low):
        return not (low.isdigit() and (said in _OPEN or kind in {"slo", "rollout", "arm", "model"}))
    if kind in {"slo", "rollout", "arm", "incident", "experiment", "policy"}:
        return not _plain(low) and not _ADJECTIVE.search(low)
    if ordinary(low):
        return False
    return said in _CLOSED or not _plain(low)


def _shaped(word: str) -> bool:
    """Whether a word has the shape of an identifier: `x@y`, `inc-42`, `gpt-5`."""
    low = lowered(word)
    if "@" in low:
        return True
    letters = [part for part in parts(low) if part.isalpha()]
    if _NO_NAMES.match(low) or not letters:
        return False
    if _KINDS.match(low):
        return True
    return not all(ordinary(part) or len(part) == 1 for part in letters)
