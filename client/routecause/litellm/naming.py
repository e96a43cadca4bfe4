"""What LiteLLM calls things, in Routecause's terms: deployments, who asks, failures; pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import litellm

from routecause.choice import Request
from routecause.events import Status

ASKER: Final = "routecause"
"""The key of a request's metadata that says who asks for what."""
DEFAULT_USER: Final = "anonymous"
DEFAULT_TASK_TYPE: Final = "chat"
CHARACTERS_PER_TOKEN: Final = 4
NOT_SENT: Final = "rejected_request"
"""Begins the error type of a request that no deployment was sent: it is evidence against none."""


def deployment_of(entry: Mapping[str, Any]) -> str:
    """`model@backend` of an entry of `Router.model_list`.

    `model_info.routecause_deployment` says it outright. Else the model is
    `model_info.routecause_model`, `model_info.base_model` or the name after the provider's, and the
    backend `model_info.routecause_backend` or the provider.
    """
    info, params = _object(entry.get("model_info")), _object(entry.get("litellm_params"))
    if told := info.get("routecause_deployment"):
        return str(told)
    full = str(params.get("model") or "unknown")
    provider = params.get("custom_llm_provider")
    bare = full.partition("/")[2] if provider and full.startswith(f"{provider}/") else full
    if not provider:
        bare, provider = _provider(full)
    model = info.get("routecause_model") or info.get("base_model") or bare
    backend = info.get("routecause_backend") or provider
    return f"{model}@{str(backend).replace('@', '-')}"


def _provider(full: str) -> tuple[str, str]:
    try:
        # Half typed: its last two answers are unknown, and not needed.
        found: Any = litellm.get_llm_provider(model=full)  # pyright: ignore[reportUnknownMemberType]
        return str(found[0]), str(found[1])
    except Exception:  # noqa: BLE001  # it raises many kinds for what it does not know
        provider, slash, bare = full.partition("/")
        return (bare, provider) if slash else (full, "litellm")


def metadata_of(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """A request's metadata, wherever LiteLLM keeps it for this kind of call."""
    found: dict[str, Any] = {}
    for holder in (kwargs, _object(kwargs.get("litellm_params"))):
        for name in ("metadata", "litellm_metadata"):
            found |= _object(holder.get(name))
    return found


def request_of(kwargs: Mapping[str, Any], *, prompt_tokens: int | None = None) -> Request:
    """The request in Routecause's terms, from its metadata and LiteLLM's own fields.

    `metadata["routecause"]` may have user, tenant, tier, task_type, max_latency_ms, max_cost_usd,
    min_quality, capabilities and labels. The user is else the call's `user`, or the proxy's user or
    end user. Without `prompt_tokens` they are estimated from the length of the messages.
    """
    metadata = metadata_of(kwargs)
    asker = asker_of(metadata)
    user = (
        asker.get("user")
        or kwargs.get("user")
        or metadata.get("user_api_key_user_id")
        or metadata.get("user_api_key_end_user_id")
        or DEFAULT_USER
    )
    longest = kwargs.get("max_completion_tokens") or kwargs.get("max_tokens")
    if prompt_tokens is None:
        prompt_tokens = tokens_in(kwargs.get("messages"), kwargs.get("input"))
    return Request(
        user=str(user),
        task_type=str(asker.get("task_type") or DEFAULT_TASK_TYPE),
        prompt_tokens=prompt_tokens,
        tenant=_text(asker.get("tenant")),
        tier=_text(asker.get("tier")),
        max_completion_tokens=longest if isinstance(longest, int) else None,
        max_latency_ms=asker.get("max_latency_ms"),
        max_cost_usd=asker.get("max_cost_usd"),
        min_quality=asker.get("min_quality"),
        capabilities=tuple(sorted(map(str, asker.get("capabilities") or ()))),
        labels={str(name): str(value) for name, value in _object(asker.get("labels")).items()},
    )


def asker_of(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Who asks for what, as the caller told it; over the proxy it comes as `requester_metadata`."""
    return _object(metadata.get(ASKER)) or _object(
        _object(metadata.get("requester_metadata")).get(ASKER)
    )


def tokens_in(messages: Any, other: Any = None) -> int:
    """About how many tokens the messages have; counting them exactly would take longer than a pick.

    Only texts are counted.
    """
    return -(-_characters(messages if messages is not None else other) // CHARACTERS_PER_TOKEN)


def _characters(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        told = cast("Mapping[str, Any]", value)
        return _characters(told.get("content") or told.get("text"))
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return sum(map(_characters, cast("Sequence[Any]", value)))
    return 0


def status_of(error: BaseException | str) -> Status:
    """How a request that failed ended, by the class of its failure."""
    name = error if isinstance(error, str) else type(error).__name__
    if name.startswith(NOT_SENT):
        return "error"
    if "RateLimit" in name:
        return "rate_limited"
    return "timeout" if "Timeout" in name else "error"


def cause_of(error: BaseException) -> str:
    """The class of a failure and its status; never its text, which may hold a prompt's."""
    status = getattr(error, "status_code", None)
    name = type(error).__name__
    return f"{name} ({status})" if isinstance(status, int) else name


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return cast("dict[str, Any]", value)
    dump = getattr(value, "model_dump", None)
    return dump(exclude_none=True) if callable(dump) else {}  # pyright: ignore[reportReturnType]  # pydantic's


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
