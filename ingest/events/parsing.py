"""From JSON to an event, or to what is wrong with it: each error names its field and a remedy."""

import difflib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import orjson
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ingest.events.envelope import EVENT_CLASSES, Event
from ingest.events.values import PATTERN_REMEDIES

ERROR_LIMIT = 20
_SHOWN_LENGTH = 60
_ENVELOPE_TIMES = frozenset({"time", "recordedtime"})


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing that is wrong: the dotted path of the field, and what to do about it."""

    field: str
    message: str


class InvalidEvent(ValueError):
    """What was sent is no event of the contract; `errors` says why, at most 20 of them."""

    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in errors))
        self.errors = errors


def parse_json(raw: bytes) -> Any:
    """Any JSON value. NaN, infinities and lone surrogates pass here, to be named by field later.

    Raises InvalidEvent for the field `body`.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as strict_error:
        try:
            # The standard library's parser takes what is only almost JSON (NaN, lone surrogates),
            # so that the validation can say in which field it is.
            return json.loads(raw)
        except (ValueError, RecursionError):
            reason = str(strict_error)
    raise InvalidEvent(
        [FieldError("body", f"is not JSON ({reason}); send one JSON object for each event")]
    )


def parse_event(raw: Mapping[str, Any] | bytes, *, received_at: datetime | None = None) -> Event:
    """The event that a JSON object (decoded or not) tells.

    `received_at` is what `recordedtime` becomes where the sender gave none; without it, an event
    that lacks one is refused. Raises InvalidEvent.
    """
    sent: Any = parse_json(raw) if isinstance(raw, bytes) else raw
    if not isinstance(sent, dict):
        raise InvalidEvent([FieldError("body", f"must be a JSON object; got {_kind_of(sent)}")])
    given = cast("dict[str, Any]", sent)
    kind = given.get("type")
    known = EVENT_CLASSES.get(kind) if isinstance(kind, str) else None
    if known is None:
        raise InvalidEvent([_type_error(given)])
    if given.get("tenant", "") is None or given.get("recordedtime") is None:
        given = {k: v for k, v in given.items() if v is not None}
        if received_at is not None and "recordedtime" not in given:
            given["recordedtime"] = received_at
    try:
        return known.model_validate(given)
    except ValidationError as error:
        raise InvalidEvent(_field_errors(error, given)) from None


def _field_errors(error: ValidationError, sent: Mapping[str, Any]) -> list[FieldError]:
    found = [
        FieldError(".".join(str(part) for part in detail["loc"]) or "body", _message(detail, sent))
        for detail in error.errors(include_url=False)[:ERROR_LIMIT]
    ]
    left = error.error_count() - len(found)
    if left > 0:
        found.append(FieldError("body", f"has {left} more errors; correct these first"))
    return found


def _type_error(sent: Mapping[str, Any]) -> FieldError:
    known = ", ".join(sorted(EVENT_CLASSES))
    if "type" not in sent:
        return FieldError("type", f"is missing; add one of {known}")
    kind = sent["type"]
    near = (
        difflib.get_close_matches(kind[:200], EVENT_CLASSES, n=1) if isinstance(kind, str) else []
    )
    hint = f'did you mean "{near[0]}"? ' if near else ""
    return FieldError("type", f"{_shown(kind)} is not a known type; {hint}known are {known}")


def _kind_of(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "an array"
        case _:
            return "an object"


def _shown(value: Any) -> str:
    """A short, safe rendering of what was sent."""
    if isinstance(value, dict | list):
        return _kind_of(cast("object", value))
    if isinstance(value, str) and len(value) > _SHOWN_LENGTH:
        value = value[:_SHOWN_LENGTH] + "…"
    # What does not print (zero-width marks, lone surrogates) is escaped, so that it can be seen.
    escaped = isinstance(value, str) and not value.isprintable()
    return json.dumps(value, ensure_ascii=escaped)[: 2 * _SHOWN_LENGTH]


def _wrong_kind(expected: str) -> Callable[[ErrorDetails], str]:
    def message(detail: ErrorDetails) -> str:
        value = detail["input"]
        got = _kind_of(value) if isinstance(value, dict | list) else _shown(value)
        if isinstance(value, str):
            got = f"the text {got}"
        return f"must be {expected}; got {got}"

    return message


def _pattern_message(detail: ErrorDetails) -> str:
    remedy = PATTERN_REMEDIES[detail.get("ctx", {})["pattern"]]
    return f"{remedy}; got {_shown(detail['input'])}"


def _limit(word: str, key: str) -> Callable[[ErrorDetails], str]:
    def message(detail: ErrorDetails) -> str:
        limit = detail.get("ctx", {})[key]
        return f"must be {word} {limit:.16g}; got {_shown(detail['input'])}"

    return message


def _literal_message(detail: ErrorDetails) -> str:
    expected = str(detail.get("ctx", {})["expected"]).replace("'", '"')
    return f"must be {expected}; got {_shown(detail['input'])}"


def _long_message(detail: ErrorDetails) -> str:
    limit = detail.get("ctx", {})["max_length"]
    return f"has {len(detail['input'])} characters; at most {limit} are kept, so shorten it"


def _many_message(detail: ErrorDetails) -> str:
    limit = detail.get("ctx", {})["max_length"]
    return f"has more than {limit} entries; send at most that many"


_NOT_FINITE = "must be a finite number, not NaN or infinity; leave the field out if it is not known"
_WHOLE = _wrong_kind("a whole number, without quotes")
_NUMBER = _wrong_kind("a number, without quotes")
_TEXT = _wrong_kind('text in quotes, e.g. "abc"')
_OBJECT = _wrong_kind("a JSON object")
_ARRAY = _wrong_kind("a JSON array")

_MESSAGES: dict[str, Callable[[ErrorDetails], str]] = {
    "missing": lambda _: "is missing; add it",
    "extra_forbidden": lambda _: "is not a known field here; correct its name or leave it out",
    "string_type": _TEXT,
    "string_unicode": lambda _: "has a lone surrogate, which is no character; send valid Unicode",
    "string_too_short": lambda _: "is empty; give at least one character or leave the field out",
    "string_too_long": _long_message,
    "string_pattern_mismatch": _pattern_message,
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": lambda _: "is too large a number",
    "float_type": _NUMBER,
    "finite_number": lambda _: _NOT_FINITE,
    "bool_type": _wrong_kind("true or false, without quotes"),
    "literal_error": _literal_message,
    "greater_than_equal": _limit("at least", "ge"),
    "greater_than": _limit("more than", "gt"),
    "less_than_equal": _limit("at most", "le"),
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dict_type": _OBJECT,
    "tuple_type": _ARRAY,
    "too_long": _many_message,
    "value_error": lambda detail: str(detail.get("ctx", {})["error"]),
}


def _message(detail: ErrorDetails, sent: Mapping[str, Any]) -> str:
    if detail["type"] == "missing" and detail["loc"] == ("data",) and "data_base64" in sent:
        return "is missing; send the data as a JSON object, not as data_base64"
    message = _MESSAGES.get(detail["type"])
    return message(detail) if message else detail["msg"]
