"""The fields of FCM's request, and a reader that accepts both spellings and reports what does not fit."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Union

from simulator.fcm.error import Violation

#: Says what is wrong with a value (the proto type's name), or nothing.
Check = Callable[[Any], str | None]
Schema = dict[str, Union[Check, "Schema"]]
Object = dict[str, Any]

_DURATION = re.compile(r"-?\d+(\.\d{1,9})?s")
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")


def _string(value: Any) -> str | None:
    return None if isinstance(value, str) else "TYPE_STRING"


def _bool(value: Any) -> str | None:
    return None if value is True or value is False else "TYPE_BOOL"


def _int(value: Any) -> str | None:
    # proto3 JSON also takes integers as strings
    if isinstance(value, bool) or not re.fullmatch(r"-?\d{1,10}", str(value)):
        return "TYPE_INT32"
    return None


def _number(value: Any) -> str | None:
    return None if isinstance(value, int | float) and not isinstance(value, bool) else "TYPE_FLOAT"


def _duration(value: Any) -> str | None:
    if isinstance(value, str) and _DURATION.fullmatch(value):
        return None
    return "type.googleapis.com/google.protobuf.Duration"


def _timestamp(value: Any) -> str | None:
    if isinstance(value, str) and _TIMESTAMP.fullmatch(value):
        return None
    return "type.googleapis.com/google.protobuf.Timestamp"


def _strings(value: Any) -> str | None:
    return None if isinstance(value, list) and all(isinstance(item, str) for item in value) else "TYPE_STRING"


def _durations(value: Any) -> str | None:
    return None if isinstance(value, list) and not any(map(_duration, value)) else "TYPE_MESSAGE"


def _string_map(value: Any) -> str | None:
    if not isinstance(value, dict):
        return "TYPE_MESSAGE"
    for item in value.values():
        if not isinstance(item, str):
            return "TYPE_STRING"
    return None


def _struct(value: Any) -> str | None:
    return None if isinstance(value, dict) else "type.googleapis.com/google.protobuf.Struct"


def _enum(kind: str, *members: str) -> Check:
    allowed = frozenset(members)
    return lambda value: None if isinstance(value, str) and value in allowed else kind


_PRIORITY = _enum("TYPE_ENUM AndroidMessagePriority", "normal", "high", "NORMAL", "HIGH")
_NOTIFICATION_PRIORITY = _enum(
    "TYPE_ENUM NotificationPriority",
    *(f"PRIORITY_{level}" for level in ("UNSPECIFIED", "MIN", "LOW", "DEFAULT", "HIGH", "MAX")),
)
_VISIBILITY = _enum("TYPE_ENUM Visibility", "VISIBILITY_UNSPECIFIED", "PRIVATE", "PUBLIC", "SECRET")
_PROXY = _enum("TYPE_ENUM Proxy", "PROXY_UNSPECIFIED", "ALLOW", "DENY", "IF_PRIORITY_LOWERED")

_LABEL: Schema = {"analytics_label": _string}
_LIGHT: Schema = {
    "color": {"red": _number, "green": _number, "blue": _number, "alpha": _number},
    "light_on_duration": _duration,
    "light_off_duration": _duration,
}
_ANDROID_NOTIFICATION: Schema = {
    **dict.fromkeys(
        ("title", "body", "icon", "color", "sound", "tag", "click_action", "body_loc_key", "title_loc_key"), _string
    ),
    **dict.fromkeys(("channel_id", "ticker", "image"), _string),
    **dict.fromkeys(("body_loc_args", "title_loc_args"), _strings),
    **dict.fromkeys(("sticky", "local_only", "default_sound", "default_vibrate_timings"), _bool),
    **dict.fromkeys(("default_light_settings", "bypass_proxy_notification"), _bool),
    "event_time": _timestamp,
    "notification_priority": _NOTIFICATION_PRIORITY,
    "vibrate_timings": _durations,
    "visibility": _VISIBILITY,
    "notification_count": _int,
    "light_settings": _LIGHT,
    "proxy": _PROXY,
}
_ANDROID: Schema = {
    "collapse_key": _string,
    "priority": _PRIORITY,
    "ttl": _duration,
    "restricted_package_name": _string,
    "data": _string_map,
    "direct_boot_ok": _bool,
    "bandwidth_constrained_ok": _bool,
    "restricted_satellite_ok": _bool,
    "fcm_options": _LABEL,
    "notification": _ANDROID_NOTIFICATION,
}
_APNS: Schema = {
    "headers": _string_map,
    "payload": _struct,
    "live_activity_token": _string,
    "fcm_options": {"analytics_label": _string, "image": _string},
}
_WEBPUSH: Schema = {
    "headers": _string_map,
    "data": _string_map,
    "notification": _struct,
    "fcm_options": {"link": _string, "analytics_label": _string},
}
_MESSAGE: Schema = {
    "name": _string,
    "token": _string,
    "fid": _string,
    "topic": _string,
    "condition": _string,
    "data": _string_map,
    "notification": {"title": _string, "body": _string, "image": _string},
    "android": _ANDROID,
    "apns": _APNS,
    "webpush": _WEBPUSH,
    "fcm_options": _LABEL,
}


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(part.capitalize() for part in tail)


#: A compiled schema: spelling -> (snake_case name, check or compiled schema).
Compiled = dict[str, tuple[str, Union[Check, "Compiled"]]]


def _compile(schema: Schema) -> Compiled:
    compiled: Compiled = {}
    for name, rule in schema.items():
        entry = (name, _compile(rule) if isinstance(rule, dict) else rule)
        compiled[name] = compiled[_camel(name)] = entry
    return compiled


_REQUEST = _compile({"message": _MESSAGE, "validate_only": _bool})


def normalise(raw: Any) -> tuple[Object, list[Violation]]:
    """Return a request with snake_case names and without nulls, and whatever proto3 JSON would refuse in it."""
    violations: list[Violation] = []
    return _walk(raw, _REQUEST, "", violations), violations


def _walk(raw: Any, schema: Compiled, path: str, violations: list[Violation]) -> Object:
    if not isinstance(raw, dict):
        violations.append(_invalid(path, "TYPE_MESSAGE"))
        return {}
    fields: Object = {}
    for spelling, value in raw.items():
        known = schema.get(spelling)
        if known is None:
            where = f" at '{path}'" if path else ""
            text = f'Invalid JSON payload received. Unknown name "{spelling}"{where}: Cannot find field.'
            violations.append(Violation(path, text))
        elif value is not None:
            name, rule = known
            if isinstance(rule, dict):
                fields[name] = _walk(value, rule, f"{path}.{name}" if path else name, violations)
                continue
            fields[name] = value
            if (kind := rule(value)) is not None:
                violations.append(_invalid(f"{path}.{name}" if path else name, kind))
    return fields


def _invalid(path: str, kind: str) -> Violation:
    return Violation(path, f"Invalid value at '{path}' ({kind})")
