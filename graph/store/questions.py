"""The written reads: one `.cypher` file per question, its first line the question in English."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "cypher"


@dataclass(frozen=True, slots=True)
class Question:
    """A read as it stands in its file: `name` is the file's, `text` runs in Neo4j Browser."""

    name: str
    english: str
    text: str


@cache
def question(name: str) -> Question:
    """Load a question by name. A name without a file is a programming error (KeyError)."""
    path = FOLDER / f"{name}.cypher"
    if not path.is_file():
        raise KeyError(f"no question {name!r} in {FOLDER.name}/")
    text = path.read_text(encoding="utf-8")
    return Question(name=name, english=text.splitlines()[0].removeprefix("//").strip(), text=text)


def all_questions() -> list[Question]:
    """Every question there is, by name."""
    return [question(path.stem) for path in sorted(FOLDER.glob("*.cypher"))]
