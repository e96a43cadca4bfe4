"""The client of Routecause, for a router's own process: three lines to route and to record.

    client = Routecause("http://127.0.0.1:8000", key="rc_…")
    choice = client.route(user="ann", task_type="reasoning", prompt_tokens=1200)
    client.record(choice, request_id="r-1", latency_ms=412.0, cost_usd=0.003)

`routecause.litellm` does both for LiteLLM's Router.
"""

from routecause.choice import Candidate, Choice, NoView, Request
from routecause.client import Limits, NoViewError, Routecause
from routecause.recorder import Counters

__all__ = [
    "Candidate",
    "Choice",
    "Counters",
    "Limits",
    "NoView",
    "NoViewError",
    "Request",
    "Routecause",
]
