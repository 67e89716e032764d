"""A chat's webhook: what is posted, and what its answer means. Pure.

WeCom and DingTalk answer 200 even when they refuse: the body decides. Both limit a robot to 20 messages a minute. `generic` follows
Standard Webhooks: the same `webhook-id` on every attempt, signed where the file of the address holds a `whsec_` key.
Facts: developer.work.weixin.qq.com (path/91770), open.dingtalk.com (custom robots), github.com/standard-webhooks.
"""

import base64
import binascii
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any, Literal
from urllib.parse import quote, urlsplit
from uuid import UUID

from plant_server.digest.settings import Receiver

BYTES_MOST: dict[Receiver, int] = {"wecom": 4096, "dingtalk": 20_000, "generic": 20_000}
LATER = {"wecom": {45009}, "dingtalk": {130101}}
"""Codes of too many messages. Any other one but 0 is a refusal that another try would only repeat."""
LATER_STATUS = {429}
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class NoAddress(ValueError):
    """The file does not hold an address of this receiver. The text does not repeat it: it is a secret."""


@dataclass(frozen=True, slots=True)
class Address:
    url: str
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class Post:
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """`later`: it certainly did not arrive. `unclear`: nobody knows."""

    state: Literal["sent", "refused", "later", "unclear"]
    detail: str


def address_of(receiver: Receiver, text: str) -> Address:
    """First line: the address; second line, if any: the robot's or the webhook's secret. Raises NoAddress."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not 1 <= len(lines) <= 2:
        raise NoAddress("must hold the webhook's address, and at most its secret in a second line")
    address = Address(lines[0], lines[1] if len(lines) == 2 else None)
    parts = urlsplit(address.url)
    if not parts.hostname or parts.scheme not in ("https", "http"):
        raise NoAddress("must begin with the address, https://…")
    if parts.scheme == "http" and receiver != "generic" and parts.hostname not in _LOOPBACK:
        raise NoAddress("must be https: what stands in the address is a secret")
    if receiver == "generic" and address.secret is not None:
        _key(address.secret)
    return address


def cut(text: str, bytes_most: int) -> str:
    """At most so many bytes of UTF-8, cut between characters; what is cut ends in …"""
    raw = text.encode()
    if len(raw) <= bytes_most:
        return text
    mark = "…"
    return raw[: bytes_most - len(mark.encode())].decode(errors="ignore") + mark


def post_of(
    receiver: Receiver,
    address: Address,
    *,
    title: str,
    text: str,
    day: date,
    message_id: UUID,
    now_ms: int,
) -> Post:
    text = cut(text, BYTES_MOST[receiver] if receiver != "generic" else BYTES_MOST["generic"] // 2)
    headers = {"Content-Type": "application/json; charset=utf-8"}
    if receiver == "wecom":
        return Post(address.url, headers, _json({"msgtype": "markdown", "markdown": {"content": text}}))
    if receiver == "dingtalk":
        body = {"msgtype": "markdown", "markdown": {"title": title, "text": text}}
        return Post(_signed_by_robot(address, now_ms), headers, _json(body))
    data = {"business_date": day.isoformat(), "title": title, "markdown": text}
    raw = _json({"type": "digest.daily", "data": data})
    return Post(address.url, headers | _signed(address, message_id, now_ms // 1000, raw), raw)


def outcome_of(receiver: Receiver, status: int, body: bytes) -> Outcome:
    """What an answer means. No answer in time, and a connection lost on the way, are unclear as well: sending.py."""
    if status in LATER_STATUS:
        return Outcome("later", f"HTTP {status}")
    if 400 <= status < 500 or 300 <= status < 400:
        return Outcome("refused", f"HTTP {status}")
    if not 200 <= status < 300:
        return Outcome("unclear", f"HTTP {status}")
    if receiver == "generic":
        return Outcome("sent", f"HTTP {status}")
    try:
        told = json.loads(body)
        code, message = int(told["errcode"]), str(told.get("errmsg", ""))[:200]
    except (ValueError, KeyError, TypeError):
        return Outcome("unclear", "HTTP 200, but no answer of this receiver: is something else in between?")
    if code == 0:
        return Outcome("sent", "errcode 0")
    return Outcome("later" if code in LATER[receiver] else "refused", f"errcode {code}: {message}")


def robot_signature(secret: str, now_ms: int) -> str:
    """DingTalk: HMAC-SHA256 of `ms\\nsecret` under the secret, base64, for a URL."""
    told = hmac.new(secret.encode(), f"{now_ms}\n{secret}".encode(), sha256).digest()
    return quote(base64.b64encode(told).decode(), safe="")


def webhook_signature(secret: str, message_id: str, at_s: int, body: bytes) -> str:
    """Standard Webhooks: `v1,` and base64 of HMAC-SHA256 of `id.timestamp.body`. Raises NoAddress."""
    told = hmac.new(_key(secret), f"{message_id}.{at_s}.".encode() + body, sha256).digest()
    return f"v1,{base64.b64encode(told).decode()}"


def _signed_by_robot(address: Address, now_ms: int) -> str:
    if address.secret is None:
        return address.url
    join = "&" if "?" in address.url else "?"
    return f"{address.url}{join}timestamp={now_ms}&sign={robot_signature(address.secret, now_ms)}"


def _signed(address: Address, message_id: UUID, at_s: int, body: bytes) -> dict[str, str]:
    headers = {"webhook-id": str(message_id), "webhook-timestamp": str(at_s)}
    if address.secret is not None:
        headers["webhook-signature"] = webhook_signature(address.secret, str(message_id), at_s, body)
    return headers


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise NoAddress("the second line must be a key like whsec_…, base64") from error


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()
