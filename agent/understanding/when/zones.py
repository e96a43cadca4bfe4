"""Time zones as questions state them: `9am Berlin time`, `in UTC`, `CET`, `+02:00`."""

import re
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

from agent.understanding.when.tokens import Day, Offset, Token, Wall

_ABBREVIATED: Final = {
    # Where the tz database knows the letters it decides; the rest are what they strictly stand
    # for. `Etc` counts to the west.
    "utc": "UTC", "gmt": "UTC", "zulu": "UTC", "cet": "Europe/Berlin", "cest": "Etc/GMT-2",
    "eet": "Europe/Athens", "eest": "Etc/GMT-3", "wet": "Europe/Lisbon", "bst": "Etc/GMT-1",
    "est": "Etc/GMT+5", "edt": "Etc/GMT+4", "cst": "Etc/GMT+6", "cdt": "Etc/GMT+5",
    "mst": "Etc/GMT+7", "mdt": "Etc/GMT+6", "pst": "Etc/GMT+8", "pdt": "Etc/GMT+7",
    "et": "America/New_York", "ct": "America/Chicago", "mt": "America/Denver",
    "pt": "America/Los_Angeles", "ist": "Asia/Kolkata", "jst": "Asia/Tokyo",
    "sgt": "Asia/Singapore", "hkt": "Asia/Hong_Kong", "kst": "Asia/Seoul",
    "aest": "Etc/GMT-10", "aedt": "Etc/GMT-11", "msk": "Europe/Moscow",
}  # fmt: skip
_ANYWHERE: Final = frozenset({"utc", "gmt"})
_PLACES: Final = {
    "eastern": "America/New_York", "central": "America/Chicago", "mountain": "America/Denver",
    "pacific": "America/Los_Angeles", "uk": "Europe/London", "british": "Europe/London",
    "us eastern": "America/New_York", "us pacific": "America/Los_Angeles",
    "us central": "America/Chicago", "central european": "Europe/Berlin",
    "san francisco": "America/Los_Angeles", "seattle": "America/Los_Angeles",
    "boston": "America/New_York", "munich": "Europe/Berlin", "hamburg": "Europe/Berlin",
    "frankfurt": "Europe/Berlin", "german": "Europe/Berlin", "india": "Asia/Kolkata",
    "mumbai": "Asia/Kolkata", "bangalore": "Asia/Kolkata", "delhi": "Asia/Kolkata",
    "beijing": "Asia/Shanghai", "japan": "Asia/Tokyo", "french": "Europe/Paris",
}  # fmt: skip
_HALVES: Final = {
    timedelta(hours=5, minutes=30): "Asia/Kolkata",
    timedelta(hours=5, minutes=45): "Asia/Kathmandu",
    timedelta(hours=6, minutes=30): "Asia/Yangon",
    timedelta(hours=4, minutes=30): "Asia/Kabul",
    timedelta(hours=3, minutes=30): "Asia/Tehran",
    timedelta(hours=9, minutes=30): "Australia/Darwin",
}
_UTC_AND: Final = re.compile(r"(?:utc|gmt)([+-])(\d{1,2})(?::?(\d\d))?")
_OFFSET: Final = re.compile(r"([+-])(\d\d):(\d\d)")
_HOUR: Final = timedelta(hours=1)
_LONGEST_PLACE: Final = 2


def stated(tokens: tuple[Token, ...], text: str) -> tuple[ZoneInfo | None, frozenset[int]]:
    """The zone that a question states, and the places of the tokens that state it."""
    found: ZoneInfo | None = None
    used: set[int] = set()
    for i, token in enumerate(tokens):
        if i in used:
            continue
        zone, places = _at(tokens, i, text[token.start : token.end])
        if zone is not None:
            found = found or zone
            used.update(places)
    instants = (t.value for t in tokens if isinstance(t.value, datetime))
    if found is None:
        offsets = (value.utcoffset() for value in instants)
        found = next((fixed(by) for by in offsets if by is not None), None)
    return found, frozenset(used)


def _at(tokens: tuple[Token, ...], i: int, raw: str) -> tuple[ZoneInfo | None, range]:
    token = tokens[i]
    before = i - 1 if i and tokens[i - 1].word in {"in", "zone", "timezone"} else i
    if isinstance(token.value, Offset):
        return fixed(token.value.by), range(i, i + 1)
    if token.value is None:
        known = _ABBREVIATED.get(token.text)
        if known is not None and _meant(tokens, i, raw):
            last = i + 1 if tokens[i + 1 : i + 2] and tokens[i + 1].word == "time" else i
            return ZoneInfo(known), range(before, last + 1)
        for many in range(_LONGEST_PLACE, 0, -1):
            place = tokens[i : i + many + 1]
            if len(place) == many + 1 and place[-1].word == "time":
                name = " ".join(one.word for one in place[:-1])
                key = _PLACES.get(name) or _cities().get(name)
                if key is not None:
                    return ZoneInfo(key), range(before, i + many + 1)
        return None, range(0)
    told = _UTC_AND.fullmatch(token.text) or _OFFSET.fullmatch(token.text)
    if told is not None:
        by = timedelta(hours=int(told[2]), minutes=int(told[3] or 0))
        return fixed(-by if told[1] == "-" else by), range(before, i + 1)
    key = _keys().get(token.text) if "/" in token.text else None
    return (None, range(0)) if key is None else (ZoneInfo(key), range(before, i + 1))


def _meant(tokens: tuple[Token, ...], i: int, raw: str) -> bool:
    """Whether the letters are a zone: right after a time, or in capitals of at least three."""
    word = tokens[i].text
    if word in _ANYWHERE:
        return True
    before = tokens[i - 1] if i else None
    if before is None:
        return False
    timed = isinstance(before.value, Wall | Day | float) or before.word in {
        "am", "pm", "oclock", "noon", "midnight", "h",
    }  # fmt: skip
    return timed or (raw.isupper() and (len(word) > 2 or before.word in {"in", "today"}))


def fixed(by: timedelta) -> ZoneInfo | None:
    """A zone that is always so far from UTC; None where the tz database has none."""
    hours, rest = divmod(by, _HOUR)
    if rest:
        name = _HALVES.get(by)
        return None if name is None else ZoneInfo(name)
    if not hours:
        return ZoneInfo("UTC")
    return ZoneInfo(f"Etc/GMT{-hours:+d}") if -12 <= hours <= 14 else None


def label(zone: ZoneInfo) -> str:
    """A zone's name as people read it."""
    if zone.key.startswith("Etc/GMT") and zone.key[7:]:
        return f"UTC{-int(zone.key[7:]):+03d}:00"
    return zone.key


def _every() -> list[str]:
    # The list that comes with the data; `available_timezones` opens every file there is.
    return files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()


@cache
def _keys() -> dict[str, str]:
    return {key.lower(): key for key in _every()}


@cache
def _cities() -> dict[str, str]:
    """The tz database's places by their names in words; of two of one name neither."""
    found: dict[str, set[str]] = {}
    for key in _every():
        area, _, name = key.rpartition("/")
        if area and not key.startswith(("Etc/", "posix/", "right/", "SystemV/", "US/")):
            found.setdefault(name.replace("_", " ").lower(), set()).add(key)
    return {name: next(iter(keys)) for name, keys in found.items() if len(keys) == 1}
