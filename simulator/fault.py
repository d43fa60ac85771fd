"""From a scenario's text to what is done: the provider's error, the connection's conduct, how often, and to whom."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate

import msgspec

from simulator.exchange import PLAIN, Answer, Conduct
from simulator.scenario import COMMON_OPTIONS, Scenario, parse
from simulator.shelf import OFFLINE
from simulator.transport import TRANSPORT, TRANSPORT_OPTIONS

#: Builds a provider's error for a scenario in a project; None when the name is not one of its errors.
Errors = Callable[[Scenario, str], Answer | None]


#: Options of every error, beside the common ones.
ERROR_OPTIONS = frozenset({"retry_after", "retry_after_date", "status"})
_RETRY_AFTER = b"retry-after"
#: Scenarios that succeed, and the device gets nothing for now.
_UNHEARD = {OFFLINE: False}


class Fault(msgspec.Struct, frozen=True):
    """A scenario, resolved."""

    #: the name under which it is counted
    outcome: str
    #: None = the provider's success
    answer: Answer | None
    conduct: Conduct
    #: shown so often per token, then success; None = always
    times: int | None
    #: whether the device gets the message although the client sees a fault; None = as the client sees it
    accept: bool | None
    #: seconds until the date in `Retry-After`, or None
    retry_date_s: float | None

    def answer_at(self, now: float) -> Answer | None:
        """Return the answer with a `Retry-After` date counted from epoch second `now`."""
        if self.answer is None or self.retry_date_s is None:
            return self.answer
        date = formatdate(now + self.retry_date_s, usegmt=True).encode()
        headers = (*self.answer.headers, (_RETRY_AFTER, date))
        return Answer(self.answer.status, self.answer.body, headers)


def resolve(text: str, errors: Errors, options: frozenset[str], project: str) -> Fault:
    """Return the fault of `NAME[;key=value]*`; raise ValueError for a name or option nobody knows."""
    scenario = parse(text)
    answer = errors(scenario, project)
    transport = TRANSPORT.get(scenario.name)
    if answer is None and transport is None:
        raise ValueError(f"unknown scenario {scenario.name!r}")
    allowed = COMMON_OPTIONS | (ERROR_OPTIONS | options if answer is not None else TRANSPORT_OPTIONS)
    unknown = scenario.options.keys() - allowed
    if unknown:
        raise ValueError(f"scenario {scenario.name!r} has no option {min(unknown)!r}")
    conduct = transport(scenario) if transport is not None else PLAIN
    if not conduct.wait_ms and not conduct.body_ms:
        conduct = msgspec.structs.replace(conduct, wait_ms=scenario.number("ms"))
    return Fault(
        scenario.name,
        None if answer is None else _bent(answer, scenario),
        conduct,
        int(scenario.number("times")) if "times" in scenario.options else None,
        scenario.flag("accept") if "accept" in scenario.options else _UNHEARD.get(scenario.name),
        scenario.number("retry_after_date") if "retry_after_date" in scenario.options else None,
    )


def _bent(answer: Answer, scenario: Scenario) -> Answer:
    """Return an error with the status and the `Retry-After` that a scenario wants for it."""
    headers = answer.headers
    if not scenario.options.keys().isdisjoint(("retry_after", "retry_after_date")):
        headers = tuple(header for header in headers if header[0] != _RETRY_AFTER)
    if "retry_after" in scenario.options:
        headers += ((_RETRY_AFTER, scenario.options["retry_after"].encode()),)
    return Answer(int(scenario.number("status", answer.status)), answer.body, headers)
