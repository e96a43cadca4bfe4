"""`RoutecauseRouting`: LiteLLM's router picks what Routecause ranks first.

LiteLLM still says which deployments of a model group are usable: its cooldowns, tags and checks
hold. Among those the best by Routecause's ranking is taken, and where there is no view at all,
whatever LiteLLM's own strategy takes.
"""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, cast

from litellm.types.router import CustomRoutingStrategyBase

from routecause.choice import Choice, NoView
from routecause.litellm.logger import RoutecauseLogger
from routecause.litellm.naming import deployment_of, metadata_of, request_of
from routecause.litellm.picking import preferred, rejections
from routecause.litellm.trace import Trace, mark_of

Entry = dict[str, Any]
"""A deployment as LiteLLM has it in `Router.model_list`."""
_LIMITS: Final = ("_target_order", "_excluded_deployment_ids", "_retry_skipped_deployment_ids")
"""What the router says of a try, and takes away from its arguments when it picks."""


class RoutecauseRouting(CustomRoutingStrategyBase):
    """For `router.set_custom_routing_strategy`. The view is asked for once for each request; its
    retries and fallbacks go by the same one, without the deployments that failed.
    """

    def __init__(self, router: Any, logger: RoutecauseLogger) -> None:
        self._router = router
        # The methods that this strategy is put in front of.
        self._class: Any = type(router)
        self._logger = logger
        logger.watch(router)

    async def async_get_available_deployment(  # pyright: ignore[reportIncompatibleMethodOverride]  # it says None, and means this
        self,
        model: str,
        messages: Any = None,
        input: Any = None,  # noqa: A002  # LiteLLM's name
        specific_deployment: bool | None = False,  # noqa: FBT001, FBT002  # LiteLLM's order
        request_kwargs: dict[str, Any] | None = None,
    ) -> Entry:
        """The deployment to be tried next. Raises what LiteLLM raises where it has none."""
        kwargs = {} if request_kwargs is None else request_kwargs
        trace = self._trace(kwargs)
        if trace.choice is None:
            trace.choice = await self._logger.client.achoose(trace.request or request_of(kwargs))
        given: dict[str, Any] = {
            "model": model,
            "messages": messages,
            "input": input,
            "specific_deployment": specific_deployment,
            "request_kwargs": kwargs,
        }
        if _blind(trace.choice):
            entry: Entry = await self._class.async_get_available_deployment(self._router, **given)
            return self._note(trace, model, entry, healthy=None)
        found: Any = await self._router.async_get_healthy_deployments(**given)
        if isinstance(found, dict):
            return self._note(trace, model, cast("Entry", found), healthy=None)
        return self._pick(trace, model, cast("list[Entry]", found))

    def get_available_deployment(  # pyright: ignore[reportIncompatibleMethodOverride]  # it says None, and means this
        self,
        model: str,
        messages: Any = None,
        input: Any = None,  # noqa: A002  # LiteLLM's name
        specific_deployment: bool | None = False,  # noqa: FBT001, FBT002  # LiteLLM's order
        request_kwargs: dict[str, Any] | None = None,
    ) -> Entry:
        """The same for calls that are not async.

        LiteLLM gives no list of what is usable then. So its own pick is asked for, with all but the
        preferred deployment excluded, and with all again where it refuses that one.
        """
        kwargs = {} if request_kwargs is None else request_kwargs
        trace = self._trace(kwargs)
        if trace.choice is None:
            trace.choice = self._logger.client.choose(trace.request or request_of(kwargs))

        limits = {name: kwargs[name] for name in _LIMITS if name in kwargs}

        def own(without: Sequence[str] = ()) -> Entry:
            kwargs.update(limits)
            if without:
                before: Sequence[str] = limits.get("_excluded_deployment_ids") or ()
                kwargs["_excluded_deployment_ids"] = [*before, *without]
            try:
                return self._class.get_available_deployment(
                    self._router,
                    model=model,
                    messages=messages,
                    input=input,
                    specific_deployment=specific_deployment,
                    request_kwargs=kwargs,
                )
            finally:
                for name in _LIMITS:
                    kwargs.pop(name, None)

        choice, members = trace.choice, self._group(model)
        left = [] if specific_deployment or _blind(choice) else members
        while left:
            names = [deployment_of(entry) for entry in left]
            best = [left[i] for i in preferred(choice, names, tried=trace.tried())]
            try:
                entry = own([_id(one) for one in members if one not in best])
            except ValueError:
                left = [one for one in left if one not in best]
            else:
                return self._note(trace, model, entry, healthy=left)
        return self._note(trace, model, own(), healthy=None)

    def _trace(self, kwargs: dict[str, Any]) -> Trace:
        """The request's trace; one begins here where it did not come through the watched call."""
        found = self._logger.traces.find(mark_of(metadata_of(kwargs)))
        if found is None:
            found = self._logger.begin(kwargs, watched=False)
        # A trace that is just begun is always found.
        return cast("Trace", found)

    def _pick(self, trace: Trace, model: str, healthy: list[Entry]) -> Entry:
        names = [deployment_of(entry) for entry in healthy]
        choice = cast("Choice", trace.choice)
        best = preferred(choice, names, tried=trace.tried())
        # Several entries of one deployment, e.g. with a key each, share its load.
        return self._note(trace, model, healthy[random.choice(best)], healthy=healthy)  # noqa: S311  # no secret

    def _note(
        self, trace: Trace, model: str, entry: Entry, *, healthy: list[Entry] | None
    ) -> Entry:
        """Keep what was picked and what was not, for the decision record."""
        trace.picked, trace.picked_at = deployment_of(entry), datetime.now(UTC)
        choice = trace.choice
        if choice is not None and choice.candidates:
            group = [deployment_of(one) for one in self._group(model)]
            usable = group if healthy is None else [deployment_of(one) for one in healthy]
            tried = trace.tried() - {trace.picked}
            against = rejections(choice, group=group, healthy=usable, tried=tried)
            trace.rejected = {n: why for n, why in against.items() if n != trace.picked}
        return entry

    def _group(self, model: str) -> list[Entry]:
        return self._router.get_model_list(model_name=model) or []


def _blind(choice: Choice) -> bool:
    """Whether Routecause says nothing of any deployment."""
    return isinstance(choice, NoView) or not choice.candidates


def _id(entry: Entry) -> str:
    info: dict[str, Any] = entry.get("model_info") or {}
    return str(info.get("id"))
