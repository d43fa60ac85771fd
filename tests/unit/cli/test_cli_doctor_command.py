from __future__ import annotations

import json


def test_doctor_goes_on_when_the_settings_cannot_be_used(clarion, monkeypatch):
    monkeypatch.setenv("CLARION_LEASE_S", "1")
    ended = clarion("doctor", "--json")
    found = json.loads(ended.out)
    assert ended.code == 1
    assert found["ok"] is False
    assert found["checks"][0]["check"] == "settings"
    assert found["checks"][0]["says"].startswith("CLARION_LEASE_S: ")
    assert {check["level"] for check in found["checks"][1:]} == {"ok"}
