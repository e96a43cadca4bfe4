"""Whatever others write stays words: held against a parser of CommonMark with GitHub's tables."""

import re
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from graph.postmortems import markdown
from graph.postmortems.markdown import bullets, code, codes, escaped, prose, table

PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
ATTACKS = [
    "# a heading",
    "- a list",
    "+ a list",
    "1. a list",
    "23) a list",
    "=====",
    "> a quotation",
    "[a link](https://evil.example)",
    "![an image](https://evil.example/x.png)",
    "[a reference]: https://evil.example",
    "<script>alert(1)</script>",
    "<https://evil.example>",
    "&lt;b&gt;",
    "`` ` ``",
    "```\ncode",
    "a | b | c\n---|---|---",
    "\\| \\` \\\\",
    "**bold** _and_ ~~gone~~",
    "a line\n\n## and a heading",
    "a line\r\u2028- and a list",
    "text  \n***\n",
    "trailing \\",
    "[x] done",
]
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from([*ATTACKS, *"#-+*_`|<>[]()!&\\~\n1. x@:/$"]), max_size=6).map("".join),
)


def shape(lines: list[str]) -> list[str]:
    """The elements that a text has, without its words: what a reader's page is made of."""
    found: list[str] = []

    def walk(tokens: Any) -> None:
        for token in tokens:
            # Words that would be links go to code, which is as harmless as text.
            if token.type not in {"text", "code_inline"}:
                found.append(f"{token.type} {token.tag} {token.attrs}")
            walk(token.children or [])

    walk(PARSER.parse("\n".join(lines)))
    return found


def shown(line: str) -> str:
    """What is read of a line, without its markup."""
    (inline,) = (one for one in PARSER.parse(line) if one.type == "inline")
    return "".join(one.content for one in inline.children or [])


def places(words: str) -> list[str]:
    """Everywhere that others' words come to stand."""
    cells = table(("Time", "What"), [("now", words), ("then", f"a, {words}")])
    return [f"# Postmortem: {words}", "", *bullets([words, f"so: {words}"]), "", *cells]


@given(text=TEXTS)
@example(text="\\")
@example(text="x\\|y")
@example(text="0")
@pytest.mark.parametrize("made", [escaped, prose, code], ids=lambda made: made.__name__)
def test_no_text_becomes_markup(made: Any, text: str) -> None:
    words = made(text)
    if words:
        assert shape(places(words)) == shape(places("harmless"))


@pytest.mark.parametrize("text", ATTACKS)
def test_what_was_written_is_what_is_read(text: str) -> None:
    expected = " ".join(text.replace("\u2028", " ").split())
    assert shown(f"so: {escaped(text)}") == f"so: {expected}"


@given(text=TEXTS)
def test_nothing_is_left_that_a_site_would_make_a_link_or_a_mention_of(text: str) -> None:
    told = escaped(f"{text} https://e.example @team www.e.example a@b.example")
    (inline,) = (one for one in PARSER.parse(f"so: {told}") if one.type == "inline")
    bare = "".join(
        "`" if one.type == "code_inline" else one.content for one in inline.children or []
    )
    assert not re.search(r"://|@|www\.", bare, re.IGNORECASE)


def test_addresses_and_mentions_are_code_and_what_stands_around_them_is_not() -> None:
    assert escaped("see (https://e.example/x), @team.") == "see (`https://e.example/x`), `@team`."
    assert escaped("sage@aws fell") == "`sage@aws` fell"


def test_texts_are_one_line_and_bounded() -> None:
    assert escaped("a\n\tb\u202ec\x00d") == "a b c d"
    assert len(escaped("x" * 5_000)) == markdown.LONGEST
    assert len(prose("x" * 5_000)) == markdown.LONGEST_PROSE
    assert prose("it fell.") == "it fell."
    assert code("") == ""
    assert code("a``b") == "```a``b```"


def test_long_lists_say_how_many_more_there_are() -> None:
    assert codes(["a", "b", "c"], most=2) == "`a`, `b` and 1 more"
    assert codes([]) == ""
