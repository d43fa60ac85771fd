"""The command itself."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.option import JSONOption


def demo(
    devices: Annotated[int, typer.Option(min=100, max=1_000_000, help="How many to register.")] = 10_000,
    keep: Annotated[bool, typer.Option("--keep", help="Keep data and logs, and say where they are.")] = False,
    as_json: JSONOption = False,
) -> None:
    """Start everything for real, publish five messages, show that the books close, stop everything."""
    from cli.demo.run import run  # noqa: PLC0415  # imports Celery, which most commands do without

    raise typer.Exit(run(devices, keep=keep, as_json=as_json))
