"""Train the text encoder and the denoising network together: v-prediction on the pool of composed pictures.

The learning rate stays the same after a short warm-up, so that training can go on for as long as there is time, session
after session. A model to ship is made at any time from a copy, whose rate falls to nothing: `--anneal MINUTES`.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import torch

from training.latents import frozen
from training.networks import Sizes
from training.paint import Painted
from training.partners import Partners, meet
from training.pictures import OFTEN, load
from training.pool import Pool
from training.trainer import DenoiserSettings, Trainer, sizes_of

SAVED_EVERY = 420.0
WARM_UP = 30


def rate(lr: float, step: int, falling: float | None = None) -> float:
    """The learning rate: warm-up, then the same for ever; in an anneal it falls in a line, `falling` going 0 to 1."""
    return lr * min(1.0, (step + 1) / WARM_UP) * (1.0 if falling is None else max(0.01, 1 - falling))


def new_trainer(
    work: Path,
    settings: DenoiserSettings,
    device: str = "cpu",
    *,
    painted: bool = False,
    partners: Partners | None = None,
) -> Trainer:
    chooser, painter, _ = load(work, often=settings.often)
    codec, before = frozen(work / "vae").to(device), Painted(work) if painted else None
    sizes = replace(settings.sizes, latent_channels=codec.config["latent_channels"])
    pool = Pool(chooser, painter, codec, settings.capacity, seed=partners.rank if partners else 0, painted=before)
    return Trainer(work, replace(settings, sizes=sizes), pool, partners)


def train(trainer: Trainer, work: Path, name: str, seconds: float, *, anneal: bool = False) -> None:
    """Train for `seconds` of wall time from now; SIGTERM saves and stops."""
    started, before, first, partners = time.monotonic(), trainer.spent, trainer.step, trainer.partners
    signals: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: signals.append(number))
    while len(trainer.pool) < min(trainer.settings.first, trainer.settings.capacity) and not signals:
        trainer.pool.make(16 if trainer.pool.painted is None else 256)
    saved = time.monotonic()
    while True:
        now, stopped = partners.agree(time.monotonic() - started, len(signals))
        if now >= seconds or stopped:
            break
        trainer.train_step(rate(trainer.settings.lr, trainer.step, now / seconds if anneal else None))
        if partners.first and trainer.step == first + 1 and (unreached := trainer.unreached()):
            few = ", ".join(unreached[:3])
            print(f"no gradient reaches {len(unreached)} of {len(trainer.parameters)} weights: {few}", flush=True)
        trainer.spent = before + time.monotonic() - started
        if trainer.step % trainer.settings.told_every == 0 and partners.first:
            print(
                f"{name} step {trainer.step}, {trainer.seen} samples, {trainer.spent:.0f}s, pool {len(trainer.pool)}, "
                f"v-loss {trainer.loss:.4f}",
                flush=True,
            )
        if time.monotonic() - saved > SAVED_EVERY and partners.first:
            trainer.keep(work, name)
            saved = time.monotonic()
    if partners.first:
        trainer.keep(work, name)
    partners.leave()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    parser.add_argument("--name", default="denoiser", help="of the checkpoint in the work folder")
    parser.add_argument("--minutes", type=float, default=120, help="of wall time, from now on")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1, help="that share each batch; as many as cores are free")
    parser.add_argument("--rank", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--batch", type=int, default=DenoiserSettings().batch)
    parser.add_argument("--lr", type=float, default=DenoiserSettings().lr)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--painted", action="store_true", help="take the pictures that training.paint left")
    parser.add_argument("--channels", type=int, nargs=3, default=Sizes().channels, help="of new networks")
    parser.add_argument("--layers", type=int, default=Sizes().layers, help="of each block of new networks")
    parser.add_argument("--first", type=int, default=DenoiserSettings().first, help="pictures to begin with")
    parser.add_argument("--capacity", type=int, default=DenoiserSettings().capacity, help="of the pool of pictures")
    parser.add_argument("--made-a-step", type=int, default=DenoiserSettings().made_a_step)
    parser.add_argument(
        "--often", type=float, default=OFTEN, help="how often the best known things come; more where time is short"
    )
    parser.add_argument("--new-pool", action="store_true", help="forget the pictures that a checkpoint holds")
    parser.add_argument("--begin", type=Path, help="an exported model to begin with, where there is no checkpoint yet")
    parser.add_argument("--anneal", type=float, metavar="MINUTES", help="let the rate fall to nothing, on a copy")
    asked = parser.parse_args()
    torch.set_num_threads(asked.threads)
    work, name = asked.work, asked.name
    if asked.batch % asked.processes:
        parser.error(f"--batch {asked.batch} can't be shared by {asked.processes} processes: take a multiple")
    sizes = Sizes(channels=tuple(asked.channels), layers=asked.layers)
    settings = DenoiserSettings(
        sizes=sizes_of(work / f"{name}.pt") if (work / f"{name}.pt").exists() else sizes,
        threads=asked.threads,
        batch=asked.batch,
        lr=asked.lr,
        first=asked.first,
        capacity=asked.capacity,
        made_a_step=asked.made_a_step,
        often=asked.often,
    )
    if asked.anneal is not None:
        if asked.rank == 0:
            shutil.copyfile(work / f"{name}.pt", work / f"{name}-annealed.pt")
        name = f"{name}-annealed"
    partners = meet("training.denoiser", sys.argv[1:], asked.processes, asked.rank, work / f"{name}.meeting")
    trainer = new_trainer(work, settings, asked.device, painted=asked.painted, partners=partners)
    if (work / f"{name}.pt").exists():
        trainer.load(work / f"{name}.pt", pool=not asked.new_pool)
    elif asked.begin is not None:
        print("new:", ", ".join(trainer.begin(asked.begin)))
    if partners.first:
        print(asdict(settings), f"{sum(p.numel() for p in trainer.parameters) / 1e6:.1f} M weights", flush=True)
    minutes = asked.minutes if asked.anneal is None else asked.anneal
    train(trainer, work, name, minutes * 60, anneal=asked.anneal is not None)


if __name__ == "__main__":
    main()
