"""The three forms are taken apart; what is too large is refused before it is unpacked whole."""

import gzip
import zlib
from typing import Any

import pytest

from graph.errors import TooLarge
from ingest.bodies import Form, form_of, is_packed, items, unpacked
from ingest.events import InvalidEvent
from ingest.settings import IngestSettings

SETTINGS = IngestSettings(
    body_limit_bytes=20_000, batch_limit_bytes=10_000, event_limit_bytes=1_024, body_events=10
)


def taken(body: bytes, form: Form) -> list[tuple[int, bytes, bool]]:
    found = items(body, form=form, settings=SETTINGS)
    return [(item.index, item.body, item.oversize_bytes is not None) for item in found]


@pytest.mark.parametrize(
    ("content_type", "form"),
    [
        ("application/cloudevents+json", Form.ONE),
        ("application/cloudevents+json; charset=UTF-8", Form.ONE),
        ("Application/CloudEvents-Batch+JSON", Form.BATCH),
        ("application/x-ndjson", Form.LINES),
        ("application/json", Form.JSON),
        (None, Form.JSON),
    ],
)
def test_forms_by_content_type(content_type: str | None, form: Form) -> None:
    assert form_of(content_type) is form


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-ndjson; charset=utf-16"])
def test_other_content_types_are_named(content_type: str) -> None:
    with pytest.raises(InvalidEvent, match="content-type"):
        form_of(content_type)


def test_lines_are_numbered_without_the_blank_ones() -> None:
    body = b'\xef\xbb\xbf{"a":1}\r\n\n  {"b":2}  \nx'
    assert taken(body, Form.LINES) == [
        (0, b'{"a":1}', False),
        (1, b'{"b":2}', False),
        (2, b"x", False),
    ]
    assert taken(b"", Form.LINES) == []


def test_arrays_and_single_events() -> None:
    expected = [(0, b'{"a":1}', False), (1, b"5", False)]
    assert taken(b'[{"a": 1}, 5]', Form.BATCH) == expected
    assert taken(b' [{"a": 1}, 5]', Form.JSON) == expected
    assert taken(b'{"a":1}', Form.JSON) == taken(b'{"a":1}', Form.ONE) == [(0, b'{"a":1}', False)]
    with pytest.raises(InvalidEvent, match="array"):
        taken(b'{"a": 1}', Form.BATCH)
    with pytest.raises(InvalidEvent, match="not JSON"):
        taken(b"[1, 2", Form.BATCH)


def test_what_is_only_almost_json_still_has_a_body() -> None:
    (item,) = items(b'[{"a": NaN, "b": "\\ud800"}]', form=Form.BATCH, settings=SETTINGS)
    assert b"ud800" in item.body


def test_one_long_event_harms_no_other() -> None:
    long = b'{"a":"' + b"x" * 2_000 + b'"}'
    assert [cut for _, _, cut in taken(b"{}\n" + long + b"\n{}", Form.LINES)] == [
        False,
        True,
        False,
    ]
    assert [cut for _, _, cut in taken(b"[{}," + long + b",{}]", Form.BATCH)] == [
        False,
        True,
        False,
    ]
    with pytest.raises(TooLarge, match="1024"):
        taken(long, Form.ONE)


def test_bodies_have_limits() -> None:
    with pytest.raises(TooLarge, match="20000"):
        taken(b" " * 20_001, Form.LINES)
    with pytest.raises(TooLarge, match="10000"):
        taken(b"[" + b" " * 10_000 + b"]", Form.BATCH)
    with pytest.raises(TooLarge, match="at most 10"):
        taken(b"{}\n" * 11, Form.LINES)
    with pytest.raises(TooLarge, match="at most 10"):
        taken(b"[" + b"1," * 10 + b"1]", Form.BATCH)


def test_gzip_by_header_or_by_its_first_bytes() -> None:
    packed = gzip.compress(b"{}")
    assert is_packed(packed, content_encoding=None)
    assert is_packed(b"{}", content_encoding="gzip")
    assert not is_packed(b"{}", content_encoding="identity")
    with pytest.raises(InvalidEvent, match="content-encoding"):
        is_packed(b"{}", content_encoding="br")


def test_gzip_of_several_members_and_with_padding() -> None:
    body = gzip.compress(b"one\n") + gzip.compress(b"two\n") + b"\0" * 20
    assert unpacked(body, limit_bytes=100) == b"one\ntwo\n"
    large = b"abcdefgh" * 600_000
    assert unpacked(gzip.compress(large), limit_bytes=len(large)) == large


@pytest.mark.parametrize(
    "body",
    [b"{}", gzip.compress(b"x" * 100)[:-10], gzip.compress(b"x") + b"trailing"],
    ids=["plain", "cut", "more"],
)
def test_what_is_not_gzip_is_said_to_be_so(body: bytes) -> None:
    with pytest.raises(InvalidEvent, match="gzip"):
        unpacked(body, limit_bytes=1_000)


def test_a_bomb_is_never_unpacked() -> None:
    packer = zlib.compressobj(9, wbits=31)
    zeros: Any = bytes(2**20)
    bomb = b"".join(packer.compress(zeros) for _ in range(500)) + packer.flush()
    assert len(bomb) < 600_000
    with pytest.raises(TooLarge):
        unpacked(bomb, limit_bytes=2**21)
