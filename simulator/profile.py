"""How the simulated provider behaves as a whole, changed at any time through the control plane."""

from __future__ import annotations

import math
from random import Random

import msgspec

#: 99th percentile of the standard normal distribution.
_Z99 = 2.326


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Latency, limits and retention; every field has a default that means "no fault"."""

    #: median latency of every answer, in milliseconds
    latency_ms: float = 0
    #: its 99th percentile; above `latency_ms` the distribution is log-normal, else constant
    latency_p99_ms: float = 0
    #: messages a minute per project; None = no limit (FCM's default quota is 600 000)
    rate_per_minute: int | None = None
    #: whether FCM takes no more than 240 messages a minute and 5 000 an hour for one token; remembers every token
    fcm_device_limits: bool = False
    #: SETTINGS_MAX_CONCURRENT_STREAMS of every connection
    max_concurrent_streams: int = 100
    #: SETTINGS_INITIAL_WINDOW_SIZE of new connections, in bytes
    initial_window_size: int = 65_535
    #: seconds without a request until a connection gets GOAWAY "session_timed_out"; 0 = never
    idle_timeout_s: float = 0
    #: lifetime of new access tokens, in seconds
    oauth_lifetime_s: int = 3_600
    #: devices a second per client of HMS; None = no limit (Huawei's least is 6 000)
    hms_rate_per_s: int | None = None
    #: notifications a second per client of WNS, beyond which it answers 406; None = no limit
    wns_rate_per_s: int | None = None
    #: whether a 4xx of APNs other than 410 leaves its connection one stream until the next success
    apns_strict_streams: bool = False
    #: so many BadDeviceToken on one connection of APNs end it; 0 = never
    apns_bad_tokens: int = 0
    #: payloads kept per token
    keep_per_token: int = 20
    #: payloads kept in all
    keep_total: int = 20_000
    #: whether Web Push messages are decrypted, and refused when they cannot be; costs a tenth of a millisecond each
    webpush_decrypt: bool = True

    def delay_ms(self, random: Random) -> float:
        """Return one latency drawn from the distribution."""
        if self.latency_p99_ms <= self.latency_ms or not self.latency_ms:
            return self.latency_ms
        sigma = math.log(self.latency_p99_ms / self.latency_ms) / _Z99
        return random.lognormvariate(math.log(self.latency_ms), sigma)


def merged(profile: Profile, changes: bytes) -> Profile:
    """Return `profile` with the fields of a JSON object; raise msgspec.ValidationError on a bad one."""
    fields = msgspec.to_builtins(profile) | msgspec.json.decode(changes, type=dict[str, object])
    return msgspec.convert(fields, Profile)
