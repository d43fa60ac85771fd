"""Wall clocks, zones and cron: pure arithmetic on time, all of it in epoch milliseconds."""

from __future__ import annotations
