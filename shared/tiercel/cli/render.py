"""`tiercel render`: an expression as a task of an execution sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tiercel.cli.failures import say_error
from tiercel.cli.options import output_option
from tiercel.cli.outcome import print_json
from tiercel.cli.stores import reading
from tiercel.cli.where import Where, store_option
from tiercel.errors import ConflictError, ExpressionError, NotFoundError

if TYPE_CHECKING:
    from tiercel.assembly import Parts
    from tiercel.expressions import Context
    from tiercel.model.execution import Execution, TaskRun


@click.command()
@click.argument("expression", metavar="EXPR")
@click.option("--execution", metavar="ID", required=True, help="In whose context.")
@click.option(
    "--task", metavar="TASK", help="As this task sees it; of several runs the latest, or name one: 'task[2]'."
)
@store_option
@output_option
@click.pass_context
def render(ctx: click.Context, expression: str, execution: str, task: str | None, store: Where, output: str) -> None:
    """Render an expression in the context of an execution; a bare one stands for {{ EXPR }}.

    Secrets are masked. With --output json the value keeps its type. Exit code 1 if the expression fails.
    """
    template = expression if "{{" in expression or "{%" in expression else f"{{{{ {expression} }}}}"
    with reading(store) as runtime:
        context = _context(runtime, execution, task)
        try:
            _print(template, context, output)
        except ExpressionError as error:
            say_error(error)
            ctx.exit(1)


def _print(template: str, context: Context, output: str) -> None:
    from tiercel import expressions

    mask = getattr(context.world, "mask", str)
    if output == "json":
        print_json(_masked(expressions.evaluate(template, context), mask))
    else:
        click.echo(mask(expressions.render(template, context)))


def _masked(value: object, mask: Any) -> object:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {key: _masked(item, mask) for key, item in value.items()}
    return [_masked(item, mask) for item in value] if isinstance(value, list | tuple) else value


def _context(runtime: Parts, execution: str, task: str | None) -> Context:
    """Return the context of a task run, or of the execution's top level."""
    from tiercel.model.execution import MAIN_LANE

    header = runtime.view.header(execution)
    run = None if task is None else _run(runtime, header, task)
    token = runtime.lanes.load(execution, MAIN_LANE)
    if token is None:
        raise ConflictError(f"execution {execution} has not begun: it is {header.state}")
    return runtime.lanes.scene(token)[1].context(run)


def _run(runtime: Parts, header: Execution, task: str) -> TaskRun:
    """Return the run that is meant: by its key, by its id, or the latest of its task."""
    from tiercel.model.ids import derived_id

    runs = runtime.view.runs(header, None)
    for run in reversed(runs):
        if task in (run.key, run.task, derived_id(header.id, run.key)):
            return run
    known = ", ".join(dict.fromkeys(run.task for run in runs)) or "none"
    raise NotFoundError(f"task '{task}' has not run in execution {header.id}; those that have: {known}")
