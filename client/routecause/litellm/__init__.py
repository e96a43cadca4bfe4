"""LiteLLM's Router with Routecause: all that it does is told, and the ranking is followed.

    client = Routecause("http://127.0.0.1:8000", key="rc_…")
    install(router, client)

`install` adds the callback, watches the router and sets the routing strategy. With `route=False`
LiteLLM goes on choosing, and Routecause is only told.
"""

from typing import Any

import litellm

from routecause.client import Routecause
from routecause.litellm.logger import RoutecauseLogger
from routecause.litellm.proxy import RoutecauseProxy
from routecause.litellm.strategy import RoutecauseRouting

__all__ = ["RoutecauseLogger", "RoutecauseProxy", "RoutecauseRouting", "install"]


def install(router: Any, client: Routecause, *, route: bool = True) -> RoutecauseLogger:
    """Let a `litellm.Router` tell Routecause of all it does and, with `route`, follow its ranking.

    One logger serves all routers of a process that share a client.
    """
    callbacks: list[Any] = litellm.callbacks
    ours = [one for one in callbacks if isinstance(one, RoutecauseLogger)]
    logger = next((one for one in ours if one.client is client), None)
    if logger is None:
        logger = RoutecauseLogger(client)
        litellm.logging_callback_manager.add_litellm_callback(logger)
    logger.watch(router)
    if route:
        router.set_custom_routing_strategy(RoutecauseRouting(router, logger))
    return logger
