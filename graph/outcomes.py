"""What the end of a request tells of the deployment that served it: its class, and its pace.

Routers name failures in their own ways (exception names, HTTP codes, codes of providers). The class
says what a failure means for a deployment, so that the hot view and the past count alike.
"""

import re
from enum import StrEnum
from functools import lru_cache
from typing import Final


class Outcome(StrEnum):
    """How a request ended, as a deployment's health counts it; the fields of `MinuteOutcomes`."""

    OK = "ok"
    """Answered."""
    FAULT = "error"
    """The deployment, or the way to it, failed. All that is not recognised counts so."""
    TIMEOUT = "timeout"
    """No answer in time."""
    RATE_LIMITED = "rate_limited"
    """Refused for now: it works, but takes no more."""
    REJECTED = "rejected"
    """The caller's own fault: neither a success nor a failure of the deployment."""
    DENIED = "denied"
    """Our account, key or configuration is not accepted: every further request fails too."""


_NAMES: Final = {
    Outcome.REJECTED: (
        "badrequest badinput invalidrequest invalidargument invalidinput invalidprompt"
        " contextwindowexceeded contextlengthexceeded contextlength contentpolicyviolation"
        " contentpolicy contentfilter contentfiltered contentblocked responsibleaipolicyviolation"
        " safety promptblocked guardrailraised guardrailintervened blockedpiientity"
        " unsupportedparams unsupportedparameter unsupportedvalue unprocessableentity validation"
        " jsonschemavalidation imagefetch requesttoolarge payloadtoolarge stringabovemaxlength"
        " cancelled canceled clientclosedrequest budgetexceeded rejectedrequest"
    ),
    Outcome.DENIED: (
        "authentication auth unauthorized unauthenticated unrecognizedclient invalidapikey"
        " incorrectapikey invalidauthentication expiredtoken permissiondenied permission forbidden"
        " accessdenied insufficientquota quotaexceeded billing billingnotactive billinghardlimit"
        " billinghardlimitreached paymentrequired insufficientcredits creditbalancetoolow"
        " accountdeactivated accountsuspended organizationrestricted notfound modelnotfound"
        " deploymentnotfound resourcenotfound"
    ),
    Outcome.RATE_LIMITED: (
        "ratelimit ratelimited ratelimitexceeded ratelimitreached toomanyrequests throttling"
        " throttled throttlingexception resourceexhausted tokenlimitexceeded"
        " requestlimitexceeded"
    ),
    Outcome.TIMEOUT: (
        "timeout timedout apitimeout requesttimeout requesttimedout gatewaytimeout readtimeout"
        " connecttimeout connectiontimeout writetimeout pooltimeout deadlineexceeded modeltimeout"
        " streamtimeout"
    ),
    Outcome.FAULT: (
        "serviceunavailable internalserver internal api apiconnection connection connect read"
        " remoteprotocol network badgateway overloaded modelnotready model midstreamfallback"
        " apiresponsevalidation server unavailable spotpreempted"
    ),
}
_CLASS_OF: Final = {name: outcome for outcome, names in _NAMES.items() for name in names.split()}
_CODES: Final = {
    401: Outcome.DENIED,
    402: Outcome.DENIED,
    403: Outcome.DENIED,
    404: Outcome.DENIED,
    408: Outcome.TIMEOUT,
    410: Outcome.DENIED,
    429: Outcome.RATE_LIMITED,
    504: Outcome.TIMEOUT,
    522: Outcome.TIMEOUT,
    524: Outcome.TIMEOUT,
}
_CODE: Final = re.compile(r"(?:http|status|code|statuscode|httpstatus|httpcode)?([1-5]\d\d)")
_ENDINGS: Final = ("errorexception", "exceptionerror", "exception", "error")
_LENGTH_LIMIT: Final = 200


def outcome_of(status: str, error_type: str | None) -> Outcome:
    """The class of a request's end, from its status and the router's name for the failure.

    An answered request is OK whatever else is said, a timeout a TIMEOUT. The name refines the rest:
    a refusal for a quota that is used up is DENIED although it came as a rate limit.
    """
    if status == "ok":
        return Outcome.OK
    if status == "timeout":
        return Outcome.TIMEOUT
    named = None if error_type is None else _named(error_type[:_LENGTH_LIMIT])
    if status == "rate_limited":
        return Outcome.DENIED if named is Outcome.DENIED else Outcome.RATE_LIMITED
    return Outcome.FAULT if named is None else named


@lru_cache(maxsize=1_024)
def _named(error_type: str) -> Outcome | None:
    """The class of the first part of a name that is known; None where none is."""
    for part in re.split(r"[.:,;()\[\]/\s]+", error_type):
        reduced = re.sub(r"[^a-z0-9]", "", part.lower())
        code = _CODE.fullmatch(reduced)
        if code is not None:
            return _of_code(int(code[1]))
        for ending in ("", *_ENDINGS):
            known = _CLASS_OF.get(reduced.removesuffix(ending))
            if known is not None:
                return known
    return None


def _of_code(code: int) -> Outcome:
    if code in _CODES:
        return _CODES[code]
    return Outcome.REJECTED if 400 <= code < 500 else Outcome.FAULT


FIRST_TOKEN_WORTH: Final = 50
"""The wait for the first token, as so many further ones."""
PROMPT_TOKENS_PER_TOKEN: Final = 50
"""So many prompt tokens are read in the time in which one is written, roughly."""


def measured_ms(
    outcome: Outcome,
    *,
    latency_ms: float,
    prompt_tokens: int,
    completion_tokens: int,
    cache_hit: bool,
) -> tuple[float | None, float | None]:
    """The latency that a request shows of its deployment, and its pace in ms per token.

    A refusal shows no latency, for nothing was done; a pace is shown by what the deployment
    answered itself. The pace keeps long answers and long prompts from looking slow: prompt tokens
    weigh little and every request something. A rough measure, good enough to tell a deployment that
    became several times slower from one that got longer requests.
    """
    if outcome not in (Outcome.OK, Outcome.FAULT, Outcome.TIMEOUT):
        return None, None
    if outcome is not Outcome.OK or cache_hit:
        return latency_ms, None
    work = FIRST_TOKEN_WORTH + prompt_tokens / PROMPT_TOKENS_PER_TOKEN + completion_tokens
    return latency_ms, latency_ms / work
