"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from clarion.argument import LISTED_MAX
from clarion.message.message import check_message_id

AppOption = Annotated[
    str | None, typer.Option("--app", metavar="ID", help="The application; needed when the apps file has several.")
]
JSONOption = Annotated[bool, typer.Option("--json", help="Write JSON instead of text.")]
MessageArgument = Annotated[
    str, typer.Argument(metavar="MESSAGE", help="The message's id, as publish printed it.", callback=check_message_id)
]
LimitOption = Annotated[int, typer.Option(min=1, max=LISTED_MAX, help="How many at most.")]
