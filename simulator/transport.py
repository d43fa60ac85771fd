"""Faults of the connection rather than of the provider: they are the same for every provider."""

from __future__ import annotations

from collections.abc import Callable

from simulator.exchange import Action, Conduct, Moment
from simulator.http2.frame import Code
from simulator.scenario import Scenario
from simulator.shelf import OFFLINE

SLOW_MS = 1_000


def _reset(code: Code, moment: Moment = Moment.REQUEST) -> Callable[[Scenario], Conduct]:
    def build(scenario: Scenario) -> Conduct:
        return Conduct(Action.RESET, moment, code=int(scenario.number("code", code)))

    return build


def _drop(moment: Moment) -> Callable[[Scenario], Conduct]:
    return lambda _: Conduct(Action.DROP, moment)


def _goaway(code: Code, debug: str, *, covered: bool = False, abrupt: bool = False) -> Callable[[Scenario], Conduct]:
    def build(scenario: Scenario) -> Conduct:
        text = scenario.options.get("debug", debug)
        number = int(scenario.number("code", code))
        return Conduct(Action.GOAWAY, code=number, debug=text.encode(), covered=covered, abrupt=abrupt)

    return build


#: Name -> conduct. What the client sees stands beside each name.
TRANSPORT: dict[str, Callable[[Scenario], Conduct]] = {
    #: a normal answer, after `ms` when given
    "OK": lambda _: Conduct(),
    #: a normal answer, and the device is off: the provider keeps the message for it (FCM and APNs only)
    OFFLINE: lambda _: Conduct(),
    #: headers `ms` after the request, the body another `ms` later
    "SLOW_HEADERS": lambda s: Conduct(wait_ms=s.number("ms", SLOW_MS), header_ms=s.number("ms", SLOW_MS)),
    #: headers and half of the body at once, the rest `ms` later, in two DATA frames
    "SLOW_BODY": lambda s: Conduct(body_ms=s.number("ms", SLOW_MS)),
    #: no answer, ever
    "BLACKHOLE": lambda _: Conduct(Action.BLACKHOLE),
    #: RST_STREAM on the request's headers (rules only: a token is known when the body is in)
    "RESET_EARLY": _reset(Code.CANCEL, Moment.EARLY),
    #: RST_STREAM instead of an answer; `code=` changes CANCEL into another code
    "RESET": _reset(Code.CANCEL),
    #: RST_STREAM after the response's headers and half of its body
    "RESET_LATE": _reset(Code.CANCEL, Moment.RESPONSE),
    #: RST_STREAM REFUSED_STREAM: certainly not processed
    "REFUSED_STREAM": _reset(Code.REFUSED_STREAM),
    #: RST_STREAM INTERNAL_ERROR
    "INTERNAL_ERROR": _reset(Code.INTERNAL_ERROR),
    #: TCP reset on the request's headers (rules only)
    "DROP_EARLY": _drop(Moment.EARLY),
    #: TCP reset instead of an answer
    "DROP": _drop(Moment.REQUEST),
    #: TCP reset in the middle of the response
    "DROP_LATE": _drop(Moment.RESPONSE),
    #: GOAWAY NO_ERROR whose last_stream_id is below this stream; lower streams are finished
    "GOAWAY": _goaway(Code.NO_ERROR, "session_timed_out"),
    #: GOAWAY NO_ERROR that includes this stream, which is answered before the connection closes
    "GOAWAY_COVERED": _goaway(Code.NO_ERROR, "session_timed_out", covered=True),
    #: GOAWAY PROTOCOL_ERROR and an immediate close
    "GOAWAY_TOO_MANY_STREAMS": _goaway(Code.PROTOCOL_ERROR, "exceeded_max_concurrent_streams", abrupt=True),
    #: GOAWAY ENHANCE_YOUR_CALM and an immediate close
    "GOAWAY_TOO_MANY_PINGS": _goaway(Code.ENHANCE_YOUR_CALM, "too_many_pings", abrupt=True),
    #: SETTINGS_MAX_CONCURRENT_STREAMS = `max_streams` (default 1), then a normal answer
    "SETTINGS": lambda s: Conduct(max_streams=int(s.number("max_streams", 1))),
}

#: Options of the transport faults, beside the common ones.
TRANSPORT_OPTIONS = frozenset({"code", "debug", "max_streams"})
