"""What is posted to a chat and what its answer means: published vectors, limits, codes."""

import base64
import json
from datetime import date
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest

from plant_server.digest.settings import DigestSettings, Receiver
from plant_server.digest.webhook import (
    Address,
    NoAddress,
    address_of,
    cut,
    outcome_of,
    post_of,
    robot_signature,
    webhook_signature,
)

KEY = UUID(int=7)
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def post(receiver: Receiver, address: Address, text: str = "良率 98 %") -> tuple[str, dict[str, str], bytes]:
    made = post_of(
        receiver, address, title="t", text=text, day=date(2026, 11, 23), message_id=KEY, now_ms=1577262236757
    )
    return made.url, dict(made.headers), made.body


def test_signatures_are_those_that_are_published() -> None:
    assert (
        robot_signature("this is secret", 1577262236757)
        == "hmPWwU%2B7lVdm3ZZz0r9tSfx0L4Q26jWOZr9%2BGs6EZQM%3D"
    )
    body = b'{"test": 2432232314}'
    told = webhook_signature(WHSEC, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert told == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_wecom_takes_markdown_of_4096_bytes_cut_between_characters() -> None:
    url, _, body = post("wecom", Address("https://qyapi.example/send?key=k"), "良" * 2000)
    told = json.loads(body)
    assert (url, told["msgtype"]) == ("https://qyapi.example/send?key=k", "markdown")
    content = told["markdown"]["content"]
    assert 4090 <= len(content.encode()) <= 4096
    assert content.endswith("良…")
    assert cut("ab", 2) == "ab"


def test_dingtalk_takes_a_title_and_a_signed_address() -> None:
    url, _, body = post(
        "dingtalk", Address("https://oapi.example/robot/send?access_token=a", "this is secret")
    )
    told = parse_qs(urlsplit(url).query)
    assert (told["access_token"], told["timestamp"]) == (["a"], ["1577262236757"])
    assert told["sign"] == ["hmPWwU+7lVdm3ZZz0r9tSfx0L4Q26jWOZr9+Gs6EZQM="]
    assert json.loads(body)["markdown"] == {"title": "t", "text": "良率 98 %"}


def test_a_generic_receiver_gets_a_key_and_a_signature_of_the_bytes_that_are_sent() -> None:
    _, headers, body = post("generic", Address("https://example/hook", WHSEC))
    assert headers["webhook-id"] == str(KEY)
    at_s = int(headers["webhook-timestamp"])
    assert headers["webhook-signature"] == webhook_signature(WHSEC, str(KEY), at_s, body)
    assert json.loads(body)["data"]["business_date"] == "2026-11-23"
    assert "webhook-signature" not in post("generic", Address("https://example/hook"))[1]


@pytest.mark.parametrize(
    ("receiver", "status", "body", "state"),
    [
        ("wecom", 200, b'{"errcode": 0, "errmsg": "ok"}', "sent"),
        ("wecom", 200, b'{"errcode": 93000, "errmsg": "invalid webhook url"}', "refused"),
        ("wecom", 200, b'{"errcode": 45009, "errmsg": "freq"}', "later"),
        ("dingtalk", 200, b'{"errcode": 310000, "errmsg": "sign not match"}', "refused"),
        ("dingtalk", 200, b'{"errcode": 130101, "errmsg": "too fast"}', "later"),
        ("wecom", 200, b"<html>sign in to the guest network", "unclear"),
        ("wecom", 200, b"[]", "unclear"),
        ("wecom", 502, b"", "unclear"),
        ("generic", 204, b"", "sent"),
        ("generic", 302, b"", "refused"),
        ("generic", 410, b"", "refused"),
        ("generic", 429, b"", "later"),
        ("generic", 500, b"", "unclear"),
    ],
)
def test_an_answer_is_read_and_not_believed(receiver: Receiver, status: int, body: bytes, state: str) -> None:
    assert outcome_of(receiver, status, body).state == state


@pytest.mark.parametrize(
    ("receiver", "text"),
    [
        ("wecom", ""),
        ("wecom", "qyapi.example/send?key=SECRET"),
        ("wecom", "http://qyapi.example/send?key=SECRET"),
        ("wecom", "https://a/SECRET\nb\nc"),
        ("generic", "https://a/\nwhsec_SECRET!"),
    ],
)
def test_a_file_that_holds_no_address_is_refused_without_repeating_it(receiver: Receiver, text: str) -> None:
    with pytest.raises(NoAddress) as told:
        address_of(receiver, text)
    assert "SECRET" not in str(told.value)


def test_an_address_may_have_a_secret_beside_it() -> None:
    key = f"whsec_{base64.b64encode(b'x' * 24).decode()}"
    assert address_of("generic", f"http://hook.plant.local/in\n{key}\n") == Address(
        "http://hook.plant.local/in", key
    )
    assert address_of("dingtalk", "https://a/?access_token=b") == Address("https://a/?access_token=b", None)


def test_it_is_off_unless_said_and_goes_out_in_the_morning() -> None:
    assert DigestSettings().receiver is None
    assert DigestSettings.model_validate({"receiver": ""}).receiver is None
    for wrong in ({"receiver": "pigeon"}, {"at": "13:00"}, {"at": "12:00"}):
        with pytest.raises(ValueError):
            DigestSettings.model_validate(wrong)
