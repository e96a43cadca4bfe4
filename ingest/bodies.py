"""From the bytes of a request to single events, not yet judged: three forms, gzip, and sizes."""

import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, cast

import orjson

from graph.errors import TooLarge
from ingest.events import FieldError, InvalidEvent, parse_json
from ingest.settings import IngestSettings

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31
_STEP_BYTES = 2**20
_BOM = b"\xef\xbb\xbf"


class Form(Enum):
    """How events lie in a body."""

    ONE = "application/cloudevents+json"
    BATCH = "application/cloudevents-batch+json"
    LINES = "application/x-ndjson"
    JSON = "application/json"


_FORMS = {form.value: form for form in Form} | {
    "application/ndjson": Form.LINES,
    "application/jsonl": Form.LINES,
}


@dataclass(frozen=True, slots=True)
class Item:
    """One event as it came: decoded where the form had it decoded, else only its bytes."""

    index: int
    raw: bytes | None
    decoded: Any = None
    oversize_bytes: int | None = None

    @property
    def body(self) -> bytes:
        """Its bytes, made again where it came inside of an array."""
        return _encoded(self.decoded) if self.raw is None else self.raw


def form_of(content_type: str | None) -> Form:
    """The form that a Content-Type names; without one, plain JSON. Raises InvalidEvent."""
    name, _, parameters = (content_type or Form.JSON.value).partition(";")
    form = _FORMS.get(name.strip().lower())
    if form is None:
        known = ", ".join(form.value for form in Form)
        raise InvalidEvent([FieldError("content-type", f"is not supported; send one of {known}")])
    charset = parameters.partition("charset=")[2].split(";")[0].strip(' "').lower()
    if charset not in ("", "utf-8", "utf8", "us-ascii"):
        raise InvalidEvent([FieldError("content-type", "must have the charset utf-8")])
    return form


def is_packed(body: bytes, *, content_encoding: str | None) -> bool:
    """Whether a body is gzip, by its header or its first bytes. Raises InvalidEvent."""
    encoding = (content_encoding or "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise InvalidEvent(
            [FieldError("content-encoding", "is not supported; send gzip or leave it out")]
        )
    return encoding != "identity" or body.startswith(_GZIP_MAGIC)


def unpacked(body: bytes, *, limit_bytes: int) -> bytes:
    """The content of a gzip body, of one or several members.

    Never holds more than the limit: raises TooLarge there, InvalidEvent for what is not gzip.
    """
    parts: list[bytes] = []
    size = 0
    rest = body
    try:
        while rest:
            member = zlib.decompressobj(wbits=_GZIP_WINDOW)
            while not member.eof:
                part = member.decompress(rest, _STEP_BYTES)
                rest = member.unconsumed_tail
                size += len(part)
                if size > limit_bytes:
                    raise TooLarge(_too_large(f"more than {limit_bytes}", limit_bytes))
                if not part and not rest and not member.eof:
                    raise _not_gzip("it ends too early")
                parts.append(part)
            # Zeros after the end are padding.
            rest = member.unused_data.lstrip(b"\0")
    except zlib.error as error:
        raise _not_gzip(str(error)) from error
    return b"".join(parts)


def _not_gzip(reason: str) -> InvalidEvent:
    return InvalidEvent([FieldError("body", f"is not valid gzip ({reason})")])


def items(body: bytes, *, form: Form, settings: IngestSettings) -> Iterator[Item]:
    """The events of a body in order, each too long one marked.

    Raises TooLarge before the first where the whole is too large, InvalidEvent where it is not in
    this form at all.
    """
    body = body.removeprefix(_BOM)
    if form is Form.JSON:
        form = Form.BATCH if body.lstrip()[:1] == b"[" else Form.ONE
    if form is Form.LINES:
        _check_size(len(body), settings.body_limit_bytes)
        _check_count(body.count(b"\n"), settings)
        return _lines(body, settings.event_limit_bytes)
    if form is Form.BATCH:
        _check_size(len(body), settings.batch_limit_bytes)
        return _batch(body, settings)
    _check_size(len(body), settings.event_limit_bytes)
    return iter([Item(0, body)])


def _item(index: int, raw: bytes, limit_bytes: int) -> Item:
    return Item(index, raw, oversize_bytes=len(raw) if len(raw) > limit_bytes else None)


def _lines(body: bytes, limit_bytes: int) -> Iterator[Item]:
    index = 0
    for line in io.BytesIO(body):
        if stripped := line.strip():
            yield _item(index, stripped, limit_bytes)
            index += 1


def _batch(body: bytes, settings: IngestSettings) -> Iterator[Item]:
    decoded = parse_json(body)
    if not isinstance(decoded, list):
        raise InvalidEvent(
            [FieldError("body", "must be a JSON array of events, or be sent as another form")]
        )
    events = cast("list[Any]", decoded)
    _check_count(len(events), settings)
    limit = settings.event_limit_bytes
    # Only where one alone could be too long is each measured.
    if len(body) <= limit:
        return (Item(index, None, decoded=event) for index, event in enumerate(events))
    return (_measured(index, event, limit) for index, event in enumerate(events))


def _measured(index: int, event: Any, limit_bytes: int) -> Item:
    size = len(_encoded(event))
    return Item(index, None, decoded=event, oversize_bytes=size if size > limit_bytes else None)


def _encoded(decoded: Any) -> bytes:
    try:
        return orjson.dumps(decoded)
    except TypeError:
        # Lone surrogates and whole numbers of any length pass only here.
        return json.dumps(decoded).encode()


def _check_size(size_bytes: int, limit_bytes: int) -> None:
    if size_bytes > limit_bytes:
        raise TooLarge(_too_large(str(size_bytes), limit_bytes))


def _check_count(count: int, settings: IngestSettings) -> None:
    if count > settings.body_events:
        raise TooLarge(
            f"has {count} events; at most {settings.body_events} fit in one body: send several"
        )


def _too_large(size: str, limit_bytes: int) -> str:
    return f"has {size} bytes; at most {limit_bytes} are taken: send several smaller bodies"
