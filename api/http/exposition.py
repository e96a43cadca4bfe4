"""Prometheus' text format, written plainly: the client's own classes take several times as long.

A fleet of a thousand deployments has twenty thousand series, and whoever writes them holds up the
requests of that moment.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from math import isfinite
from typing import Literal

Kind = Literal["counter", "gauge"]
_ESCAPED = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


def labels(**values: str) -> str:
    """Labels as they stand before a value, such as `{backend="aws"}`."""
    told = ",".join([f'{name}="{value.translate(_ESCAPED)}"' for name, value in values.items()])
    return f"{{{told}}}"


@dataclass(slots=True)
class Sheet:
    """Metrics that are read from what is in memory, in the order in which they were added."""

    _parts: list[str] = field(default_factory=list[str])

    def add(
        self, name: str, kind: Kind, says: str, samples: Iterable[tuple[str, float | None]]
    ) -> None:
        """One metric, each sample with its `labels`; what is None or no number is left out."""
        self._parts.append(f"# HELP {name} {says}\n# TYPE {name} {kind}\n")
        self._parts += [
            f"{name}{of} {value}\n"
            for of, value in samples
            if value is not None and isfinite(value)
        ]

    def one(self, name: str, kind: Kind, says: str, value: float | None) -> None:
        """A metric without labels."""
        self.add(name, kind, says, [("", value)])

    def text(self) -> bytes:
        """All of it."""
        return "".join(self._parts).encode()
