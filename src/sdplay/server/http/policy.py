"""Who may ask what: tokens, hosts, origins, kinds and sizes of bodies. Every request passes here first.

A service on this computer alone needs no token, but a page of the web can reach it through the browser of its user:
names other than those of this computer are refused (DNS rebinding), and so are writes and scripts of other origins
(cross-site request forgery). Nothing is ever allowed to other origins (no CORS).
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import ipaddress
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sdplay.server.http.errors import Shape, shape_of

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
LONGEST_NUMBER = 15  # digits of a length
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
BODIES = ("application/json", "multipart/form-data")
COOKIE = "sdplay_token"
LOGIN = "/login"  # asks for the token itself
SLOWEST_PART = 20.0  # seconds between two parts of a body
LONGEST_BODY = 300.0  # seconds that all of it may take
CSP = (
    "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
)
HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", CSP.encode()),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """`token` is asked for if it is set; `hosts` are names that requests may use beside those of this computer, and
    with `listens` any address (not any name). `body` is the most bytes of one.
    """

    token: str | None = None
    listens: bool = False
    hosts: frozenset[str] = frozenset()
    body: int = 64 * 2**20


class Refused(Exception):
    """A request is not let in, with this HTTP status."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class Policy:
    """ASGI middleware: asks `access` about each request, limits its body, and puts safe headers on each answer."""

    def __init__(self, app: ASGIApp, access: Access, shapes: Mapping[str, Shape] | None = None) -> None:
        """`shapes` are those that errors have in the APIs below some paths."""
        self._app, self._access, self._shapes = app, access, shapes or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        answering = Answering(send, lambda refused: self._body(scope["path"], refused))
        try:
            self._let_in(scope["method"], scope["path"], headers)
            check_length(headers.get("content-length", "0"), self._access.body)
            await self._app(scope, limited(receive, self._access.body, answering.refuse), answering)
        except Refused as refused:
            answering.refuse(refused)
            await answering.end()

    def _body(self, path: str, refused: Refused) -> Any:
        """What is said to a client of the API that `path` is in."""
        problem = {"code": refused.code, "field": None, "value": None, "message": refused.message, "hint": ""}
        return shape_of(path, self._shapes)(refused.status, [problem])

    def _let_in(self, method: str, path: str, headers: Mapping[str, str]) -> None:
        self._check_host(headers.get("host", ""))
        self._check_origin(method, headers)
        if self._access.token is not None and path != LOGIN and not self._knows(self._access.token, headers):
            raise Refused(401, "unauthorized", "a token is needed: `Authorization: Bearer TOKEN`")
        if method in SAFE:
            return
        encoding = headers.get("content-encoding", "identity")
        if encoding != "identity":
            raise Refused(415, "encoded-body", "a compressed body is not read")
        kind = headers.get("content-type", "").split(";")[0].strip().lower()
        empty = headers.get("content-length", "0") == "0" and "transfer-encoding" not in headers
        if not empty and kind not in BODIES:
            raise Refused(415, "content-type", f"a body is {' or '.join(BODIES)}")

    def _check_host(self, host: str) -> None:
        name = host_name(host)
        if name in LOCAL or name in self._access.hosts:
            return
        if self._access.listens and is_address(name):
            return
        raise Refused(421, "host", "this service does not answer to that name: allow it with `host_names`")

    def _check_origin(self, method: str, headers: Mapping[str, str]) -> None:
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2] != headers.get("host", ""):
            raise Refused(403, "origin", "requests of other origins are not answered")
        site, mode = headers.get("sec-fetch-site"), headers.get("sec-fetch-mode")
        if site in {"cross-site", "same-site"} and not (method == "GET" and mode == "navigate"):
            raise Refused(403, "origin", "requests of other sites are not answered")

    @staticmethod
    def _knows(token: str, headers: Mapping[str, str]) -> bool:
        given = given_token(headers)
        return given is not None and hmac.compare_digest(given.encode(), token.encode())


def given_token(headers: Mapping[str, str]) -> str | None:
    """The token of a request: as Bearer, as the password of Basic, or in the cookie of the page."""
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return None
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    return morsel.value if morsel is not None else None


def host_name(host: str) -> str:
    """A Host header without its port and brackets, in lower case."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].rstrip(".").lower()


def is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def check_length(length: str, most: int) -> None:
    """Raise `Refused` for a body that says that it is too large."""
    if not (length.isascii() and length.isdecimal()) or len(length) > LONGEST_NUMBER:
        raise Refused(400, "content-length", "is not a length")
    if int(length) > most:
        raise too_large(most)


def too_large(most: int) -> Refused:
    return Refused(413, "body-too-large", f"a body has up to {most // 2**20} MB")


def limited(receive: Receive, most: int, refuse: Callable[[Refused], None]) -> Receive:
    """`receive` that raises `Refused` for a body that is too large or comes too slowly, after telling `refuse`: what
    reads the body may make something else of the error.
    """
    seen, whole, last = 0, False, time.monotonic() + LONGEST_BODY

    async def part() -> Message:
        nonlocal seen, whole
        if whole:
            return await receive()
        try:
            message = await asyncio.wait_for(receive(), min(SLOWEST_PART, last - time.monotonic()))
        except TimeoutError:
            raise refused(Refused(408, "too-slow", "the body did not come in time")) from None
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if seen > most:
                raise refused(too_large(most))
        return message

    def refused(error: Refused) -> Refused:
        refuse(error)
        return error

    return part


class Answering:
    """`send` that adds safe headers. Once a request is refused, that is the answer, whatever else would be said; `said`
    is its body.
    """

    def __init__(self, send: Send, said: Callable[[Refused], Any]) -> None:
        self._send, self._said, self._begun = send, said, False
        self._refused: Refused | None = None

    def refuse(self, refused: Refused) -> None:
        if not self._begun:
            self._refused = refused

    async def __call__(self, message: Message) -> None:
        if self._refused is not None:
            await self.end()
            return
        if message["type"] == "http.response.start":
            self._begun = True
            there = {name for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(each for each in HEADERS if each[0] not in there)]
        await self._send(message)

    async def end(self) -> None:
        """Say why the request is refused, once, if that can still be said."""
        refused, self._refused = self._refused, None
        if refused is not None and not self._begun:
            await answer(self, refused, self._said(refused))
            self._begun, self._send = True, nowhere


async def nowhere(message: Message) -> None:
    """What is said after the answer goes to nobody."""


async def answer(send: Send, refused: Refused, said: Any) -> None:
    body = json.dumps(said).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers.append((b"connection", b"close"))
    if refused.status == 401:
        headers.append((b"www-authenticate", b'Basic realm="sdplay", charset="UTF-8"'))
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
