"""`RoutecauseLogger`: LiteLLM's callbacks as events, one for each request, however often tried.

LiteLLM tells of every try, and of no end of a request that failed. So a router is watched: the call
that holds all tries of a request says when it failed for good. Requests of a router that is not
watched are told when they succeed, or when nothing followed a failure for a while.
"""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from litellm.integrations.custom_logger import CustomLogger

from routecause.choice import Choice, NoView
from routecause.client import Routecause
from routecause.litellm.naming import (
    NOT_SENT,
    asker_of,
    cause_of,
    deployment_of,
    metadata_of,
    request_of,
    status_of,
)
from routecause.litellm.trace import MARK, Attempt, Trace, Traces, clock_s, mark_of

_LOG = logging.getLogger("routecause")

POLICY: Final = "litellm"
"""The policy that a decision names where LiteLLM's own strategy chose."""
SETTLE_EVERY_S: Final = 1.0
CANCELLED: Final = "cancelled"
"""The error type of a request whose caller went away; no deployment's fault."""


class RoutecauseLogger(CustomLogger):
    """Records every request, fallback and cooldown of LiteLLM. Never raises, never waits.

    Add it to `litellm.callbacks`, and let it `watch` each router.
    """

    def __init__(self, client: Routecause) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]  # untyped keywords
        self.client = client
        self.traces = Traces()
        self._cooling_until: dict[str, datetime] = {}
        self._settles_at_s = 0.0

    def watch(self, router: Any) -> None:
        """See where a router's requests end and its cooldowns begin; again does nothing."""
        watched: Any = getattr(router, "_routecause_watched", None)
        if watched is self:
            return
        router._routecause_watched = self
        whole = router.async_function_with_fallbacks
        cool_down = router.cooldown_cache.add_deployment_to_cooldown

        async def async_function_with_fallbacks(*args: Any, **kwargs: Any) -> Any:
            trace = self.begin(kwargs)
            if trace is None:
                return await whole(*args, **kwargs)
            try:
                response = await whole(*args, **kwargs)
            except BaseException as error:
                self._gave_up(trace, error)
                raise
            self._safely(self._returned, router, trace, response)
            return response

        def add_deployment_to_cooldown(*args: Any, **kwargs: Any) -> Any:
            done = cool_down(*args, **kwargs)
            self._cooled_down(router, kwargs)
            return done

        router.async_function_with_fallbacks = async_function_with_fallbacks
        router.cooldown_cache.add_deployment_to_cooldown = add_deployment_to_cooldown

    def begin(self, kwargs: dict[str, Any], *, watched: bool = True) -> Trace | None:
        """A trace for a request that begins, its mark put into the metadata; None for one of its
        tries.
        """
        metadata = metadata_of(kwargs)
        if self.traces.find(mark_of(metadata)) is not None:
            return None
        proxied = kwargs.get("proxy_server_request") is not None
        told = asker_of(metadata).get("request_id")
        call_id = kwargs.get("litellm_call_id") if proxied else kwargs.get("litellm_trace_id")
        trace = self.traces.begin(request_id=str(told or call_id or "") or None)
        trace.watched = watched
        trace.request = request_of(kwargs)
        trace.model_group = cast("str | None", kwargs.get("model"))
        session = asker_of(metadata).get("session")
        trace.session = None if session is None else str(session)
        names = [name for name in ("metadata", "litellm_metadata") if kwargs.get(name) is not None]
        for name in names or ["metadata"]:
            kept: dict[str, Any] = kwargs.get(name, {})
            # The proxy reads back what is written into its own dictionary; another caller may use
            # one dictionary for many requests.
            kwargs[name] = kept if proxied else dict(kept)
            kwargs[name][MARK] = trace.id
        return trace

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Tell also of failures that might be followed by another try, and send everything."""
        self._settle(None)
        return self.client.flush(timeout_s)

    async def async_log_success_event(
        self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """One call of LiteLLM succeeded, and with it the request."""
        self._safely(self._succeeded, kwargs)

    def log_success_event(
        self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """The same for calls that are not async."""
        self._safely(self._succeeded, kwargs)

    async def async_log_failure_event(
        self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """One call failed; another try may follow."""
        self._safely(self._failed_once, kwargs)

    def log_failure_event(
        self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any
    ) -> None:
        """The same for calls that are not async, of whose tries nothing else tells."""
        self._safely(self._tried_in_vain, kwargs, kwargs.get("exception"))
        self._safely(self._failed_once, kwargs)

    async def async_post_call_failure_deployment_hook(
        self,
        request_data: Mapping[str, Any],
        exception: Exception,
        call_type: Any,
        fallback_depth: int | None = None,
    ) -> None:
        """One try failed on one deployment; called before the next one begins."""
        self._safely(self._tried_in_vain, request_data, exception)

    def _safely(self, work: Any, *args: Any) -> None:
        try:
            work(*args)
            self._settle(clock_s())
        except Exception:  # noqa: BLE001  # a request must not fail because it is recorded
            _LOG.exception("a request of LiteLLM was not recorded")

    def _trace(self, kwargs: Mapping[str, Any]) -> Trace | None:
        """The request that a call belongs to; one begins here where its router is not watched."""
        metadata = metadata_of(kwargs)
        mark = mark_of(metadata)
        if mark is not None or "model_group" not in metadata:
            return self.traces.find(mark)
        payload = _payload(kwargs)
        name = kwargs.get("litellm_trace_id") or payload.get("trace_id")
        found = self.traces.find(name)
        if found is None and isinstance(name, str):
            found = self.traces.begin(request_id=name, trace_id=name)
            found.request = request_of(kwargs)
            found.model_group = metadata.get("model_group")
        return found

    def _tried_in_vain(self, kwargs: Mapping[str, Any], error: BaseException | None) -> None:
        trace = self._trace(kwargs)
        info = _model_info(kwargs)
        if trace is None or error is None or not info:
            return
        metadata = metadata_of(kwargs)
        key = (
            metadata.get("attempted_fallbacks"),
            metadata.get("attempted_retries"),
            info.get("id"),
        )
        name = deployment_of({"model_info": info, "litellm_params": _params(kwargs)})
        trace.failed[key] = Attempt(name, cause_of(error))
        trace.error = type(error).__name__

    def _failed_once(self, kwargs: Mapping[str, Any]) -> None:
        trace = self._trace(kwargs)
        if trace is not None:
            # A stream may break after the watched call returned it.
            if trace.returned or not trace.watched:
                trace.waits_to_settle(clock_s())
            return
        metadata = metadata_of(kwargs)
        if mark_of(metadata) is None and "model_group" not in metadata:
            self._direct(kwargs, error=kwargs.get("exception"))

    def _succeeded(self, kwargs: Mapping[str, Any]) -> None:
        metadata = metadata_of(kwargs)
        trace = self._trace(kwargs)
        if trace is None:
            if mark_of(metadata) is None:
                self._direct(kwargs, error=None)
            return
        if not self.traces.end(trace):
            return
        for before in metadata.get("previous_models") or ():
            # Where no deployment was even picked, the model group is all that is known.
            if before.get("deployment_id") is None:
                trace.reasons.append(
                    f"fell back from {before.get('model_group')}: {before.get('exception_type')}"
                )
        self._tell_success(trace, kwargs)

    def _direct(self, kwargs: Mapping[str, Any], *, error: Any) -> None:
        """A call without a router: one try, which is the request."""
        name = kwargs.get("litellm_call_id")
        trace = self.traces.begin(request_id=str(name) if name else None)
        trace.request = request_of(kwargs)
        self.traces.end(trace)
        if error is None:
            self._tell_success(trace, kwargs)
            return
        payload = _payload(kwargs)
        trace.started_at = _time(payload.get("startTime")) or trace.started_at
        called = deployment_of(
            {"model_info": _model_info(kwargs), "litellm_params": _params(kwargs)}
        )
        trace.failed[()] = Attempt(called, cause_of(error))
        trace.error = type(error).__name__
        self._tell_failure(trace, error=error, at=_time(payload.get("endTime")))

    def _tell_success(self, trace: Trace, kwargs: Mapping[str, Any]) -> None:
        payload = _payload(kwargs)
        began = _time(payload.get("startTime")) or trace.started_at
        ended = _time(payload.get("endTime")) or datetime.now(UTC)
        first = _time(payload.get("completionStartTime"))
        served = deployment_of(
            {"model_info": _model_info(kwargs), "litellm_params": _params(kwargs)}
        )
        tokens = payload.get("prompt_tokens")
        request = trace.request or request_of(kwargs)
        if isinstance(tokens, int) and tokens > 0:
            request = replace(request, prompt_tokens=tokens)
        self.client.record(
            replace(self._choice(trace), request=request),
            request_id=trace.request_id,
            at=min(trace.started_at, began),
            deployment=served,
            latency_ms=_ms(ended - began),
            queue_ms=_ms(began - trace.started_at),
            ttft_ms=_ms(first - began) if first is not None and payload.get("stream") else None,
            cost_usd=float(payload.get("response_cost") or 0.0),
            completion_tokens=int(payload.get("completion_tokens") or 0),
            cache_hit=bool(payload.get("cache_hit")),
            retries=len(trace.failed),
            fallback_from=trace.fallback_from(),
            rejected=trace.rejected,
            reasons=trace.reasons,
            session=trace.session,
            labels=_labels(trace, payload),
        )

    def _returned(self, router: Any, trace: Trace, response: Any) -> None:
        """The request was answered, if not yet a stream. LiteLLM tells more of it a little later,
        but not where the event loop ends first: then this is all there is.
        """
        trace.returned = True
        hidden: Any = getattr(response, "_hidden_params", None)
        usage: Any = getattr(response, "usage", None)
        if not isinstance(hidden, dict) or usage is None:
            return
        known = cast("dict[str, Any]", hidden)
        began = trace.picked_at or trace.started_at
        payload = {
            "startTime": began.timestamp(),
            "endTime": datetime.now(UTC).timestamp(),
            "prompt_tokens": getattr(usage, "prompt_tokens", None),
            "completion_tokens": getattr(usage, "completion_tokens", None),
            "response_cost": known.get("response_cost"),
            "litellm_call_id": known.get("litellm_call_id"),
            "id": getattr(response, "id", None),
        }
        entry: Any = router.get_deployment(model_id=str(known.get("model_id")))
        told: dict[str, Any] = {} if entry is None else entry.model_dump()
        params: dict[str, Any] = told.get("litellm_params") or {}
        trace.answer = {
            "standard_logging_object": payload,
            "model_info": told.get("model_info"),
            "model": params.get("model"),
        }
        trace.waits_to_settle(clock_s())

    def _gave_up(self, trace: Trace, error: BaseException) -> None:
        """The request failed for good."""

        def tell() -> None:
            if self.traces.end(trace):
                self._tell_failure(trace, error=error)

        self._safely(tell)

    def _settle(self, now_s: float | None) -> None:
        if now_s is not None:
            # All requests under way are looked at, so not with each one.
            if now_s < self._settles_at_s:
                return
            self._settles_at_s = now_s + SETTLE_EVERY_S
        for trace in self.traces.settled(now_s):
            if not self.traces.end(trace):
                continue
            if trace.answer is None:
                self._tell_failure(trace)
            else:
                self._tell_success(trace, trace.answer)

    def _tell_failure(
        self, trace: Trace, *, error: BaseException | None = None, at: datetime | None = None
    ) -> None:
        """Tell of a request that failed; `error` is what its caller was told."""
        now, choice = at or datetime.now(UTC), self._choice(trace)
        tries, reasons = trace.fallback_from(), list(trace.reasons)
        told = "unknown" if error is None else type(error).__name__
        if isinstance(error, asyncio.CancelledError):
            # The caller went away while this one was at work.
            served, kind, before = trace.picked, CANCELLED, tries
        elif tries:
            served, kind, before = tries[-1][0], trace.error or told, tries[:-1]
            if error is not None and told != kind:
                reasons.append(f"the caller was told: {told}")
        else:
            served, kind, before = trace.picked, f"{NOT_SENT}.{told}", tries
            reasons.append(f"no deployment was sent it: {told}")
        sent = trace.picked_at if served is not None and trace.picked_at else trace.started_at
        self.client.record(
            choice,
            request_id=trace.request_id,
            at=trace.started_at,
            deployment=served or choice.least_bad or f"{trace.model_group or 'unknown'}@{POLICY}",
            status=status_of(kind),
            error_type=kind,
            latency_ms=_ms(now - sent),
            queue_ms=_ms(sent - trace.started_at),
            cost_usd=0.0,
            retries=len(before),
            fallback_from=before,
            rejected=trace.rejected,
            reasons=reasons,
            session=trace.session,
            labels=_labels(trace, {}),
        )

    def _choice(self, trace: Trace) -> Choice:
        request = trace.request or request_of({})
        choice = trace.choice
        if choice is None:
            return Choice(request=request, policy=POLICY, policy_version=POLICY, policy_rule=POLICY)
        if isinstance(choice, NoView):
            return replace(choice, policy=POLICY, policy_version=POLICY, policy_rule=POLICY)
        return choice

    def _cooled_down(self, router: Any, told: Mapping[str, Any]) -> None:
        self._safely(self._tell_cooldown, router, told)

    def _tell_cooldown(self, router: Any, told: Mapping[str, Any]) -> None:
        model_id, now = str(told.get("model_id")), datetime.now(UTC)
        if now < self._cooling_until.get(model_id, now):
            return
        seconds = told.get("cooldown_time")
        if not isinstance(seconds, int | float):
            seconds = float(router.cooldown_cache.default_cooldown_time)
        until = now + timedelta(seconds=seconds)
        self._cooling_until = {k: v for k, v in self._cooling_until.items() if v > now}
        self._cooling_until[model_id] = until
        entry: Any = router.get_deployment(model_id=model_id)
        name = deployment_of(entry.model_dump()) if entry is not None else f"{model_id}@{POLICY}"
        error = told.get("original_exception")
        cause = cause_of(error) if isinstance(error, BaseException) else "unknown"
        self.client.tell(
            "change.applied",
            {
                "change": f"litellm-cooldown-{model_id[:80]}-{now.timestamp():.3f}",
                "kind": "router",
                "title": f"cooldown of {name} for {seconds:g} s: {cause}"[:500],
                "targets": [{"kind": "deployment", "id": name}],
                "after": {
                    "cooldown_s": seconds,
                    "cause": cause,
                    "status": told.get("exception_status"),
                    "model_group": None if entry is None else entry.model_name,
                },
                "author": POLICY,
                "ended_at": until.isoformat(),
            },
            at=now,
        )


def _payload(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    return kwargs.get("standard_logging_object") or {}


def _model_info(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    params: Mapping[str, Any] = kwargs.get("litellm_params") or {}
    return (
        kwargs.get("model_info")
        or params.get("model_info")
        or metadata_of(kwargs).get("model_info")
        or {}
    )


def _params(kwargs: Mapping[str, Any]) -> dict[str, Any]:
    payload = _payload(kwargs)
    return {
        "model": payload.get("model") or kwargs.get("model"),
        "custom_llm_provider": payload.get("custom_llm_provider")
        or kwargs.get("custom_llm_provider"),
    }


def _labels(trace: Trace, payload: Mapping[str, Any]) -> dict[str, str]:
    told = {
        "model_group": trace.model_group,
        "served_by_group": payload.get("model_group"),
        "litellm_call_id": payload.get("litellm_call_id"),
        "response_id": payload.get("id"),
    }
    return {name: str(value) for name, value in told.items() if value}


def _time(epoch_s: Any) -> datetime | None:
    return datetime.fromtimestamp(epoch_s, UTC) if isinstance(epoch_s, int | float) else None


def _ms(delta: timedelta) -> float:
    return round(max(0.0, delta.total_seconds() * 1_000), 3)
