"""`RoutecauseProxy`: the logger for LiteLLM's proxy, which makes its router itself.

# custom_callbacks.py, named in the proxy's configuration as
# litellm_settings: {callbacks: custom_callbacks.routecause}
routecause = RoutecauseProxy(Routecause("http://127.0.0.1:8000", key="rc_…"))
"""

import sys
from typing import Any, Final

from routecause.client import Routecause
from routecause.litellm.logger import RoutecauseLogger
from routecause.litellm.strategy import RoutecauseRouting

_SERVER: Final = "litellm.proxy.proxy_server"


class RoutecauseProxy(RoutecauseLogger):
    """Watches whatever router the proxy has when a request comes in, and sets its strategy.

    With `route=False` LiteLLM goes on choosing. The proxy may replace its router or its strategy
    when its configuration changes, so it is looked at each time.
    """

    def __init__(self, client: Routecause, *, route: bool = True) -> None:
        super().__init__(client)
        self._route = route

    async def async_pre_call_hook(
        self, user_api_key_dict: Any, cache: Any, data: Any, call_type: Any
    ) -> None:
        """Called by the proxy before it routes a request; changes nothing of it."""
        self._safely(self._attach)

    def _attach(self) -> None:
        router: Any = getattr(sys.modules.get(_SERVER), "llm_router", None)
        if router is None:
            return
        self.watch(router)
        held: dict[str, Any] = router.__dict__
        chosen = held.get("async_get_available_deployment")
        if self._route and not isinstance(getattr(chosen, "__self__", None), RoutecauseRouting):
            router.set_custom_routing_strategy(RoutecauseRouting(router, self))
