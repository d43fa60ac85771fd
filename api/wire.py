"""How bodies are spelt: what all of their models share."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

MS = "Epoch milliseconds."
FIRST_CLOCK = "With `local`, it starts when the first clocks show its time: those of UTC+14, 14 hours before UTC's do."

OSName = Literal["IOS", "ANDROID", "WP", "OSX", "WEB", "HMS"]
StatusWord = Literal["failed", "published", "scheduled", "cancelled", "unknown", "in_progress"]


class Wire(BaseModel):
    """A body; its members have camel-case names."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, from_attributes=True, frozen=True)
