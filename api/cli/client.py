"""A running server as the commands see it: JSON in, JSON out, errors as our own."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

import httpx

from api.settings import ClientSettings
from graph.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    RoutecauseError,
    TooLarge,
    Unauthenticated,
    Unavailable,
)

TIMEOUT = httpx.Timeout(30.0, connect=5.0)
_BY_STATUS: Mapping[int, type[RoutecauseError]] = {
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: TooLarge,
    429: Unavailable,
    503: Unavailable,
}


def server_url(url: str | None) -> str:
    """The address given, else the environment's; InvalidInput for one that is not HTTP."""
    chosen = (url or ClientSettings().url).rstrip("/")
    if not chosen.startswith(("http://", "https://")):
        raise InvalidInput(f"{chosen} must begin with http:// or https://", field="url")
    return chosen


def key_headers(key: str | None) -> dict[str, str]:
    """The header that carries the key given, else the environment's; none without either."""
    configured = ClientSettings().api_key
    chosen = key or (configured.get_secret_value() if configured else None)
    return {"Authorization": f"Bearer {chosen}"} if chosen else {}


def unreachable(url: str, error: httpx.TransportError) -> Unavailable:
    """What to say where no server answers."""
    return Unavailable(
        f"{url} does not answer ({type(error).__name__}: {error}); "
        "is it running (routecause serve), and is --url right?"
    )


def refusal(response: httpx.Response) -> RoutecauseError:
    """A response that is not a success as an error."""
    try:
        told = response.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        told = response.text[:500] or response.reason_phrase
    kind = _BY_STATUS.get(response.status_code, RoutecauseError)
    return kind(f"{told} (HTTP {response.status_code})")


class Client:
    """Calls to one server. Every method raises one of graph.errors where it does not succeed."""

    def __init__(
        self, *, url: str | None, key: str | None, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._url = server_url(url)
        self._http = httpx.Client(
            base_url=self._url, headers=key_headers(key), timeout=TIMEOUT, transport=transport
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    def call(self, method: str, path: str, *, body: Any = None) -> Any:
        """The JSON that a route answers; None where it has no content."""
        try:
            response = self._http.request(method, path, json=body)
        except httpx.TransportError as error:
            raise unreachable(self._url, error) from error
        if not response.is_success:
            raise refusal(response)
        return response.json() if response.content else None

    def receipt(self, path: str, body: bytes) -> dict[str, Any]:
        """The receipt that a route gives for events, rejected ones in it too."""
        try:
            response = self._http.post(path, content=body)
        except httpx.TransportError as error:
            raise unreachable(self._url, error) from error
        if response.status_code not in (202, 422):
            raise refusal(response)
        receipt: dict[str, Any] = response.json()
        if "accepted" not in receipt:
            raise refusal(response)
        return receipt

    def query(self, document: str, variables: dict[str, Any]) -> dict[str, Any]:
        """The data of a GraphQL query."""
        answer = self.call("POST", "/graphql", body={"query": document, "variables": variables})
        errors = answer.get("errors")
        if errors:
            raise RoutecauseError("; ".join(str(error.get("message")) for error in errors))
        return answer["data"]
