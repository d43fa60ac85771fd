"""The Procfile's `web` process, on a real Redis."""

from __future__ import annotations

import httpx
import pytest

from clarion.message.message import decode
from clarion.storage import keys
from config.fleet import Fleet

ADMIN = "admin-key-0123456789"

APPS = """
[apps.demo]
name = "Demo"
keys = [
  { key = "admin-key-0123456789", scopes = ["admin"] },
  { key = "publish-key-0123456789", scopes = ["publish"] },
  { key = "register-key-0123456789", scopes = ["register"] },
  { key = "read-key-0123456789", scopes = ["read"] },
  { key = "news-key-0123456789", scopes = ["publish"], channels = ["news"] },
]
[apps.other]
name = "Other"
keys = [{ key = "other-key-0123456789", scopes = ["admin"] }]
[apps.carried]
name = "Carried by FCM"
keys = [{ key = "carried-key-0123456789", scopes = ["publish"] }]
[apps.carried.fcm]
service_account = "account.json"
"""


@pytest.fixture(scope="session")
def web(redis_process, tmp_path_factory):
    """The fleet whose `web` answers; its output is read in `web.log_dir`."""
    folder = tmp_path_factory.mktemp("web")
    (folder / "apps.toml").write_text(APPS)
    (folder / "account.json").write_text("{}")  # only workers look into it
    env = {"CLARION_REDIS_URL": redis_process.url, "CLARION_APPS_FILE": str(folder / "apps.toml")}
    env["GRANIAN_LOG_ACCESS_ENABLED"] = "true"  # what an operator may try; no key may be logged even then
    with Fleet(env, folder / "log") as fleet:
        fleet.start("web")
        fleet.wait_up()
        yield fleet


class API:
    """Asks the server as one key of one application; the stores behind it are empty at first."""

    def __init__(self, url, storage):
        self.url = url
        self.storage = storage
        self._client = httpx.Client(base_url=url, timeout=30)

    def ask(self, method, path, key=ADMIN, app="demo", **options):
        return self._client.request(method, f"/{app}/{key}{path}", **options)

    def get(self, path, **options):
        return self.ask("GET", path, **options)

    def delete(self, path, **options):
        return self.ask("DELETE", path, **options)

    def post(self, path, body, **options):
        return self.ask("POST", path, json=body, **options)

    def publish(self, body, channel="default", **options):
        """Publish, and return the message as it is stored."""
        answer = self.post(f"/messaging/{channel}", body, **options)
        assert answer.status_code == 200, answer.text
        return self.stored(answer.json()["messageId"])

    def stored(self, message_id):
        return decode(self.storage.main.hget(keys.message(message_id), "content"))

    def refusal(self, method, path, **options):
        """The error's code, after a look at its form."""
        answer = self.ask(method, path, **options)
        error = answer.json()
        assert error.keys() == {"code", "message", "errorData"}
        assert answer.status_code == 400, answer.text
        return error["code"]

    def close(self):
        self._client.close()


@pytest.fixture
def api(web, storage):
    opened = API(web.api_url, storage)
    yield opened
    opened.close()
