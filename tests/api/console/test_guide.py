"""The guide for Neo4j Browser: every question, runnable as it stands."""

import html
import json
import re

from api.console import guide
from graph.model import NODES
from graph.store.questions import Question, all_questions, question

# What Neo4j Browser 5 takes out of a guide before it shows it.
EVENT_HANDLERS = re.compile(
    r"""(\s+(on[^\s=]+)[^\s=]*\s*=\s*("[^"]*"|'[^']*'|[\w\-.:]+\s*))""", re.IGNORECASE
)


def shown_texts() -> list[str]:
    pres = re.findall(r'<pre class="runnable"[^>]*>(.*?)</pre>', guide.render(), re.DOTALL)
    return [html.unescape(text) for text in pres]


def asked_in_guide() -> list[Question]:
    return [asked for asked in all_questions() if asked.name != guide.EXAMPLES]


def test_every_question_is_a_slide_as_it_stands_in_its_file() -> None:
    assert sorted(shown_texts()) == sorted(guide.body(asked) for asked in asked_in_guide())
    assert guide.render().count("<slide>") == 1 + len(asked_in_guide())


def test_the_questions_with_pictures_come_first() -> None:
    pictures = [guide.body(question(name)) for name in guide.TOUR]

    assert shown_texts()[: len(pictures)] == pictures


def test_every_parameter_of_every_question_has_an_example() -> None:
    missing = {
        asked.name: guide.parameters(asked.text) - guide.examples() for asked in asked_in_guide()
    }

    assert {name: names for name, names in missing.items() if names} == {}


def test_there_is_no_example_that_nobody_asks_for() -> None:
    asked = {name for asked in asked_in_guide() for name in guide.parameters(asked.text)}

    assert guide.examples() - asked == set()


def test_the_parameters_are_set_by_one_command_on_one_line() -> None:
    command = guide.parameter_command()

    assert re.match(r"param \[\{\w+(, \w+)*\}\] => \{ ", command)
    assert "\n" not in command
    assert ";" not in command


def test_neo4j_browsers_cleaning_leaves_the_guide_whole() -> None:
    page = guide.render()

    assert EVENT_HANDLERS.sub("", page) == page
    assert "<script" not in page
    assert "javascript:" not in page


def test_a_comment_is_no_parameter() -> None:
    assert guide.parameters("// costs $5\nRETURN $from, $to") == {"from", "to"}


def test_every_caption_is_a_property_that_the_label_has() -> None:
    looks = json.loads(guide.style_command().removeprefix("style "))

    for selector, look in looks.items():
        kind, _, label = selector.partition(".")
        if kind == "node" and label:
            declared = NODES[label]
            names = {*declared.key_names, *(each.name for each in declared.properties)}
            assert look["caption"].strip("{}") in names, label
