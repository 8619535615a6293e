"""Two hosts on one machine: network namespaces joined by a link that can fail. Run as root, by hand:

    python -m tests.executors.cluster.two_hosts

Ray runs in both, a film is drawn on them while the link is down for ten seconds, and once with 50 ms of delay and 1 %
of all packets lost; the second host cannot see the model's folder, so that it is sent. Each film must be that of one
process. Prints what it found, and ends with 0 if all was well.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sdplay.library.card import MODELS

ONE, TWO, HEAD = "sdplay-one", "sdplay-two", "10.77.0.1"
RAY = str(Path(sys.executable).with_name("ray"))
STORE = "--object-store-memory=80000000"
SETTINGS = "--num 16 --steps 3 --seed 4 --batch-size 1 -q"
FILM = [
    "dream",
    "a red apple",
    "a green apple",
    *["--num", "16", "--steps", "3", "--seed", "4", "--batch-size", "1", "-q"],
]
NETEM = "tc qdisc add dev two root netem delay 50ms loss 1%"


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True)


@contextmanager
def two_hosts() -> Iterator[None]:
    """The namespaces, each with an address; what runs in them is ended."""
    with ExitStack() as stack:
        for name in (ONE, TWO):
            ip("netns", "add", name)
            stack.callback(ip, "netns", "del", name)
        ip("link", "add", "one", "netns", ONE, "type", "veth", "peer", "name", "two", "netns", TWO)
        for number, (name, link) in enumerate(((ONE, "one"), (TWO, "two")), 1):
            ip("-n", name, "addr", "add", f"10.77.0.{number}/24", "dev", link)
            ip("-n", name, "link", "set", link, "up")
            ip("-n", name, "link", "set", "lo", "up")
        try:
            yield
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


def link_down() -> None:
    ip("-n", TWO, "link", "set", "two", "down")
    time.sleep(10)
    ip("-n", TWO, "link", "set", "two", "up")


def bad_line() -> None:
    subprocess.run(["ip", "netns", "exec", TWO, *NETEM.split()], check=True)


def main() -> int:
    os.environ.update(OMP_NUM_THREADS="1", RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=secrets.token_hex(32))
    with tempfile.TemporaryDirectory() as name, two_hosts():
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
        for called, then in (("quiet", lambda: None), ("link down for 10 s", link_down), ("50 ms, 1 % lost", bad_line)):
            out = folder / called.replace(" ", "-").replace(",", "").replace("%", "percent")
            seconds = shot(out, model, then)
            same = frames(out) == frames(folder / "alone")
            well = well and same
            print(f"{called}: {seconds:.1f} s, {'the same film' if same else 'ANOTHER FILM'}", flush=True)
        sent = list((folder / "home of two").rglob("*.safetensors"))
        print(f"{len(sent)} files of weights were sent to the second host")
    return 0 if well and sent else 1


if __name__ == "__main__":
    sys.exit(main())
