"""Two hosts on one machine: network namespaces joined by a cable that can fail. Run as root, by hand:

    python -m tests.executors.cluster.two_hosts

Ray runs in both, a film is drawn on them while the cable is out for ten seconds, and once with 50 ms of delay and 1 %
of the second host's packets lost; it cannot see the model's folder, so that it is sent. Each film must be that of one
process. The cable is this process, between two TAP devices: not every kernel has netem. Prints what it found, and ends
with 0 if all was well.
"""

from __future__ import annotations

import fcntl
import os
import queue
import random
import secrets
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sdplay.library.card import MODELS
from tests.support.raycluster import QUIET

ONE, TWO, HEAD = "sdplay-one", "sdplay-two", "10.77.0.1"
RAY = str(Path(sys.executable).with_name("ray"))
STORE = "--object-store-memory=80000000"
FILM = [
    "dream",
    "a red apple",
    "a green apple",
    *["--num", "16", "--steps", "3", "--seed", "4", "--batch-size", "1", "-q"],
]
TAP, WHOLE_FRAMES = 0x0002 | 0x1000, 0x400454CA  # linux/if_tun.h: IFF_TAP | IFF_NO_PI, TUNSETIFF


@dataclass(slots=True)
class Cable:
    """What happens to frames on their way from the second host; both ways if it is out."""

    delay: float = 0.0  # seconds
    loss: float = 0.0
    out: bool = False
    carried: int = 0
    lost: int = 0

    def lay(self) -> None:
        """Make the devices `one` and `two`, and carry what each sends to the other, until the process ends."""
        one, two = tap("one"), tap("two")
        for source, target in ((one, two), (two, one)):
            line: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()
            threading.Thread(target=self.take, args=(source, line, source == two), daemon=True).start()
            threading.Thread(target=self.give, args=(target, line), daemon=True).start()

    def take(self, source: int, line: queue.SimpleQueue[tuple[float, bytes]], bad: bool) -> None:
        chance = random.Random(5)
        while True:
            frame = os.read(source, 65536)
            if self.out or (bad and chance.random() < self.loss):
                self.lost += 1
                continue
            line.put((time.monotonic() + (self.delay if bad else 0.0), frame))

    def give(self, target: int, line: queue.SimpleQueue[tuple[float, bytes]]) -> None:
        while True:
            due, frame = line.get()
            time.sleep(max(0.0, due - time.monotonic()))
            with suppress(OSError):  # what comes before the other end is up, or when it is gone
                os.write(target, frame)
                self.carried += 1


def tap(name: str) -> int:
    """A network device whose frames this process reads and writes."""
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, WHOLE_FRAMES, struct.pack("16sH", name.encode(), TAP))
    return device


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


@contextmanager
def two_hosts() -> Iterator[Cable]:
    """The cable between the namespaces, each of which has an address; what runs in them is ended."""
    cable = Cable()
    with ExitStack() as stack:
        for name in (ONE, TWO):
            ip("netns", "add", name)
            stack.callback(ip, "netns", "del", name)
        cable.lay()
        for number, (name, link) in enumerate(((ONE, "one"), (TWO, "two")), 1):
            ip("link", "set", link, "netns", name)
            ip("-n", name, "addr", "add", f"10.77.0.{number}/24", "dev", link)
            ip("-n", name, "link", "set", link, "up")
            ip("-n", name, "link", "set", "lo", "up")
        try:
            yield cable
        finally:
            for name in (ONE, TWO):
                found = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=True)
                for pid in found.stdout.split():
                    os.kill(int(pid), 9)


def on(host: str, *command: str, hide: Path | None = None) -> list[str]:
    """`command` on a host, with an empty folder in the place of `hide`."""
    hidden = f"mount -t tmpfs none {hide} && " if hide is not None else ""
    folder = f"mkdir -p /tmp/ray-{host} && "
    script = f'{hidden}{folder}exec "$0" "$@"'
    return ["ip", "netns", "exec", host, "unshare", "-m", "sh", "-c", script, *command]


def shot(out: Path, model: Path, then: Callable[[], None]) -> float:
    """Draw the film on both hosts; once something is drawn `then` is done. The seconds it took."""
    command = [sys.executable, "-m", "sdplay", *FILM, "--model", str(model), "--out", str(out), "--no-serve"]
    started = time.monotonic()
    process = subprocess.Popen(on(ONE, *command, "--executor", "ray", "--address", f"{HEAD}:6379"))
    journal = out / "journal.jsonl"
    while process.poll() is None and not (journal.exists() and journal.read_bytes().count(b"\n") >= 2):
        time.sleep(0.05)
    threading.Thread(target=then).start()
    assert process.wait() == 0
    return time.monotonic() - started


def frames(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((out / "frames").iterdir())}


def out_for_a_while(cable: Cable) -> None:
    cable.out = True
    time.sleep(10)
    cable.out = False


def worn(cable: Cable) -> None:
    cable.delay, cable.loss = 0.05, 0.01


def main() -> int:
    os.environ.update(OMP_NUM_THREADS="1", **QUIET, RAY_AUTH_TOKEN=secrets.token_hex(32))
    with tempfile.TemporaryDirectory() as name, two_hosts() as cable:
        folder = Path(name)
        model = folder / "model"
        shutil.copytree(MODELS / "builtin", model)
        command = [sys.executable, "-m", "sdplay", *FILM, "--model", str(model), "--out", str(folder / "alone")]
        subprocess.run([*command, "--no-serve"], check=True)
        start = [RAY, "start", "--num-cpus=1", STORE, "--disable-usage-stats"]
        head = ["--head", f"--node-ip-address={HEAD}", "--port=6379", "--include-dashboard=false"]
        subprocess.run(on(ONE, *start, *head), check=True, stdout=subprocess.DEVNULL)
        other = [f"--address={HEAD}:6379", "--node-ip-address=10.77.0.2", f"--temp-dir=/tmp/ray-{TWO}"]
        os.environ["SDPLAY_HOME"] = str(folder / "home of two")
        subprocess.run(on(TWO, *start, *other, hide=model), check=True, stdout=subprocess.DEVNULL)
        well = True
        for called, then in (
            ("quiet", lambda _: None),
            ("link down for 10 s", out_for_a_while),
            ("50 ms, 1 % lost", worn),
        ):
            cable.carried = cable.lost = 0
            out = folder / called.replace(" ", "-").replace(",", "").replace("%", "percent")
            seconds = shot(out, model, partial(then, cable))
            same = frames(out) == frames(folder / "alone")
            well = well and same
            what = "the same film" if same else "ANOTHER FILM"
            print(f"{called}: {seconds:.1f} s, {what}; {cable.carried} frames carried, {cable.lost} lost", flush=True)
        sent = list((folder / "home of two").rglob("*.safetensors"))
        print(f"{len(sent)} files of weights were sent to the second host")
    return 0 if well and sent else 1


if __name__ == "__main__":
    sys.exit(main())
