"""Clients of the simulated APNs: provider tokens, device tokens, and a connection that shows every frame."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import jwt
from h2.events import DataReceived, ResponseReceived, StreamEnded

from tests.contract.simulator.peer import Peer
from tests.simulation import Simulation

PAYLOAD = b'{"aps":{"alert":{"body":"Hello"}}}'


def facts(simulation: Simulation, project: str | None = None) -> dict[str, Any]:
    """What the simulator announced of APNs, or of one project there."""
    announced: dict[str, Any] = simulation.ready["providers"]["apns"]
    return announced if project is None else announced["projects"][project]


def provider_token(
    simulation: Simulation, project: str = "first", *, age_s: float = 0, which: str = "", **changes: Any
) -> str:
    """A signed provider token, `age_s` old.

    It is signed with the key for both environments, or with `which`: `production_`, `sandbox_`. `changes` replace
    claims, `key_id` and `key`.
    """
    known = facts(simulation, project)
    claims = {"iss": known["team_id"], "iat": int(time.time() - age_s)}
    claims |= {name: value for name, value in changes.items() if name in ("iss", "iat")}
    key = changes.get("key") or Path(known[f"{which}key_file"]).read_text()
    return jwt.encode(claims, key, "ES256", {"kid": changes.get("key_id", known[f"{which}key_id"])})


def token(text: str) -> str:
    """A device token whose bytes are a text, such as `sim:Unregistered:1`."""
    return text.encode().hex()


class APNsPeer(Peer):
    """One connection to production, or to `origin`."""

    def __init__(self, simulation: Simulation, bearer: str, origin: str | None = None) -> None:
        self.bearer = bearer
        self.topic = facts(simulation)["topic"]
        super().__init__(simulation, "", origin or facts(simulation)["endpoint"])

    def push(self, device: str, body: bytes = PAYLOAD, **headers: str) -> int:
        """Send a notification without waiting; return its stream."""
        stream: int = self.h2.get_next_available_stream_id()
        fields = {
            ":method": "POST",
            ":scheme": "https",
            ":authority": "localhost",
            ":path": f"/3/device/{device}",
            "authorization": f"bearer {self.bearer}",
            "apns-topic": self.topic,
        }
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        self.h2.send_headers(stream, list(fields.items()))
        self.h2.send_data(stream, body, end_stream=True)
        self.flush()
        return stream

    def exchange(self, device: str, **headers: str) -> tuple[int, str]:
        """Send a notification; return status and reason of its answer."""
        return self.answer(self.push(device, **headers))

    def answer(self, stream: int) -> tuple[int, str]:
        """Return status and reason of an answer, waiting for it."""
        self.wait(StreamEnded, stream)
        headers: Any = self.wait(ResponseReceived, stream).headers
        body = b"".join(event.data or b"" for event in self.of(DataReceived, stream))
        return int(dict(headers)[":status"]), json.loads(body)["reason"] if body else ""

    @property
    def streams_max(self) -> int:
        """How many streams the server allows now."""
        return int(self.h2.remote_settings.max_concurrent_streams)
