"""A private nginx that answers every POST at once: the fastest provider that this machine can play.

Below `/3/device/` it answers as APNs does, below `/push/` as a push service, and anywhere else as FCM.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import ipaddress
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

INSTALL = "nginx is not installed; on Debian: apt-get install nginx-light"
ANSWER = '{"name":"projects/bench/messages/0:1700000000000000%31bd1c9631bd1c96"}'

_CONFIGURATION = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl http2;
    ssl_certificate {folder}/certificate.pem;
    ssl_certificate_key {folder}/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    keepalive_requests 1000000000;
    keepalive_timeout 3600s;
    http2_max_concurrent_streams {streams};
    client_body_buffer_size 16k;
    location = /status {{ stub_status; }}
    location /3/device/ {{
      add_header apns-id $http_apns_id;
      return 200;
    }}
    location /push/ {{ return 201; }}
    location / {{
      default_type application/json;
      return 200 '{answer}';
    }}
  }}
}}
"""


@dataclass(frozen=True)
class Sink:
    """A running sink: its base URL, the PEM file to trust, and its process id."""

    url: str
    ca_bundle: str
    pid: int


@contextlib.contextmanager
def serve(streams: int = 128) -> Iterator[Sink]:
    """Run nginx with one worker on a free port of 127.0.0.1 until the block ends.

    Args:
        streams: the MAX_CONCURRENT_STREAMS it advertises.

    Raises:
        RuntimeError: nginx is missing or does not start.
    """
    nginx = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
    if nginx is None:
        raise RuntimeError(INSTALL)
    with tempfile.TemporaryDirectory(prefix="clarion-sink-") as name:
        folder = Path(name)
        write_certificate(folder)
        port = _free_port()
        configuration = folder / "nginx.conf"
        configuration.write_text(
            _CONFIGURATION.format(folder=folder, port=port, streams=streams, answer=ANSWER), encoding="utf-8"
        )
        process = subprocess.Popen([nginx, "-p", name, "-c", str(configuration)], stderr=subprocess.PIPE)
        try:
            _wait_for(port, process)
            yield Sink(f"https://127.0.0.1:{port}", str(folder / "certificate.pem"), process.pid)
        finally:
            process.terminate()
            process.wait(10)


def requests(sink: Sink) -> int:
    """How many requests the sink has answered, this one included."""
    context = ssl.create_default_context(cafile=sink.ca_bundle)
    with urllib.request.urlopen(f"{sink.url}/status", context=context) as answer:  # noqa: S310  # our own server
        numbers = answer.read().decode().split("requests")[1].split()
    return int(numbers[2])


def write_certificate(folder: Path) -> None:
    """Write `key.pem` and a self-signed `certificate.pem` for localhost and 127.0.0.1, good for a day."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost"), address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if process.poll() is not None:
            assert process.stderr is not None
            raise RuntimeError(f"nginx did not start: {process.stderr.read().decode()}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise RuntimeError("nginx did not open its port within 10 s")
