"""A request's headers as a mapping, made once for all that look at them on its way."""

from collections.abc import Mapping
from typing import Final

from starlette.types import Scope

_KEPT: Final = "routecause.headers"


def headers_in(scope: Scope) -> Mapping[bytes, bytes]:
    """Each header's first value by its name in small letters, as servers give it."""
    found: Mapping[bytes, bytes] | None = scope.get(_KEPT)
    if found is None:
        found = scope[_KEPT] = dict(reversed(list(scope["headers"])))
    return found
