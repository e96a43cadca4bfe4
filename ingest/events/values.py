"""The kinds of value that event fields have, with their limits: what may enter is decided here."""

import math
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.types import StringConstraints

IDENTIFIER_LENGTH = 200
TEXT_LENGTH = 4_000
URL_LENGTH = 2_000
LIST_LENGTH = 200
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LARGEST_WHOLE = 2**31 - 1
LARGEST_DURATION_MS = 30 * 86_400_000.0
LARGEST_AMOUNT_USD = 1_000_000.0
LARGEST_BUDGET_USD = 1e12
LARGEST_NUMBER = 1e15
OBJECT_DEPTH = 10
OBJECT_VALUES = 5_000
OBJECT_TEXT_LENGTH = 10_000

# Letters, marks, numbers, punctuation, symbols and the plain space; no control or format characters
# (NUL, line breaks, zero-width and direction marks), no surrogates, nothing unassigned.
_PRINTING = r"\p{L}\p{M}\p{N}\p{P}\p{S} "
IDENTIFIER_PATTERN = rf"^[{_PRINTING}]+$"
BACKEND_PATTERN = rf"^[{_PRINTING}&&[^@]]+$"
DEPLOYMENT_PATTERN = rf"^[{_PRINTING}]+@[{_PRINTING}&&[^@]]+$"
TENANT_PATTERN = r"^[A-Za-z0-9._:-]{1,64}$"
TEXT_PATTERN = r"^[^\x00-\x08\x0B\x0C\x0E-\x1F\x7F]*$"
URL_PATTERN = r"^https?://[\p{L}\p{M}\p{N}\p{P}\p{S}]+$"

PATTERN_REMEDIES = {
    IDENTIFIER_PATTERN: "has characters that do not print (such as NUL or a line break); "
    "use 1 to 200 printable characters",
    BACKEND_PATTERN: "may have printable characters only, and no '@'",
    DEPLOYMENT_PATTERN: 'must be written model@backend, both parts non-empty, e.g. "gpt-4o@aws"',
    TENANT_PATTERN: "must be 1 to 64 letters, digits or any of . _ : -",
    TEXT_PATTERN: "has control characters (such as NUL); remove them",
    URL_PATTERN: 'must be a web address that starts with "https://" or "http://"',
}
"""What to do about a text that does not match, by the pattern it does not match."""

_RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_TENANT_NAME = re.compile(TENANT_PATTERN.strip("^$"), re.ASCII)
_TIME_REMEDY = (
    'must be a time as in RFC 3339 with its offset, e.g. "2026-09-07T12:00:00Z" '
    'or "2026-09-07T14:00:00+02:00"'
)


def parse_time(value: Any) -> datetime:
    """An RFC 3339 text with offset, or an aware datetime, as an aware UTC datetime.

    Raises ValueError that says what to send instead.
    """
    if isinstance(value, datetime) and value.tzinfo is not None:
        moment = value
    elif isinstance(value, str) and _RFC_3339.fullmatch(value):
        try:
            moment = datetime.fromisoformat(value.upper())
        except ValueError as error:
            raise ValueError(f"is no such time: {error}") from error
    else:
        raise ValueError(_TIME_REMEDY)
    if moment.year <= EARLIEST.year and (moment.year < 1999 or moment.astimezone(UTC) < EARLIEST):
        raise ValueError("lies before the year 2000; check the sender's clock and its unit of time")
    if moment.year == 9999:
        raise ValueError("lies too far in the future; check the sender's clock")
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


def is_tenant(value: object) -> bool:
    """Whether a value can be a tenant's name."""
    return isinstance(value, str) and _TENANT_NAME.fullmatch(value) is not None


def _tidy_text(text: str) -> str:
    if len(text) > OBJECT_TEXT_LENGTH:
        raise ValueError(f"has a text of more than {OBJECT_TEXT_LENGTH} characters; shorten it")
    if "\x00" in text:
        raise ValueError("has a NUL character in it; remove it")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("has a lone surrogate in it, which is no character; send valid Unicode")
    return text


def _tidy(value: Any, left: Iterator[int], depth: int) -> Any:
    if next(left, None) is None:
        raise ValueError(f"has more than {OBJECT_VALUES} values; send less")
    if depth > OBJECT_DEPTH:
        raise ValueError(f"is nested more than {OBJECT_DEPTH} levels deep; flatten it")
    match value:
        case bool() | None:
            return value
        case str():
            return _tidy_text(value)
        case int() if abs(value) < 2**63:
            return value
        case float() if math.isfinite(value):
            return value
        case int() | float():
            raise ValueError("has a number that is not finite or too large; leave it out")
        case list():
            items = cast("list[Any]", value)
            return [_tidy(item, left, depth + 1) for item in items]
        case dict():
            fields = cast("dict[str, Any]", value)
            return {
                _tidy_text(key): _tidy(fields[key], left, depth + 1)
                # Sorted, so that the same object always makes the same bytes.
                for key in sorted(fields)
            }
        case _:
            raise ValueError("may hold JSON values only")


def bounded_object(value: dict[str, Any]) -> dict[str, Any]:
    """A JSON object within limits of depth, number of values and length, keys sorted."""
    return _tidy(value, iter(range(OBJECT_VALUES)), 0)


def _sorted_labels(labels: dict[str, str]) -> dict[str, str]:
    return dict(sorted(labels.items()))


def _named_once(names: tuple[str, ...]) -> tuple[str, ...]:
    return names if len(set(names)) == len(names) else tuple(dict.fromkeys(names))


def _text(pattern: str, *, shortest: int, longest: int) -> StringConstraints:
    return StringConstraints(min_length=shortest, max_length=longest, pattern=pattern)


Identifier = Annotated[str, _text(IDENTIFIER_PATTERN, shortest=1, longest=IDENTIFIER_LENGTH)]
BackendId = Annotated[str, _text(BACKEND_PATTERN, shortest=1, longest=IDENTIFIER_LENGTH)]
DeploymentId = Annotated[str, _text(DEPLOYMENT_PATTERN, shortest=1, longest=IDENTIFIER_LENGTH)]
Tenant = Annotated[str, StringConstraints(pattern=TENANT_PATTERN)]
Text = Annotated[str, _text(TEXT_PATTERN, shortest=0, longest=TEXT_LENGTH)]
Title = Annotated[str, _text(TEXT_PATTERN, shortest=1, longest=500)]
Url = Annotated[str, _text(URL_PATTERN, shortest=1, longest=URL_LENGTH)]
Time = Annotated[datetime, BeforeValidator(parse_time)]

Flag = bool
Whole = Annotated[int, Field(ge=0, le=LARGEST_WHOLE)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Number = Annotated[float, Field(ge=0, le=LARGEST_NUMBER, allow_inf_nan=False)]
DurationMs = Annotated[float, Field(ge=0, le=LARGEST_DURATION_MS, allow_inf_nan=False)]
AmountUsd = Annotated[float, Field(ge=0, le=LARGEST_AMOUNT_USD, allow_inf_nan=False)]
BudgetUsd = Annotated[float, Field(ge=0, le=LARGEST_BUDGET_USD, allow_inf_nan=False)]

# Arrays come as lists and are kept as tuples: strictness would refuse the list itself; the items
# stay strict.
ARRAY: Any = Field(strict=False, max_length=LIST_LENGTH)
Identifiers = Annotated[tuple[Identifier, ...], ARRAY, AfterValidator(_named_once)]
BackendIds = Annotated[tuple[BackendId, ...], ARRAY, AfterValidator(_named_once)]
DeploymentIds = Annotated[tuple[DeploymentId, ...], ARRAY, AfterValidator(_named_once)]
Texts = Annotated[tuple[Text, ...], ARRAY]
Labels = Annotated[dict[Identifier, Text], Field(max_length=64), AfterValidator(_sorted_labels)]
Object = Annotated[dict[str, Any], AfterValidator(bounded_object)]


class Told(BaseModel):
    """What every part of an event has in common: strict types, no change after validation.

    Unknown fields are ignored, so that a newer sender is understood by an older server.
    """

    model_config = ConfigDict(
        strict=True, frozen=True, extra="ignore", allow_inf_nan=False, hide_input_in_errors=True
    )


def all_once(names: Iterable[str], *, of: str) -> None:
    """Raise ValueError where a name comes twice."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"names the {of} {name!r} twice; name each once")
        seen.add(name)
