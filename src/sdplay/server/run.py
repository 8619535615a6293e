"""Start a service and keep it running until it is told to stop."""

from __future__ import annotations

import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sdplay.core.errors import BadRequest, SdplayError
from sdplay.executors.line import LineBroken
from sdplay.executors.processes import ProcessExecutor, inline
from sdplay.executors.shared import SharedExecutor
from sdplay.library.library import Library, home_of, library_from_env
from sdplay.requests.base import make_request
from sdplay.requests.txt2img import Txt2Img
from sdplay.server.clients import Limits
from sdplay.server.database import DamagedQueue
from sdplay.server.door import Door
from sdplay.server.home import ServiceHome, service_home
from sdplay.server.marks import MarkJournal
from sdplay.server.rebuild import move_aside, rebuild
from sdplay.server.service import Service
from sdplay.tasks import Executor
from sdplay.version import VERSION

HOST, PORT = "127.0.0.1", 7860
PATIENCE = 5.0  # seconds between two looks at whether nothing was drawn for long
log = logging.getLogger("sdplay.server")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """How a service is started. `idle_minutes`: without work for so long, the model is let go of (0: never). The
    gallery shows the pictures in the folders `watched` too. `elsewhere` makes what it draws with on other machines, in
    the place of `workers` processes on this one.
    """

    host: str = HOST
    port: int = PORT
    listen: bool = False
    token: str | None = None
    host_names: Sequence[str] = ()
    workers: int = 1
    devices: Sequence[str] = ()
    idle_minutes: float = 0.0
    watched: Sequence[Path] = ()
    inside: Callable[[], Executor] = inline
    elsewhere: Callable[[], SharedExecutor] | None = None
    limits: Limits = field(default_factory=Limits)


def serve(options: ServeOptions, started: Callable[[str, str | None], None]) -> None:
    """Serve until SIGINT or SIGTERM; `started(url, token)` is called once requests are answered.

    Raises `BadRequest` if another service holds the folder or the port is taken, and `StoreError` for a queue that
    cannot be used.
    """
    home = service_home(home_of(os.environ)).absolute()
    library = library_from_env(os.environ)
    watched = [folder.absolute() for folder in options.watched]
    with ExitStack() as stack:
        stack.enter_context(home.held())
        os.chdir(home.folder)
        listening = stack.enter_context(bound(options.host, options.port))
        executor = drawing(options)
        service = open_service(home, executor, library, options.limits, watched)
        stack.callback(service.stop)
        service.start()
        token = options.token or (secrets.token_urlsafe(24) if options.listen else None)
        url = f"http://{options.host}:{listening.getsockname()[1]}"
        door = Door(home.door, executor, lambda: status_of(service, url), end_this_process)
        stack.callback(door.close)
        door.open()
        stack.callback(home.withdraw)
        facts: dict[str, Any] = {"pid": os.getpid(), "url": url, "token": token, "door": door.facts}
        home.announce(facts)
        if options.idle_minutes:
            watch = threading.Thread(target=let_go_when_idle, args=(service, options.idle_minutes * 60), daemon=True)
            watch.start()

        def begun() -> None:
            home.announce({**facts, "answers": True})
            started(url, token)
            load_models(service)

        from sdplay.server.http.serve import Access, serve_http

        access = Access(
            token=token, listens=options.listen, hosts=frozenset(options.host_names), body=options.limits.body
        )
        serve_http(service, access, listening, begun)


def drawing(options: ServeOptions) -> SharedExecutor:
    """What the service draws with."""
    if options.elsewhere is not None:
        return options.elsewhere()
    workers = max(options.workers, len(options.devices))
    return ProcessExecutor(workers, options.inside, devices=options.devices, attempts=1)


def load_models(service: Service) -> None:
    """Let every process that draws load the built-in model, so that the first picture is drawn at once."""
    for number in range(service.executor.workers):
        threading.Thread(target=load_model, args=(service,), name=f"loading {number}", daemon=True).start()


def load_model(service: Service) -> None:
    with suppress(SdplayError, LineBroken):  # whoever asks for a picture is told
        resolved = service.studio.resolve(make_request(Txt2Img, prompt="-"))
        for _ in service.studio.run(resolved, []):
            pass


def status_of(service: Service, url: str) -> dict[str, Any]:
    """How the service is, for its owner."""
    return {
        "pid": os.getpid(),
        "url": url,
        "version": VERSION,
        "folder": str(service.home.folder),
        "workers": service.executor.workers,
        "here": service.executor.is_here,
        "loaded": service.executor.alive,
        "waiting": service.queue.count("queued"),
        "running": service.queue.count("running"),
        "seconds": round(time.time() - service.started),
    }


def end_this_process() -> None:
    """What Ctrl-C does, from any thread."""
    signal.raise_signal(signal.SIGTERM)


def open_service(
    home: ServiceHome, executor: SharedExecutor, library: Library, limits: Limits, watched: Sequence[Path] = ()
) -> Service:
    """The service of `home`; a damaged queue is moved aside, and its list made anew from the pictures themselves and
    what was noted of their stars and ratings. The same if the queue is gone and they were noted.
    """
    marks = MarkJournal(home.marks).read()
    lost = bool(marks) and not home.database.exists()
    try:
        service = Service(home, executor, library, limits, watched)
        if not lost:
            return service
    except DamagedQueue as error:
        aside = move_aside(home.database)
        log.warning("%s It was moved to %s; jobs that waited are lost, pictures are listed again.", error.reason, aside)
        service = Service(home, executor, library, limits, watched)
    rebuild(service.gallery, home.pictures, marks)
    return service


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens; raises `BadRequest` for a port that is taken."""
    try:
        listening = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=512
        )
        # asyncio lets small packets go at once (TCP_NODELAY) only where a socket says that it is TCP, which this one
        # does not by itself; without that each answer waits 40 ms for an acknowledgement.
        return socket.socket(listening.family, listening.type, socket.IPPROTO_TCP, listening.detach())
    except OSError as error:
        raise BadRequest(
            f"cannot be used: {error.strerror or error}",
            field="port",
            value=port,
            hint="another program uses it; choose one with `port` (0: any that is free)",
        ) from None


def let_go_when_idle(service: Service, seconds: float) -> None:
    while True:
        time.sleep(min(PATIENCE, seconds))
        if service.executor.let_go(seconds):
            log.info("nothing was drawn for %g minutes: the model is let go of", seconds / 60)
