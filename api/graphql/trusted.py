"""Trusted documents: those of our own clients, known from the start by the hash of their text.

A caller may send the hash in place of the text, as `extensions.persistedQuery.sha256Hash` or as
`documentId`; a service can be told to answer nothing else. A text that was sent with its hash is
remembered for as long as the document is, so that the hash alone will do the next time.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

from graph.errors import CallerError, InvalidInput, Refused

FOLDER: Final = Path(__file__).parent / "trusted"
_PREFIX: Final = "sha256:"


class UnknownDocument(CallerError):
    """No document of that hash is known; clients that can then send its text too.

    The message is the one that they look for.
    """

    code = "PERSISTED_QUERY_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotFound")


class UntrustedDocument(Refused):
    """The service answers trusted documents alone, and this is none."""

    code = "UNTRUSTED_DOCUMENT"


def digest(text: str) -> str:
    """The hash of a document: SHA-256 of its text, in small hexadecimal digits."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


@cache
def documents() -> Mapping[str, str]:
    """The text of every trusted document by its hash."""
    texts = (path.read_text(encoding="utf-8").strip() for path in sorted(FOLDER.glob("*.graphql")))
    return {digest(text): text for text in texts}


def document(name: str) -> str:
    """The text of a trusted document by the name of its file."""
    return (FOLDER / f"{name}.graphql").read_text(encoding="utf-8").strip()


def hash_asked_for(body: Mapping[str, Any]) -> str | None:
    """The hash that the body of a request names, None where it names none. Raises InvalidInput."""
    named, field = body.get("documentId"), "documentId"
    if named is None:
        told = _object(_object(body.get("extensions")).get("persistedQuery"))
        if not told:
            return None
        named, field = told.get("sha256Hash"), "extensions.persistedQuery.sha256Hash"
    if not isinstance(named, str):
        raise InvalidInput("must be the SHA-256 of a document", field=field)
    return named.removeprefix(_PREFIX).lower()


def _object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
