"""Markdown from parts: words of others are shown as they are and never become markup. Pure.

Titles, identifiers and notes come from whoever sends events. Escaped, they can't open a heading, a
list, a link, a mention, a table's cell or HTML; written for CommonMark and GitHub's dialect of it.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

LONGEST: Final = 300
"""More of a title or a name than so many characters is cut off."""
LONGEST_PROSE: Final = 2_000
"""The same for what is told in sentences."""
_MARKUP: Final = re.compile(r"[\\`*_\[\]<>&~#$^]")
_LINE_START: Final = re.compile(r"^([-+=])|^(\d{1,9})([.)])")
# GitHub makes links and mentions of bare words such as these; as code they stay words.
_LINKED: Final = re.compile(r"\S*(?:://|@|www\.)\S*", re.IGNORECASE)
_OUTSIDE: Final = ".,;:!?()[]{}\"'"
_TICKS: Final = re.compile(r"`+")


def escaped(text: str, *, most: int = LONGEST) -> str:
    """A text on one line that reads as it was written, whatever signs it has."""
    line = _one_line(text, most)
    parts: list[str] = []
    end = 0
    for found in _LINKED.finditer(line):
        word = found.group()
        core = word.strip(_OUTSIDE)
        if not core:
            continue
        start = found.start() + word.index(core)
        parts += [_plain(line[end:start]), code(core)]
        end = start + len(core)
    parts.append(_plain(line[end:]))
    return _LINE_START.sub(_harmless, "".join(parts))


def prose(text: str) -> str:
    """Sentences, escaped, with one full stop at their end."""
    # The full stop first: a number alone would become a list by it.
    line = _one_line(text, LONGEST_PROSE - 1).rstrip(". ")
    return escaped(f"{line}.", most=LONGEST_PROSE)


def code(text: str) -> str:
    """An identifier as code: between more backticks than it has in a row itself."""
    line = _one_line(text, LONGEST)
    if not line:
        return ""
    fence = "`" * (1 + max((len(ticks) for ticks in _TICKS.findall(line)), default=0))
    edge = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{edge}{line}{edge}{fence}"


def codes(names: Sequence[str], *, most: int = 12) -> str:
    """Identifiers one after another, and how many more there are."""
    shown = ", ".join(code(name) for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """The lines of a table; cells are Markdown, and a bar in one does not end it."""
    return [_row(head), _row(["---"] * len(head)), *(_row(cells) for cells in rows)]


def bullets(items: Iterable[str]) -> list[str]:
    """The lines of a list; items are Markdown of one line."""
    return [f"- {item}" for item in items]


def _one_line(text: str, most: int) -> str:
    """Without line breaks, control signs and signs that turn the direction of reading; cut."""
    shown = (" " if unicodedata.category(sign)[0] in "CZ" else sign for sign in text)
    line = " ".join("".join(shown).split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def _plain(text: str) -> str:
    return _MARKUP.sub(r"\\\g<0>", text)


def _harmless(found: re.Match[str]) -> str:
    sign, number, point = found.groups()
    return f"\\{sign}" if sign else f"{number}\\{point}"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
