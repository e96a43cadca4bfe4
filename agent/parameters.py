"""The parameters that several tools share, with what clients are told of them."""

from datetime import datetime
from typing import Annotated, Final

from pydantic import Field

from graph.slices import Dimension, Metric, Period, Slice

TOKENS_AT_MOST: Final = 100_000_000
"""Tokens of one request."""

Ids = frozenset[str] | None
At = Annotated[datetime | None, Field(description="As it was then (default: now).")]
KnownAt = Annotated[datetime | None, Field(description="Only what was recorded by then.")]
AsOf = Annotated[datetime | None, Field(description="As it would have been told then.")]
Where = Annotated[Slice | None, Field(description="Only requests that match every given field.")]
By = Annotated[tuple[Dimension, ...], Field(description="One for each group along these.")]
During = Annotated[Period, Field(description="What is asked about: from start to before end.")]
Horizon = Annotated[int, Field(description="How far ahead, in minutes.", ge=10, le=1440)]
TheMetric = Annotated[Metric, Field(description="What is measured.")]
Tenant = Annotated[str | None, Field(description="Whose (default: your own).")]
