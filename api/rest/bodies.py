"""Reading a request's body within a limit of size and time."""

import asyncio

from starlette.requests import ClientDisconnect, Request

from graph.errors import InvalidInput, TooLarge

BODY_TIMEOUT_S = 120.0


async def read_body(request: Request, *, limit_bytes: int) -> bytes:
    """The whole body.

    Raises TooLarge as soon as it is known to be over the limit, InvalidInput where it does not come
    to an end in time.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit_bytes:
        raise _too_large(limit_bytes)
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for part in request.stream():
                size += len(part)
                if size > limit_bytes:
                    raise _too_large(limit_bytes)
                parts.append(part)
    except (TimeoutError, ClientDisconnect) as error:
        raise InvalidInput("did not come to its end; send it again", field="body") from error
    return b"".join(parts)


def _too_large(limit_bytes: int) -> TooLarge:
    return TooLarge(
        f"the body has more than {limit_bytes} bytes; send several smaller ones, or pack with gzip"
    )
