"""Start a service and keep it running until it is told to stop."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from sdplay.core.errors import BadRequest
from sdplay.executors.processes import ProcessExecutor, inline
from sdplay.library.library import Library, home_of, library_from_env
from sdplay.server.clients import Limits
from sdplay.server.database import DamagedQueue
from sdplay.server.home import ServiceHome, service_home
from sdplay.server.rebuild import move_aside, rebuild
from sdplay.server.service import Service
from sdplay.tasks import Executor

HOST, PORT = "127.0.0.1", 7860
PATIENCE = 5.0  # seconds between two looks at whether nothing was drawn for long
log = logging.getLogger("sdplay.server")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """How a service is started. `idle_minutes`: without work for so long, the model is let go of (0: never)."""

    host: str = HOST
    port: int = PORT
    listen: bool = False
    token: str | None = None
    host_names: Sequence[str] = ()
    workers: int = 1
    devices: Sequence[str] = ()
    idle_minutes: float = 0.0
    inside: Callable[[], Executor] = inline
    limits: Limits = field(default_factory=Limits)


def serve(options: ServeOptions, started: Callable[[str, str | None], None]) -> None:
    """Serve until SIGINT or SIGTERM; `started(url, token)` is called once requests are answered.

    Raises `BadRequest` if another service holds the folder or the port is taken, and `StoreError` for a queue that
    cannot be used.
    """
    home = service_home(home_of(os.environ)).absolute()
    library = library_from_env(os.environ)
    with ExitStack() as stack:
        stack.enter_context(home.held())
        os.chdir(home.folder)
        listening = stack.enter_context(bound(options.host, options.port))
        executor = ProcessExecutor(
            max(options.workers, len(options.devices)), options.inside, devices=options.devices, attempts=1
        )
        service = open_service(home, executor, library, options.limits)
        stack.callback(service.stop)
        service.start()
        token = options.token or (secrets.token_urlsafe(24) if options.listen else None)
        url = f"http://{options.host}:{listening.getsockname()[1]}"
        stack.callback(home.withdraw)
        home.announce({"pid": os.getpid(), "url": url, "token": token})
        if options.idle_minutes:
            watch = threading.Thread(target=let_go_when_idle, args=(service, options.idle_minutes * 60), daemon=True)
            watch.start()
        from sdplay.server.http.serve import Access, serve_http

        access = Access(
            token=token, listens=options.listen, hosts=frozenset(options.host_names), body=options.limits.body
        )
        serve_http(service, access, listening, lambda: started(url, token))


def open_service(home: ServiceHome, executor: ProcessExecutor, library: Library, limits: Limits) -> Service:
    """The service of `home`; a damaged queue is moved aside, and its list made anew from the pictures themselves."""
    try:
        return Service(home, executor, library, limits)
    except DamagedQueue as error:
        aside = move_aside(home.database)
        log.warning("%s It was moved to %s; jobs that waited are lost, pictures are listed again.", error.reason, aside)
    service = Service(home, executor, library, limits)
    rebuild(service.gallery, home.pictures)
    return service


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens; raises `BadRequest` for a port that is taken."""
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=512
        )
    except OSError as error:
        raise BadRequest(
            f"cannot be used: {error.strerror or error}",
            field="port",
            value=port,
            hint="another program uses it; choose one with `port` (0: any that is free)",
        ) from None


def let_go_when_idle(service: Service, seconds: float) -> None:
    while True:
        time.sleep(PATIENCE)
        if service.workshop.idle_seconds > seconds and service.executor.alive:
            log.info("nothing was drawn for %.0f minutes: the model is let go of", seconds / 60)
            service.executor.close()


def data_folder() -> Path:
    return service_home(home_of(os.environ)).folder
