"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

AppOption = Annotated[
    str | None, typer.Option("--app", metavar="ID", help="The application; needed when the apps file has several.")
]
JSONOption = Annotated[bool, typer.Option("--json", help="Write JSON instead of text.")]
MessageArgument = Annotated[str, typer.Argument(metavar="MESSAGE", help="The message's id, as publish printed it.")]
