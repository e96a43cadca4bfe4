"""How pages of words are set on a terminal: titled sections, entries wrapped below their mark."""

from textwrap import wrap
from typing import Final

from rich.console import Console
from rich.text import Text

_NARROWEST: Final = 40


def section(console: Console, title: str) -> None:
    """Begin a section, below an empty line."""
    console.print()
    console.print(Text(title, style="bold"), highlight=False, soft_wrap=True)


def item(console: Console, mark: str, words: str, *, indent: int = 2, style: str = "") -> None:
    """An entry of a list, its further lines below the first one's words."""
    first = f"{'':<{indent}}{mark} "
    lines = wrap(
        words,
        max(console.width, _NARROWEST),
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_on_hyphens=False,
    )
    for line in lines:
        console.print(Text(line, style=style), soft_wrap=True)
