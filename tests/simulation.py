"""The push-provider simulator as a process, for any test that needs a provider to talk to."""

from __future__ import annotations

import json
import os
import select
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import httpx
import jwt

ROOT = Path(__file__).resolve().parent.parent
_READY_WITHIN_S = 30
_STOPPED_WITHIN_S = 10
_SCOPE = "https://www.googleapis.com/auth/firebase.messaging"


class ControlPlane:
    """What a running simulator counted, and the faults it is told to make; `ready` is the line it printed."""

    def __init__(self, ready: Mapping[str, Any]) -> None:
        """Speak to the simulator that announced itself with `ready`."""
        self.ready = ready

    def control(self, method: str, path: str, content: Any = None, **query: Any) -> Any:
        """Call the control plane and return its JSON; raise RuntimeError when it says no."""
        # an empty TLS context: the default one costs 50 ms and the control plane is plain HTTP
        plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        with httpx.Client(base_url=self.ready["control"], verify=plain, trust_env=False, timeout=30) as client:
            answer = client.request(method, path, json=content, params=query)
        if answer.status_code != httpx.codes.OK:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json()

    def counts(self) -> dict[str, Any]:
        """Return the totals."""
        totals: dict[str, Any] = self.control("GET", "/counts")
        return totals

    def ledger(self, prefix: str = "", limit: int = 1_000) -> dict[str, dict[str, Any]]:
        """Return the counters of the tokens that start with `prefix`."""
        tokens: dict[str, dict[str, Any]] = self.control("GET", "/ledger", prefix=prefix, limit=limit)["tokens"]
        return tokens

    def received(self, token: str) -> list[dict[str, Any]]:
        """Return the messages that are kept for a token, oldest first."""
        messages: list[dict[str, Any]] = self.control("GET", "/received", token=token)["messages"]
        return messages

    def reset(self) -> None:
        """Forget messages, rules, profile and quotas."""
        self.control("POST", "/reset")

    def rules(self, *rules: dict[str, Any]) -> list[dict[str, Any]]:
        """Put rules in force, or list those that are when called without."""
        listed = self.control("POST", "/rules", list(rules))["rules"] if rules else self.control("GET", "/rules")
        return list(listed)

    def drop_rules(self) -> None:
        """Remove all rules."""
        self.control("DELETE", "/rules")

    def profile(self, **changes: Any) -> dict[str, Any]:
        """Change fields of the profile and return it."""
        profile: dict[str, Any] = self.control("POST", "/profile", changes)
        return profile

    def revoke(self, project: str | None = None) -> int:
        """Revoke the access tokens of a project, or all; return how many there were."""
        return int(self.control("POST", "/revoke", {"project": project})["revoked"])

    def connections(self, action: str) -> int:
        """Do `goaway` or `drop` to every live connection; return how many there were."""
        return int(self.control("POST", "/connections", {"action": action})["connections"])


class Simulation(ControlPlane):
    """Starts `python -m simulator` and speaks to its control plane.

    Use it as a context manager, or call `start()` and `stop()`. `ready` is the line the simulator prints: `fcm`,
    `token_uri`, `control`, `ca`, `credentials`, `project_id`, `projects`.
    """

    def __init__(self, *options: str) -> None:
        """Take further command-line options, such as `--project`."""
        self._options = options
        self._directory = tempfile.TemporaryDirectory(prefix="simulation-")
        self._errors = Path(self._directory.name) / "stderr.log"
        self._process: subprocess.Popen[bytes] | None = None
        super().__init__({})

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    # -- process ------------------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Start the process and wait until it serves; raise RuntimeError when it does not."""
        command = [sys.executable, "-m", "simulator", "--state", self._directory.name, "--until-eof", *self._options]
        with self._errors.open("wb") as errors:
            # its standard input is our pipe: when this process is killed, the simulator ends too
            self._process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors
            )
        output = self._process.stdout
        assert output is not None
        readable, _, _ = select.select([output], [], [], _READY_WITHIN_S)
        line = output.readline() if readable else b""
        if not line:
            self._process.kill()
            self._process.wait()
            raise RuntimeError(f"the simulator did not start: {self.errors()}")
        self.ready = json.loads(line)
        return self

    def stop(self) -> None:
        """Stop the process; raise RuntimeError when it did not end cleanly or wrote to stderr."""
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(_STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
        errors = self.errors()
        self._directory.cleanup()
        if code or errors:
            raise RuntimeError(f"the simulator ended with {code}: {errors}")

    def errors(self) -> str:
        """Return what the process wrote to stderr."""
        return self._errors.read_text(errors="replace")

    @property
    def pid(self) -> int:
        """The process ID, for CPU and memory figures."""
        assert self._process is not None
        return self._process.pid

    # -- what a sender needs ------------------------------------------------------------------------------------

    @property
    def fcm(self) -> str:
        """The base URL of FCM."""
        return str(self.ready["fcm"])

    @property
    def project_id(self) -> str:
        """The first project."""
        return str(self.ready["project_id"])

    def send_url(self, project: str | None = None) -> str:
        """Return the URL of messages:send."""
        return f"{self.fcm}/v1/projects/{project or self.project_id}/messages:send"

    def service_account(self, project: str | None = None) -> dict[str, Any]:
        """Return the content of a project's key file."""
        path = Path(self.ready["projects"][project or self.project_id])
        content: dict[str, Any] = json.loads(path.read_text())
        return content

    def tls(self, *protocols: str) -> ssl.SSLContext:
        """Return a client context that trusts the simulator and offers `protocols` by ALPN."""
        context = ssl.create_default_context(cafile=self.ready["ca"])
        if protocols:
            context.set_alpn_protocols(list(protocols))
        return context

    def environment(self) -> dict[str, str]:
        """Return the environment variables that make HTTP clients trust the simulator."""
        return os.environ | {"SSL_CERT_FILE": self.ready["ca"], "REQUESTS_CA_BUNDLE": self.ready["ca"]}

    def assertion(self, project: str | None = None, **claims: Any) -> str:
        """Return a signed JWT for the token endpoint; `claims` replace the right ones."""
        account = self.service_account(project)
        now = int(time.time())
        right = {"iat": now, "exp": now + 3600, "iss": account["client_email"], "scope": _SCOPE}
        right["aud"] = "https://oauth2.googleapis.com/token"
        return jwt.encode(right | claims, account["private_key"], algorithm="RS256")

    def mint(self, assertion: str) -> tuple[int, dict[str, Any]]:
        """Return status and body of the token endpoint's answer."""
        form = {"assertion": assertion, "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}
        with httpx.Client(verify=self.tls(), trust_env=False) as client:
            answer = client.post(self.ready["token_uri"], data=form)
        return answer.status_code, answer.json()

    def access_token(self, project: str | None = None) -> str:
        """Mint an access token."""
        return str(self.mint(self.assertion(project))[1]["access_token"])
