"""The words that time is told with, as people spell and misspell them."""

from functools import cache, lru_cache
from typing import Final

from rapidfuzz.distance import OSA

from agent.understanding.when.dates import Unit


@cache
def bag(text: str) -> frozenset[str]:
    """The words of a text, to look others up in."""
    return frozenset(text.split())


WEEKDAYS: Final = {
    "monday": 0, "mon": 0,
    "tuesday": 1, "tue": 1, "tues": 1,
    "wednesday": 2, "wed": 2, "weds": 2,
    "thursday": 3, "thu": 3, "thur": 3, "thurs": 3,
    "friday": 4, "fri": 4,
    "saturday": 5, "sat": 5,
    "sunday": 6, "sun": 6,
}  # fmt: skip
MONTHS: Final = {
    "january": 1, "jan": 1, "february": 2, "feb": 2, "march": 3, "mar": 3, "april": 4, "apr": 4,
    "may": 5, "june": 6, "jun": 6, "july": 7, "jul": 7, "august": 8, "aug": 8, "september": 9,
    "sep": 9, "sept": 9, "october": 10, "oct": 10, "november": 11, "nov": 11, "december": 12,
    "dec": 12,
}  # fmt: skip
IN_CONTEXT: Final = bag("mon sat sun jan feb mar march apr may jun jul aug sep sept oct nov dec")
"""Days and months that are other words too: read only after a word that a time follows."""

UNITS: Final = {
    "second": Unit.SECOND, "seconds": Unit.SECOND, "sec": Unit.SECOND, "secs": Unit.SECOND,
    "minute": Unit.MINUTE, "minutes": Unit.MINUTE, "min": Unit.MINUTE, "mins": Unit.MINUTE,
    "hour": Unit.HOUR, "hours": Unit.HOUR, "hr": Unit.HOUR, "hrs": Unit.HOUR,
    "day": Unit.DAY, "days": Unit.DAY,
    "weekend": Unit.WEEKEND, "weekends": Unit.WEEKEND,
    "week": Unit.WEEK, "weeks": Unit.WEEK, "wk": Unit.WEEK, "wks": Unit.WEEK,
    "fortnight": Unit.FORTNIGHT, "fortnights": Unit.FORTNIGHT,
    "month": Unit.MONTH, "months": Unit.MONTH, "mth": Unit.MONTH, "mths": Unit.MONTH,
    "mo": Unit.MONTH,
    "quarter": Unit.QUARTER, "quarters": Unit.QUARTER,
    "year": Unit.YEAR, "years": Unit.YEAR, "yr": Unit.YEAR, "yrs": Unit.YEAR,
}  # fmt: skip
SHORT_UNITS: Final = {
    "s": Unit.SECOND, "m": Unit.MINUTE, "h": Unit.HOUR, "d": Unit.DAY, "w": Unit.WEEK,
    "mo": Unit.MONTH, "y": Unit.YEAR,
}  # fmt: skip
"""Units only right after a number."""

NUMBERS: Final = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "eighteen": 18,
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "ninety": 90,
}  # fmt: skip
FEW: Final = 3
COUPLE: Final = 2

PARTS: Final = {
    "morning": (6, 12),
    "afternoon": (12, 18),
    "evening": (18, 24),
    "lunchtime": (11, 14),
    "lunch": (11, 14),
}
"""Parts of a day by the hours that they last; nights reach over midnight and are not here."""

_MISSPELT: Final = {
    "yday": "yesterday", "yest": "yesterday", "yesterdays": "yesterday",
    "todays": "today", "tday": "today", "2day": "today", "tody": "today", "toady": "today",
    "tomorow": "tomorrow", "tmrw": "tomorrow", "tmr": "tomorrow", "tmw": "tomorrow",
    "tmro": "tomorrow", "tomorrows": "tomorrow", "2moro": "tomorrow",
    "tonite": "tonight", "2nite": "tonight", "tonights": "tonight", "nite": "night",
    "lst": "last", "laste": "last", "lats": "last", "alst": "last", "las": "last",
    "pas": "past", "prev": "previous", "preceding": "previous",
    "prior": "previous", "trailing": "past", "thsi": "this", "nxt": "next", "sicne": "since",
    "snce": "since", "sinse": "since", "becuase": "because",
    "wek": "week", "weeek": "week", "wekk": "week", "weel": "week",
    "wkend": "weekend", "wknd": "weekend", "weeknd": "weekend",
    "hurs": "hours", "horus": "hours", "huors": "hours", "houres": "hours", "hous": "hours",
    "huor": "hour", "hors": "hours", "minuts": "minutes", "minuets": "minutes",
    "minutse": "minutes", "minits": "minutes", "dyas": "days", "dasy": "days", "dayz": "days",
    "mnth": "month", "mnths": "months", "monht": "month", "moth": "month", "montsh": "months",
    "mornin": "morning", "morn": "morning", "mornings": "morning", "afternoons": "afternoon",
    "aft": "afternoon", "evenings": "evening", "eve": "evening", "lunchbreak": "lunchtime",
    "midday": "noon", "noontime": "noon", "versus": "vs", "til": "until", "till": "until",
    "thru": "through", "untill": "until", "befor": "before", "bfore": "before", "b4": "before",
    "aftr": "after", "durring": "during", "incedent": "incident", "incidnet": "incident",
    "incidant": "incident", "roll-out": "rollout", "rollot": "rollout", "relase": "release",
    "hourley": "hourly", "dayly": "daily", "weekley": "weekly", "comapred": "compared",
    "compard": "compared", "oclock": "oclock", "o'clock": "oclock",
    "halve": "half", "cople": "couple", "coupel": "couple", "forthnight": "fortnight",
    "a.m": "am", "p.m": "pm", "aginst": "against", "agianst": "against", "agaisnt": "against",
    "thruout": "throughout",
}  # fmt: skip
_NEARLY: Final = bag(
    "yesterday tomorrow monday tuesday wednesday thursday friday saturday sunday tonight morning "
    "afternoon evening weekend midnight january february september october november "
    "december overnight fortnight"
)
_SHORTEST: Final = 5
_LONG: Final = 8
_NOT_MISSPELT: Final = bag(
    "mooring sundae sundry turning mourning weekday weekdays weekends mondo warning"
)


@lru_cache(maxsize=4096)
def corrected(word: str) -> str:
    """A lower-case word as it is spelt, where it is a common misspelling of one about time.

    The longer words may differ by a letter, the longest by two; the first letter is always right.
    """
    known = _MISSPELT.get(word)
    if known is not None:
        return known
    if len(word) < _SHORTEST or not word.isalpha() or word in _NOT_MISSPELT | _NEARLY:
        return word
    found: list[tuple[int, str]] = []
    for right in _NEARLY:
        if word[0] == right[0]:
            most = 2 if len(right) >= _LONG and len(word) >= _LONG - 1 else 1
            distance = OSA.distance(word, right, score_cutoff=most)
            found += [(distance, right)] if distance <= most else []
    if found:
        return min(found)[1]
    plural = word.removesuffix("s")
    return plural if plural in WEEKDAYS and len(plural) >= _SHORTEST else word
