"""The `routecause` command: one module for each subcommand, imported without what only it needs."""

import sys

import typer

from api.cli.ask import ask
from api.cli.bench import bench
from api.cli.dead_letters import dead_letters
from api.cli.demo import demo
from api.cli.doctor import doctor
from api.cli.evaluate import evaluate
from api.cli.ingest import ingest
from api.cli.keys import keys
from api.cli.mcp import mcp
from api.cli.objectives import experiment, rollout, slos
from api.cli.outlook import capacity, forecast
from api.cli.policy import policy
from api.cli.postmortem import postmortem
from api.cli.route import route
from api.cli.serve import serve
from api.cli.simulate import simulate
from api.cli.spending import budgets, costs, savings
from api.cli.why import why
from graph.errors import RoutecauseError

app = typer.Typer(
    name="routecause",
    help="Root cause for LLM routing.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(demo)
app.command()(serve)
app.command()(ingest)
app.command()(ask)
app.command()(route)
app.command()(why)
app.command()(postmortem)
app.command()(forecast)
app.command()(capacity)
app.command()(budgets)
app.command()(costs)
app.command()(savings)
app.command()(slos)
app.command()(experiment)
app.command()(rollout)
app.command()(mcp)
app.command()(simulate)
app.command()(doctor)
app.command()(bench)
app.add_typer(evaluate, name="evaluate")
app.add_typer(keys, name="keys")
app.add_typer(dead_letters, name="dead-letters")
app.add_typer(policy, name="policy")


def main() -> None:
    """Run a command. What we raise on purpose is one line on stderr and exit code 1."""
    try:
        app()
    except RoutecauseError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
