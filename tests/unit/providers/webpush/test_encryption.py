"""RFC 8291's own example, and what every browser must be able to read."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from clarion.providers.webpush.composition import CONTENT_MAX_BYTES
from clarion.providers.webpush.encryption import encrypt
from clarion.providers.webpush.subscription import parse
from simulator.webpush import browser as simulated
from tests.unit.providers.webpush.sending import Browser, decoded, encoded

# RFC 8291, appendix A.
PLAINTEXT = b"When I grow up, I want to be a watermelon"
UA_PRIVATE = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
UA_PUBLIC = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
AS_PRIVATE = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A"
    "_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def private(text):
    return ec.derive_private_key(int.from_bytes(decoded(text), "big"), ec.SECP256R1())


BROWSER = Browser(private(UA_PRIVATE), decoded(AUTH))


def test_the_example_of_the_rfc_is_reproduced_byte_by_byte():
    subscription = parse(BROWSER.subscription(p256dh=UA_PUBLIC, auth=AUTH))
    body = encrypt(PLAINTEXT, subscription, salt=decoded(SALT), key=private(AS_PRIVATE))
    assert encoded(body) == BODY
    assert len(body) == 144


def test_another_implementation_reads_it():
    agent = simulated.Browser(BROWSER.key, decoded(UA_PUBLIC), BROWSER.auth)
    body = encrypt(PLAINTEXT, parse(BROWSER.subscription()))
    assert agent.decrypt(body) == BROWSER.decrypt(body) == PLAINTEXT


def test_every_message_has_its_own_key_and_salt():
    subscription = parse(BROWSER.subscription())
    bodies = [encrypt(PLAINTEXT, subscription) for _ in range(20)]
    assert len({body[:16] for body in bodies}) == len({body[21:86] for body in bodies}) == 20


def test_the_longest_content_fills_what_every_push_service_takes():
    body = encrypt(b"x" * CONTENT_MAX_BYTES, parse(BROWSER.subscription()))
    assert len(body) == 4096
    assert BROWSER.decrypt(body) == b"x" * CONTENT_MAX_BYTES


def test_no_content_is_no_body():
    assert encrypt(b"", parse(BROWSER.subscription())) == b""


def test_a_key_beside_the_curve_is_a_value_error():
    with pytest.raises(ValueError):
        encrypt(PLAINTEXT, parse(BROWSER.subscription(p256dh=encoded(b"\4" + bytes(64)))))
