"""The addresses of the page: itself, its script, its styles, and the door for browsers that need a token."""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from sdplay.server.page.bundle import JS, STATIC, Whole, script, styles
from sdplay.server.page.words import languages, preferred, words_of

First = Callable[[], Mapping[str, Any]]
FOREVER, NEVER = "private, max-age=31536000, immutable", "no-cache"
A_DAY = "private, max-age=86400"
PICTURES = STATIC / "pictures"
THEMES = frozenset({"light", "dark"})
LANGUAGE, THEME = "sdplay_language", "sdplay_theme"  # cookies: the page needs both before its script runs
YEAR = 365 * 24 * 3600
LOGGED_IN = '<!doctype html><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/"><a href="/">sdplay</a>'
# A name of this page for each character that could end the block that JSON is in.
ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def install(app: Starlette, first: First, token: str | None, cookie: str) -> None:
    """Add the page to `app`. `first` is what it shows at once, `token` what a browser must know, kept in `cookie`."""

    async def page(request: Request) -> Response:
        return await run_in_threadpool(page_answer, request, first)

    async def login(request: Request) -> Response:
        return login_answer(request, token, cookie)

    app.add_route("/", page)
    app.add_route("/login", login)
    app.add_route("/page/app.js", app_js)
    app.add_route("/page/app.css", app_css)
    app.add_route("/page/pictures/{name}", picture)
    app.add_route("/page/js/{path:path}", raw_module)


def page_answer(request: Request, first: First) -> Response:
    """The page with its words and what it shows at once: nothing more is asked for before people see something."""
    language = preferred(request.cookies.get(LANGUAGE), request.headers.get("accept-language", ""))
    theme = request.cookies.get(THEME)
    words = words_of(language)
    raw = "raw" in request.query_params
    told = {"language": language, "languages": languages(), **first()}
    code = '<script type="module" src="/page/js/main.js"></script>' if raw else script_tag(script())
    text = filled(
        (STATIC / "index.html").read_text(encoding="utf-8"),
        {
            "language": language,
            "theme": f' data-theme="{theme}"' if theme in THEMES else "",
            "styles": f'<link rel="stylesheet" href="/page/app.css?v={styles().version}">',
            "script": code,
            "noscript": escape(words["shell.noscript"]),
            "words": in_html(words),
            "first": in_html(told),
        },
    )
    return HTMLResponse(text, headers={"Cache-Control": "no-store", "Vary": "Accept-Language, Cookie"})


def script_tag(whole: Whole) -> str:
    return f'<script src="/page/app.js?v={whole.version}" defer></script>'


def filled(template: str, values: Mapping[str, str]) -> str:
    """`template` with each `{{name}}` replaced, once: what a value says is never looked into."""
    pieces = template.split("{{")
    return pieces[0] + "".join(values[name] + rest for name, _, rest in (piece.partition("}}") for piece in pieces[1:]))


def in_html(value: Any) -> str:
    """JSON for a block of a page, which no text in it can end."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for character, name in ESCAPES.items():
        text = text.replace(character, name)
    return text


async def app_js(request: Request) -> Response:
    """All modules in one."""
    return sent(await run_in_threadpool(script), "text/javascript", request)


async def app_css(request: Request) -> Response:
    """All styles in one."""
    return sent(await run_in_threadpool(styles), "text/css", request)


def sent(whole: Whole, kind: str, request: Request) -> Response:
    """A file that a browser may keep for as long as it has this name."""
    known = request.query_params.get("v") == whole.version
    return Response(whole.content, media_type=kind, headers={"Cache-Control": FOREVER if known else NEVER})


async def picture(request: Request) -> Response:
    """A picture that the page itself shows."""
    path = PICTURES / request.path_params["name"]
    if path.name not in {each.name for each in PICTURES.iterdir()}:
        return Response(status_code=404)
    return FileResponse(path, media_type="image/webp", headers={"Cache-Control": A_DAY})


async def raw_module(request: Request) -> Response:
    """A module as it is written, for who looks for a mistake: the page at `/?raw` is made of these."""
    path = (JS / request.path_params["path"]).resolve()
    if path.suffix != ".js" or not path.is_relative_to(JS.resolve()) or not path.is_file():
        return Response(status_code=404)
    return FileResponse(path, media_type="text/javascript", headers={"Cache-Control": NEVER})


def login_answer(request: Request, token: str | None, cookie: str) -> Response:
    """Let the browser that knows the token in, and show it the page. The page itself goes on, not a redirection: the
    cookie is not sent with a navigation that began at another site.
    """
    given = request.query_params.get("token", "")
    if token is not None and not hmac.compare_digest(given.encode(), token.encode()):
        return Response("This is not the token.", status_code=401, media_type="text/plain")
    answer = HTMLResponse(LOGGED_IN, headers={"Cache-Control": "no-store"})
    if token is not None:
        answer.set_cookie(cookie, token, max_age=YEAR, path="/", httponly=True, samesite="strict")
    return answer
