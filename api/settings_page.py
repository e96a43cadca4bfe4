"""Every setting as a Markdown table for `docs/operations.md`, so that the page can't drift from it.

`python -m api.settings_page` prints the table; a test holds the page against it.
"""

from api.settings import Setting, documented

_HEAD = "| setting | default | meaning |\n| --- | --- | --- |\n"


def table() -> str:
    """The whole table, a line for each setting in the order of `api.settings.SECTIONS`."""
    return _HEAD + "".join(_row(setting) for setting in documented())


def _row(setting: Setting) -> str:
    # Where the default depends on the machine or the user, the meaning names it.
    default = f"`{setting.default}`" if setting.default else ""
    return f"| `{setting.name}` | {default} | {_cell(setting.description)} |\n"


def _cell(text: str) -> str:
    return text.replace("|", r"\|")


if __name__ == "__main__":
    import sys

    sys.stdout.write(table())
