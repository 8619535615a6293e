"""Who may ask what: hosts, origins, tokens, kinds and sizes of bodies; against real servers, byte by byte."""

from __future__ import annotations

import asyncio
import gzip
import hmac
import json
import socket
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.types import Message, Receive, Scope, Send

from sdplay.server.http import policy
from sdplay.server.http.policy import COOKIE, Access, Policy, given_token, host_name
from tests.support.service import RunningService, running_service

JOBS = "/api/v1/jobs"
JOB = {"prompt": "a cat", "steps": 1}
TOKEN = "a-secret-token"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service that other computers may ask, with a token."""
    home = tmp_path_factory.mktemp("guarded")
    with running_service(home, "--listen", "--token", TOKEN, "--host-name", "studio.example") as service:
        yield service


def status(service: RunningService, method: str = "GET", path: str = "/api/v1/status", **headers: str) -> int:
    """The status of the answer to a request with these headers, `_` for `-`, and no body."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return service.client.request(method, path, headers=named).status_code


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        ("127.0.0.1", 200),
        ("localhost:7860", 200),
        ("LOCALHOST", 200),
        ("[::1]:7860", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.evil.example:7860", 421),
        ("evil.example:127.0.0.1", 421),
        ("192.168.0.1", 421),
        ("", 421),
        ("@localhost", 421),
        ("localhost@evil.example", 421),
    ],
)
def test_only_names_of_this_computer(service: RunningService, host: str, wanted: int) -> None:
    assert status(service, Host=host) == wanted


def test_one_that_listens_answers_to_addresses_and_to_names_it_was_given(guarded: RunningService) -> None:
    assert [status(guarded, Host=host) for host in ("10.1.2.3:7860", "studio.example", "other.example")] == [
        200,
        200,
        421,
    ]


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize(
    "origin", ["null", "http://evil.example", "https://evil.example", "http://127.0.0.1:1", "http://localhost", "", "x"]
)
def test_other_origins_are_turned_away(service: RunningService, method: str, origin: str) -> None:
    assert status(service, method, f"{JOBS}/none", Origin=origin) == 403


def test_own_origin_may_ask(service: RunningService) -> None:
    assert status(service, Origin=service.url) == 200
    assert service.client.post(JOBS, json=JOB, headers={"Origin": service.url}).status_code == 202


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_another_site_loads_is_turned_away_but_a_link_may_be_followed(service: RunningService, site: str) -> None:
    assert status(service, Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors") == 403
    assert status(service, "POST", JOBS, Sec_Fetch_Site=site, Sec_Fetch_Mode="navigate") == 403
    assert status(service, Sec_Fetch_Site=site, Sec_Fetch_Mode="navigate") == 200


def test_nothing_is_allowed_to_other_origins(service: RunningService) -> None:
    asked = {"Origin": service.url, "Access-Control-Request-Method": "POST"}
    for answer in (service.client.get("/api/v1/status"), service.client.options(JOBS, headers=asked)):
        assert not [name for name in answer.headers if name.startswith("access-control")]


FORMS = ["application/x-www-form-urlencoded", "text/plain", "text/plain; application/json", "", "application/xml"]


@pytest.mark.parametrize("kind", FORMS)
def test_what_a_form_of_another_page_can_send_is_not_read(service: RunningService, kind: str) -> None:
    answer = service.client.post(JOBS, content=json.dumps(JOB), headers={"Content-Type": kind})
    assert answer.status_code == 415


def test_form_is_no_job(service: RunningService) -> None:
    assert service.client.post(JOBS, files={"prompt": (None, b"a cat")}).status_code in {400, 415}


def test_compressed_body_is_not_unpacked(service: RunningService) -> None:
    bomb = gzip.compress(bytes(64 * 2**20))
    for encoding in ("gzip", "deflate", "br", "gzip, gzip"):
        headers = {"Content-Type": "application/json", "Content-Encoding": encoding}
        assert service.client.post(JOBS, content=bomb, headers=headers).status_code == 415


def test_answers_carry_safe_headers(service: RunningService) -> None:
    for path, host in (("/api/v1/status", None), ("/none", None), ("/api/v1/status", "evil.example"), ("/", None)):
        headers = service.client.get(path, headers={"Host": host} if host else {}).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "server" not in headers


# Tokens


def test_token_is_asked_for_everywhere(guarded: RunningService) -> None:
    with guarded.open_client() as client:
        del client.headers["authorization"]
        for path in ("/", "/api/v1/status", "/api/v1/openapi.json", "/api/v1/docs", "/api/v1/events", "/none"):
            answer = client.get(path)
            assert (answer.status_code, answer.headers["www-authenticate"][:5]) == (401, "Basic")
        assert client.post(JOBS, json=JOB).status_code == 401


@pytest.mark.parametrize(
    ("headers", "wanted"),
    [
        ({"Authorization": f"Bearer {TOKEN}"}, 200),
        ({"Authorization": f"bearer  {TOKEN}"}, 200),
        ({"Authorization": "Basic YW55Ym9keTphLXNlY3JldC10b2tlbg=="}, 200),
        ({"Cookie": f"other=1; {COOKIE}={TOKEN}"}, 200),
        ({"Authorization": f"Bearer {TOKEN[:-1]}"}, 401),
        ({"Authorization": f"Bearer {TOKEN}x"}, 401),
        ({"Authorization": TOKEN}, 401),
        ({"Authorization": "Bearer"}, 401),
        ({"Authorization": "Basic !!!"}, 401),
        ({"Authorization": "Basic YQ=="}, 401),
        ({"Authorization": "Bearer \xe9\xff"}, 401),
        ({"Cookie": f"{COOKIE}=nonsense"}, 401),
        ({"Cookie": "=;=;\x7f"}, 401),
        ({"Authorization": "Bearer wrong", "Cookie": f"{COOKIE}={TOKEN}"}, 401),
    ],
)
def test_token_in_each_of_its_places(guarded: RunningService, headers: dict[str, str], wanted: int) -> None:
    with guarded.open_client() as client:
        del client.headers["authorization"]
        raw = {name: value.encode("latin-1") for name, value in headers.items()}
        assert client.get("/api/v1/status", headers=raw).status_code == wanted


def test_tokens_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []
    monkeypatch.setattr(hmac, "compare_digest", lambda one, other: bool(compared.append((one, other))))
    assert asyncio.run(answered(Access(token=TOKEN), headers={"authorization": "Bearer x"})) == 401
    assert compared == [(b"x", TOKEN.encode())]


def test_cookie_of_a_page_does_not_let_another_page_write(guarded: RunningService) -> None:
    cookie = {"Cookie": f"{COOKIE}={TOKEN}", "Origin": "http://evil.example"}
    assert guarded.client.post(JOBS, json=JOB, headers=cookie).status_code == 403


def test_token_is_not_told(guarded: RunningService) -> None:
    for path in ("/api/v1/status", "/api/v1/capabilities", "/api/v1/openapi.json", "/api/v1/queue"):
        assert TOKEN not in guarded.client.get(path).text


def test_one_that_listens_makes_a_token_of_its_own(tmp_path: Any) -> None:
    with running_service(tmp_path / "home", "--listen") as service:
        assert service.token is not None
        assert len(service.token) >= 24
        assert service.token in service.log.read_text()
        assert (service.folder / "running.json").stat().st_mode & 0o077 == 0
        assert service.get("/api/v1/status")["waiting"] == 0


# Bodies, byte by byte


def raw(service: RunningService, *parts: bytes) -> bytes:
    """What comes back for these bytes, until the other side closes."""
    place = urlsplit(service.url)
    with socket.create_connection((place.hostname or "", place.port or 0), timeout=120) as line:
        try:
            for part in parts:
                line.sendall(part)
        except OSError:
            pass  # it was answered before all was sent
        answer = b""
        try:
            while piece := line.recv(65536):
                answer += piece
        except ConnectionResetError:
            pass
        return answer


def head(*lines: str) -> bytes:
    named = ["POST /api/v1/jobs HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json", *lines]
    return "\r\n".join([*named, "", ""]).encode("latin-1")


def test_a_client_that_hangs_up_within_its_body_is_no_fault(service: RunningService) -> None:
    place = urlsplit(service.url)
    for path in ("/api/v1/jobs", "/api/v1/draw", "/sdapi/v1/txt2img", "/v1/images/generations"):
        with socket.create_connection((place.hostname or "", place.port or 0), timeout=120) as line:
            line.sendall(head("Content-Length: 100").replace(b"/api/v1/jobs", path.encode()) + b"{")
    assert status(service) == 200
    time.sleep(0.5)  # until what would be said of them is
    assert "Traceback" not in service.log.read_text()


def test_body_that_says_it_is_too_large_is_not_read(service: RunningService) -> None:
    assert b" 413 " in raw(service, head("Content-Length: 99999999999"))[:20]


@pytest.mark.parametrize("length", ["-1", "x", "1e3", "9" * 40, "\xb2"])
def test_length_that_is_none(service: RunningService, length: str) -> None:
    assert b" 400 " in raw(service, head(f"Content-Length: {length}"))[:20]


def test_body_without_an_end_is_cut(service: RunningService) -> None:
    chunk = b"100000\r\n" + b" " * 2**20 + b"\r\n"
    answer = raw(service, head("Transfer-Encoding: chunked"), *[chunk] * 70)
    assert answer == b"" or b" 413 " in answer[:20]
    assert status(service) == 200


def test_two_lengths_are_no_request(service: RunningService) -> None:
    answer = raw(service, head("Content-Length: 2", "Transfer-Encoding: chunked"), b"0\r\n\r\nGET / HTTP/1.1\r\n\r\n")
    assert answer[:12] in {b"HTTP/1.1 400", b"HTTP/1.1 415", b"HTTP/1.1 422"}


async def answered(
    access: Access, *, headers: dict[str, str] | None = None, method: str = "GET", receive: Receive | None = None
) -> int:
    """The status that `Policy` answers before an application that reads the whole body and answers 200."""
    statuses: list[int] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def nothing() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    named = {"host": "localhost", **(headers or {})}
    scope: Scope = {
        "type": "http",
        "method": method,
        "path": "/",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in named.items()],
    }
    await Policy(app, access)(scope, receive or nothing, send)
    return statuses[0]


def test_body_that_comes_too_slowly_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "SLOWEST_PART", 0.01)

    async def never() -> Message:
        await asyncio.sleep(3600)
        raise AssertionError

    headers = {"content-type": "application/json", "transfer-encoding": "chunked"}
    assert asyncio.run(answered(Access(), headers=headers, method="POST", receive=never)) == 408


def test_drip_of_a_body_is_given_up_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "LONGEST_BODY", 0.05)

    async def drip() -> Message:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b" ", "more_body": True}

    headers = {"content-type": "application/json", "transfer-encoding": "chunked"}
    assert asyncio.run(answered(Access(), headers=headers, method="POST", receive=drip)) == 408


def test_ranges_of_a_file_cannot_be_abused(service: RunningService) -> None:
    picture = service.wait(service.submit(prompt="a cat", steps=1)["id"])["pictures"][0]
    whole = service.client.get(picture["file"]).content
    part = service.client.get(picture["file"], headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, whole[:4])
    many = "bytes=" + ",".join(f"{at}-" for at in range(500))
    answer = service.client.get(picture["file"], headers={"Range": many})
    assert answer.status_code in {200, 206, 400, 416}
    assert len(answer.content) < 2 * len(whole) + 1000
    for odd in ("bytes=9-1", "bytes=-0", f"bytes={'9' * 5000}-", "bytes=a-b", "lines=1-2", "bytes=" + "-" * 9000):
        assert service.client.get(picture["file"], headers={"Range": odd}).status_code in {200, 206, 400, 416, 431}


@pytest.mark.parametrize(
    ("header", "name"), [("Localhost:1", "localhost"), ("[::1]:7", "::1"), ("a.b.:80", "a.b"), ("", "")]
)
def test_name_in_a_host_header(header: str, name: str) -> None:
    assert host_name(header) == name


def test_token_of_no_header() -> None:
    assert given_token({}) is None
