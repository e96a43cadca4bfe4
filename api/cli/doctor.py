"""`routecause doctor`: what is found on this machine, what is missing and what to do about it."""

from typing import Annotated

import typer

from api.cli.options import Json


def doctor(
    json: Json = False,
    quiet: Annotated[bool, typer.Option(help="Only what needs attention.")] = False,
) -> None:
    """Look for Java, Neo4j, Redis, Claude, free ports and disk. Exit 1 if something is missing."""
    from dataclasses import asdict

    from api.doctor import checks
    from api.settings import load

    found = checks(load())
    if json:
        from orjson import dumps

        print(dumps({"checks": [asdict(check) for check in found]}).decode())
    else:
        for check in found:
            if quiet and check.state == "ok":
                continue
            print(f"{check.state:<8} {check.name:<20} {check.found}")
            if check.remedy:
                print(f"{'':<8} {'':<20} {check.remedy}")
    if any(check.state == "missing" for check in found):
        raise typer.Exit(1)
