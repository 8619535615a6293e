"""Workers on a Ray cluster: an actor for each GPU, and for each machine without one.

Ray is joined where it runs, and never started: whoever reaches a port of Ray may run any program. It is told nothing
of keys, and asks for a token if it was started as is usual.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from sdplay.core.errors import BadRequest
from sdplay.core.machine import Machine
from sdplay.executors.arithmetic import arithmetic_variables
from sdplay.executors.cluster.crew import Drawn, Failed, Joined, Left, Lost, Returned, Tell, Unit
from sdplay.executors.cluster.files import NamedFile, Place, at, parts_of, places_of
from sdplay.executors.cluster.renderer import MOST_TASKS, Renderer
from sdplay.executors.cluster.schedule import AHEAD
from sdplay.executors.line import LineBroken
from sdplay.executors.processes import inline
from sdplay.requests.base import Request
from sdplay.tasks import DrawTask, Executor, Task

AUTO = "auto"
CONTROL, DRAWING = "control", "drawing"  # what an actor hears while it draws; what it draws
ANSWERS_IN = 60.0  # seconds
REACHED_IN = 10.0  # seconds
MOST_DEATHS = 3  # of actors of a slot in a row, before any of them answered
PREPARING = 8  # workers that are sent files at a time
START = "on each machine: `ray start`, as the help of `sdplay cluster check` says"


@dataclass(slots=True, eq=False)
class Slot:
    """Room for one worker on a node of the cluster, and its actor once there is one."""

    name: str
    node: str
    resources: Mapping[str, float]
    actor: Any = None
    is_here: bool = False
    asked: bool = False  # whether an answer to how it is is awaited
    deaths: int = 0  # of its actors, since one answered
    prepared: dict[str, Future[None]] = field(default_factory=dict[str, "Future[None]"])


@dataclass(frozen=True, slots=True)
class Base:
    """A task without its indices, as it is sent once: under what key, from which recipe, and the files it names."""

    key: str
    task: Task
    packed: bytes
    places: tuple[Place, ...]
    folder: Path


class RayCrew:
    """The workers of the cluster at `address`; at most `most` of them.

    A machine without a GPU gets one worker that uses all its cores, or as many as fit if OMP_NUM_THREADS says how many
    threads each has. `inside` makes what each draws with; `note` is told of those that cannot. Raises `BadRequest` if
    no cluster is there, or Ray is not installed.
    """

    def __init__(
        self,
        address: str = AUTO,
        *,
        most: int | None = None,
        inside: Callable[[], Executor] = inline,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._ray = connected(address)
        self._most, self._inside, self._note = most, inside, note
        self._variables = arithmetic_variables(os.environ)
        self._slots: dict[str, Slot] = {}
        self._bases: dict[tuple[int, str], Base] = {}
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(PREPARING, thread_name_prefix="sending files")
        self._tell: Tell = lambda _: None
        self._actor = self._ray.remote(concurrency_groups={CONTROL: 2, DRAWING: AHEAD})(Renderer)

    def start(self, tell: Tell) -> None:
        self._tell = tell

    def look(self) -> None:
        """Give new nodes their workers, ask those that were lost how they are, and let go of those on dead nodes."""
        wanted = {slot.name: slot for slot in self._wanted()}
        for name, slot in list(self._slots.items()):
            if name not in wanted:
                self._gone(slot)
        for name, slot in wanted.items():
            if name not in self._slots and (self._most is None or len(self._slots) < self._most):
                self._slots[name] = slot
        for slot in list(self._slots.values()):
            if not slot.is_here and not slot.asked and slot.deaths < MOST_DEATHS:
                self._ask_facts(slot)

    def _wanted(self) -> Iterator[Slot]:
        nodes = [node for node in self._ray.nodes() if node["Alive"]]
        hosts = [node["NodeManagerAddress"] for node in nodes]
        for node, host in zip(nodes, hosts, strict=True):
            name = host if hosts.count(host) == 1 else f"{host}/{node['NodeID'][:6]}"
            places = slots_of(node["Resources"], self._variables)
            for number, resources in enumerate(places):
                own = f"{name}.{number}" if len(places) > 1 else name
                yield Slot(name=own, node=node["NodeID"], resources=resources)

    def _ask_facts(self, slot: Slot) -> None:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        if slot.actor is None:
            where = NodeAffinitySchedulingStrategy(slot.node, soft=False)
            options = {"max_restarts": 0, "max_task_retries": 0, "scheduling_strategy": where, **slot.resources}
            slot.actor = self._actor.options(**options).remote(self._variables, self._inside)
        slot.asked = True

        def answered(future: Future[Any]) -> None:
            slot.asked = False
            error = future.exception()
            if error is None:
                slot.is_here, slot.deaths = True, 0
                self._tell(Joined(slot.name, future.result()))
            elif is_dead(error):
                slot.deaths += 1
                if slot.deaths == MOST_DEATHS:
                    said = next((line for line in reversed(str(error).splitlines()) if line.strip()), "no reason given")
                    self._note(f"{slot.name} does not draw: {said.strip()[:160]}")
                self._let_go(slot)

        self._call(slot, "facts").add_done_callback(answered)

    def _call(self, slot: Slot, method: str, *arguments: Any) -> Future[Any]:
        """What a worker answers; errors of Ray are in the future, whenever they come."""
        try:
            group = DRAWING if method == "draw" else CONTROL
            return getattr(slot.actor, method).options(concurrency_group=group).remote(*arguments).future()
        except Exception as error:  # the actor is known to be dead
            failed: Future[Any] = Future()
            failed.set_exception(error)
            return failed

    def _let_go(self, slot: Slot) -> None:
        """The actor is dead; the next look starts another one, while the node lives."""
        slot.actor, slot.is_here = None, False
        slot.prepared.clear()
        self._tell(Left(slot.name))

    def _gone(self, slot: Slot) -> None:
        if slot.actor is not None:
            with suppress(Exception):
                self._ray.kill(slot.actor)
        self._slots.pop(slot.name, None)
        self._let_go(slot)

    def send(self, worker: str, unit: Unit) -> None:
        slot = self._slots.get(worker)
        if slot is None or slot.actor is None:
            self._tell(Lost(worker, unit.number))
            return
        self._prepared(slot, unit).add_done_callback(lambda prepared: self._draw(slot, unit, prepared))

    def _draw(self, slot: Slot, unit: Unit, prepared: Future[None]) -> None:
        def answered(future: Future[Drawn | Exception]) -> None:
            error = future.exception()
            if error is not None:
                self._lost(slot, unit, error)
                return
            drawn = future.result()
            if isinstance(drawn, Drawn):
                self._tell(Returned(slot.name, unit.number, drawn))
            else:
                self._tell(Failed(slot.name, unit.number, drawn))

        error = prepared.exception()
        if error is None:
            key = self._base(unit).key
            self._call(slot, "draw", unit.number, key, unit.indices, dict(unit.given)).add_done_callback(answered)
        elif isinstance(error, OSError) and not is_of_ray(error):  # a file that is gone here: no worker can have it
            self._tell(Failed(slot.name, unit.number, gone(error)))
        else:
            self._lost(slot, unit, error)

    def _lost(self, slot: Slot, unit: Unit, error: BaseException) -> None:
        slot.is_here = False
        self._tell(Lost(slot.name, unit.number))
        if is_dead(error) and slot.actor is not None:
            self._let_go(slot)

    def _prepared(self, slot: Slot, unit: Unit) -> Future[None]:
        """When the worker knows the task of `unit` and has its files."""
        base = self._base(unit)
        with self._lock:
            known = slot.prepared.get(base.key)
            if known is not None and not (known.done() and known.exception() is not None):
                return known
            slot.prepared.pop(base.key, None)
            while len(slot.prepared) >= MOST_TASKS:
                del slot.prepared[next(iter(slot.prepared))]
            future = slot.prepared[base.key] = self._pool.submit(self._prepare, slot, base)
        return future

    def _prepare(self, slot: Slot, base: Base) -> None:
        lacking = self._call(slot, "lacking", base.places, base.folder).result(ANSWERS_IN * 10)
        for place, file in lacking:
            self._send_file(slot, place, file, base.folder)
        self._call(slot, "begin", base.key, base.packed).result(ANSWERS_IN)

    def _send_file(self, slot: Slot, place: Place, file: NamedFile, folder: Path) -> None:
        path = at(folder / place.path, file)
        for number, part in enumerate(parts_of(path)):
            self._call(slot, "receive", place, file, number, self._ray.put(part)).result(ANSWERS_IN)
        self._call(slot, "keep", place, file).result(ANSWERS_IN)

    def _base(self, unit: Unit) -> Base:
        """The task of `unit` as it is sent, made once for all that have the same recipe."""
        task = unit.job.task
        key = (id(task.recipe), task.device) if isinstance(task, DrawTask) else (id(task), "")
        with self._lock:
            base = self._bases.get(key)
        if base is None:  # the task is held, so that no other gets its number
            whole = replace(task, indices=(), given={}) if isinstance(task, DrawTask) else task
            packed = pickle.dumps(whole)
            name = hashlib.sha256(packed).hexdigest()
            try:
                places = places_of(task, unit.folder)
            except OSError as error:
                raise gone(error) from error
            base = Base(name, task, packed, places, unit.folder)
            with self._lock:
                self._bases[key] = base
                while len(self._bases) > MOST_TASKS:
                    del self._bases[next(iter(self._bases))]
        return base

    def stop(self, worker: str, number: int) -> None:
        slot = self._slots.get(worker)
        if slot is not None and slot.actor is not None:
            self._call(slot, "stop", number)

    def ask(self, worker: str, request: Request) -> Machine:
        slot = self._slots.get(worker)
        if slot is None or slot.actor is None:
            raise LineBroken
        try:
            answer = self._call(slot, "machine", request).result(ANSWERS_IN)
        except Exception as error:
            raise LineBroken from error
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        """Let go of the workers; the cluster stays."""
        self._pool.shutdown(cancel_futures=True)
        for slot in self._slots.values():
            if slot.actor is not None:
                with suppress(Exception):
                    self._ray.kill(slot.actor)
        self._slots = {}
        self._ray.shutdown()


def connected(address: str) -> Any:
    """Ray, as a member of the cluster at `address`."""
    try:
        ray: Any = import_module("ray")
    except ImportError as error:
        hint = 'pip install "sdplay[ray]"'
        raise BadRequest("Ray is not installed", field="executor", value="ray", hint=hint) from error
    check_reached(address)
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "error", "configure_logging": False}
    try:
        ray.init(address=address, namespace="sdplay", ignore_reinit_error=True, **quiet)
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        said = " ".join(str(error).split())[:120]
        raise BadRequest(f"no cluster is joined there: {said}", field="address", value=address, hint=START) from error
    return ray


def check_reached(address: str) -> None:
    """Raise `BadRequest` unless something listens at a stated `address`; Ray itself goes on trying for minutes."""
    stated = os.environ.get("RAY_ADDRESS", AUTO) if address == AUTO else address
    host, found, port = stated.removeprefix("ray://").rpartition(":")
    if not (found and port.isdecimal()):
        return  # "auto", or a form that Ray knows better
    try:
        socket.create_connection((host.strip("[]"), int(port)), REACHED_IN).close()
    except (OSError, OverflowError) as error:
        said = f"nothing answers there: {getattr(error, 'strerror', None) or error}"
        raise BadRequest(said, field="address", value=stated, hint=START) from error


def slots_of(resources: Mapping[str, float], variables: Mapping[str, str]) -> list[dict[str, float]]:
    """What each worker on a node with these resources takes of it."""
    gpus, cores = int(resources.get("GPU", 0)), int(resources.get("CPU", 0))
    if gpus:
        return [{"num_gpus": 1, "num_cpus": 0}] * gpus
    asked = variables.get("OMP_NUM_THREADS", "")
    threads = min(int(asked), cores) if asked.isdecimal() and int(asked) else cores
    return [{"num_cpus": threads}] * (cores // threads) if threads else []


def is_dead(error: BaseException) -> bool:
    """Whether an actor will not come back, as far as Ray knows."""
    from ray.exceptions import ActorDiedError, ActorUnavailableError

    return isinstance(error, ActorDiedError) and not isinstance(error, ActorUnavailableError)


def is_of_ray(error: BaseException) -> bool:
    from ray.exceptions import RayError

    return isinstance(error, RayError | TimeoutError)


def gone(error: OSError) -> BadRequest:
    return BadRequest(f"cannot be read: {error.strerror or error}", field="file", value=str(error.filename))
