"""Put a new model in the box. The one that is there keeps its weights and add-ons, under names that say its size.

Pictures that were drawn with it are made again with it, since it is found by its digest (`Resolver.same_model`); new
ones are drawn with the new model. Where the add-ons of the new model begin, those of the old one are named.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import tomllib
from pathlib import Path

from training.export import BUILTIN

NAME = "builtin"
PARTS = ("unet", "text_encoder", "vae", "tokenizer", "scheduler")
FILES = ("model_index.json", "taesd_decoder.safetensors", "things.json")  # the last two where the new model has them
TITLE = "the model that came with earlier releases"
LARGEST_MB = 80.0  # of all models and add-ons


def with_values(card: str, values: dict[str, str | int]) -> str:
    """The text of a card with these values, those that it lacks at its end."""
    for key, value in values.items():
        line = f"{key} = {json.dumps(value)}"
        card, count = re.subn(rf"(?m)^{key} = .*$", lambda _, line=line: line, card)
        card = card if count else f"{card.rstrip()}\n{line}\n"
    return card


def retire(models: Path) -> str:
    """Keep the built-in model in the folder `models` beside what is to come, with its card and add-ons.

    Returns its new name; raises `FileExistsError` where one of this size was kept already.
    """
    card = (models / "cards" / f"{NAME}.toml").read_text(encoding="utf-8")
    fields = tomllib.loads(card)
    suffix = f"-{fields['size']}"
    name = NAME + suffix
    shutil.copytree(models / NAME, models / name)
    title = f"{fields['title'].partition(':')[0]}, {fields['size']} px: {TITLE}"
    own = {"name": name, "title": title, "folder": name}
    if fields.get("controlnet"):
        own["controlnet"] = fields["controlnet"] + suffix
        networks = models / "addons" / "controlnet"
        shutil.copytree(networks / fields["controlnet"], networks / own["controlnet"])
    if fields.get("few_steps"):
        own["few_steps"] = fields["few_steps"] + suffix
    (models / "cards" / f"{name}.toml").write_text(with_values(card, own), encoding="utf-8")
    for lora in sorted((models / "addons" / "loras").glob("*.safetensors")):
        if not re.search(r"-\d+$", lora.stem):  # of a model before it
            shutil.copyfile(lora, lora.with_stem(lora.stem + suffix))
    return name


def place(model: Path, models: Path) -> None:
    """Put the diffusers folder `model` in the place of the built-in one, and its sizes on the card."""
    for part in PARTS:
        shutil.rmtree(models / NAME / part)
        shutil.copytree(model / part, models / NAME / part, copy_function=shutil.copyfile)
    for file in FILES:
        if (model / file).exists():
            shutil.copyfile(model / file, models / NAME / file)
    factor = 2 ** (len(json.loads((model / "vae" / "config.json").read_text())["block_out_channels"]) - 1)
    size = factor * json.loads((model / "unet" / "config.json").read_text())["sample_size"]
    path = models / "cards" / f"{NAME}.toml"
    card = with_values(path.read_text(encoding="utf-8"), {"size": size, "largest": size, "factor": factor})
    path.write_text(card, encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True, help="the folder that training.export wrote")
    parser.add_argument("--replace", action="store_true", help="keep nothing: the one that is there was never released")
    asked = parser.parse_args()
    models = BUILTIN.parent
    if not asked.replace:
        print(f"the model that was here is {retire(models)} now")
    place(asked.model, models)
    megabytes = sum(path.stat().st_size for path in models.rglob("*") if path.is_file()) / 1e6
    if megabytes > LARGEST_MB:
        raise SystemExit(f"{models} holds {megabytes:.1f} MB, more than {LARGEST_MB} MB")
    print(f"{asked.model} is the built-in model now; {megabytes:.1f} MB of models and add-ons in all")


if __name__ == "__main__":
    main()
