"""Builds the console into a wheel; without it, no wheel is made.

The build backend loads this file by its path, where the packages themselves are not installed.
"""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ConsoleInWheel(BuildHookInterface[Any]):
    """Builds what a browser gets before a wheel is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the console. Raises `NodeUnavailable` where it can't be; an editable needs none."""
        _ = build_data
        if version == "editable":
            return
        sys.path.insert(0, str(Path(self.root)))
        from api.console.build import build

        build(say=self.app.display_info)
