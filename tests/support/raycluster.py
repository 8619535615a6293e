"""Three nodes of a Ray cluster on this machine, a core each, behind a token; and how to kill what is on them."""

from __future__ import annotations

import contextlib
import logging
import os
import secrets
import signal
from collections.abc import Iterator
from typing import Any

import psutil

STORE = 80_000_000  # bytes, the least there is
QUIET = {"RAY_BACKEND_LOG_LEVEL": "fatal", "RAY_AUTH_MODE": "token", "RAY_worker_niceness": "0"}


@contextlib.contextmanager
def a_cluster(nodes: int = 3) -> Iterator[Any]:
    """Such a cluster; its `address` is where it is."""
    os.environ.update(QUIET, RAY_AUTH_TOKEN=secrets.token_hex(32))
    from ray.cluster_utils import Cluster

    logging.getLogger("ray").setLevel(logging.ERROR)
    settings = {"num_cpus": 1, "object_store_memory": STORE}
    cluster = Cluster(initialize_head=True, head_node_args={**settings, "include_dashboard": False})
    try:
        for _ in range(nodes - 1):
            cluster.add_node(wait=False, **settings)
        cluster.wait_for_nodes()
        yield cluster
    finally:
        cluster.shutdown()


def kill_an_actor() -> None:
    """End the process of a worker, as the system does where memory runs out."""
    os.kill(next(actors()), signal.SIGKILL)


def actors() -> Iterator[int]:
    """The processes of workers."""
    for process in psutil.process_iter(["cmdline"]):
        if " ".join(process.info["cmdline"] or []).startswith("ray::Renderer"):
            yield process.pid
