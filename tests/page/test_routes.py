"""What the server says before any script runs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest

from sdplay.server.page.routes import filled, in_html
from sdplay.server.page.words import WORDS
from tests.support.patience import PATIENCE
from tests.support.service import RunningService, running_service

HTML = "<script>alert(1)</script>\"'</title>&amp;"


def block(text: str, name: str) -> dict[str, Any]:
    found = re.search(rf'<script type="application/json" id="{name}">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_the_page_has_what_it_shows_first(service: RunningService) -> None:
    service.wait(service.submit(prompt=HTML)["id"])
    answer = service.client.get("/")
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text
    first = block(answer.text, "first")
    assert first["pictures"]["pictures"][0]["prompt"] == HTML
    assert {"status", "capabilities", "models", "samplers", "schedules", "upscalers", "queue"} <= first.keys()
    assert block(answer.text, "words")["views.draw"] == "Draw"
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'self'" in policy


def test_parts_are_kept_by_browsers_under_their_own_names(service: RunningService) -> None:
    text = service.client.get("/").text
    for name in ("app.js", "app.css"):
        found = re.search(rf'"(/page/{re.escape(name)}\?v=\w+)"', text)
        assert found is not None
        assert "immutable" in service.client.get(found[1]).headers["cache-control"]
        assert service.client.get(f"/page/{name}?v=old").headers["cache-control"] == "no-cache"
    assert "/page/js/main.js" in service.client.get("/?raw").text
    assert service.client.get("/page/js/core/api.js").headers["content-type"].startswith("text/javascript")


@pytest.mark.parametrize("path", ["../bundle.py", "..%2fbundle.py", "core", "none.js", "%2e%2e/index.html"])
def test_nothing_but_modules_is_sent(service: RunningService, path: str) -> None:
    assert service.client.get(f"/page/js/{path}").status_code == 404


def test_theme_and_language_are_those_that_were_chosen(service: RunningService) -> None:
    text = service.client.get("/", headers={"Cookie": "sdplay_theme=dark><x; sdplay_language=../en"}).text
    assert '<html lang="en">' in text
    text = service.client.get("/", headers={"Cookie": "sdplay_theme=dark"}).text
    assert '<html lang="en" data-theme="dark">' in text


@pytest.mark.parametrize("accepted", ["de-AT, en;q=0.5", "en;q=0.2, de;q=0.3"])
def test_the_page_is_in_the_language_of_the_browser_until_one_is_chosen(service: RunningService, accepted: str) -> None:
    text = service.client.get("/", headers={"Accept-Language": accepted}).text
    assert '<html lang="de">' in text
    assert block(text, "words")["views.gallery"] == "Galerie"
    assert {"en", "de"} <= set(block(text, "first")["languages"])
    chosen = {"Accept-Language": accepted, "Cookie": "sdplay_language=en"}
    assert '<html lang="en">' in service.client.get("/", headers=chosen).text


def test_a_browser_is_let_in_once_it_says_the_token(tmp_path: Path) -> None:
    with (
        running_service(tmp_path / "home", "--token", "to ken;x") as service,
        httpx2.Client(base_url=service.url, timeout=PATIENCE, trust_env=False) as stranger,
    ):
        assert stranger.get("/").status_code == 401
        assert stranger.get("/login", params={"token": "wrong"}).status_code == 401
        assert stranger.get("/").status_code == 401
        answer = stranger.get("/login", params={"token": "to ken;x"})
        assert answer.status_code == 200
        said = answer.headers["set-cookie"].lower()
        assert "httponly" in said
        assert "samesite=strict" in said
        assert stranger.get("/").status_code == 200
        assert stranger.get("/api/v1/status").status_code == 200


def test_words_of_a_file_are_in_order() -> None:
    for path in WORDS.rglob("*.json"):
        keys = list(json.loads(path.read_bytes()))
        assert all(isinstance(key, str) for key in keys), path


def test_json_in_a_page_ends_no_block() -> None:
    text = in_html({"a": "</script><!--\u2028&"})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"a": "</script><!--\u2028&"}
    assert filled("a{{b}}c{{d}}", {"b": "{{d}}", "d": "1"}) == "a{{d}}c1"
