"""The model card says what was measured, and what the model is by its own files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from PIL import Image

from training.card import card, save_sheets

MEASURED: dict[str, Any] = {
    "date": "2026-11-30",
    "hardware": "a test",
    "steps": 20,
    "guidance_scale": 3.0,
    "judge": {"clean": {"concept": 0.97}},
    "codec_psnr": 29.25,
    "sharpness": 0.84,
    "concepts": {"prompts": 9, "concept": 0.971, "style": 0.95, "background": 0.99},
    "concepts, prompts shuffled": {"concept": 0.01},
    "colours": {"prompts": 2, "colour": 0.9},
    "mistakes": [("a cat, cartoon", "lion", 0.1)],
    "guidance": {"3.0": {"concept": 0.98, "belief": 0.8}},
    "samplers": {"euler": 1.0},
    "redness, negative prompt red": {"without": 0.4, "with": 0.1},
    "difference between seeds": {"mean": 26.04},
}
DRAFTS = {"four steps": {"concept": 0.962, "style": 0.94, "concept, whole": 0.98, "style, whole": 0.95}}
COMPOSED: dict[str, Any] = {
    "pair": {"both things": 0.81},
    "pair, source art": {"both things": 0.93},
    "scene": {"time": 0.88},
    "scene, source art": {"time": 0.99},
}


def folder(path: Path) -> Path:
    (path / "vae").mkdir(parents=True)
    (path / "vae" / "config.json").write_text(json.dumps({"sample_size": 256}))
    (path / "things.json").write_text(json.dumps({"things": [{}] * 1230}))
    return path


def test_it_says_what_was_measured_beside_the_aims(tmp_path: Path) -> None:
    said = card(MEASURED | COMPOSED | DRAFTS, folder(tmp_path), "Trained for a test.")
    assert "256 × 256 px." in said
    assert "1230 things as" in said
    assert "| concept | 97.1% | 97% |  |" in said
    assert "| pair: both things | 81.0% | 80% | 93.0% |" in said
    assert "| codec, held-out art | 29.2 dB | 29 dB |  |" in said
    assert "| concept in four steps | 96.2% | 98.0% in 20 less 3 |  |" in said
    assert "1 of 11 pictures" in said
    assert "“a cat, cartoon” looked like: lion" in said
    assert "Trained for a test." in said
    assert "no scenes" not in said


def test_a_model_of_single_things_is_said_to_be_one(tmp_path: Path) -> None:
    said = card(MEASURED, folder(tmp_path), "")
    assert "no scenes, no two things at once" in said
    assert "pair" not in said


def test_sheets_that_are_not_there_any_more_are_not_shown(tmp_path: Path) -> None:
    model = folder(tmp_path / "model")
    (model / "scenes.webp").write_bytes(b"of an earlier evaluation")
    Image.new("RGB", (8, 8), "red").save(tmp_path / "evaluation-pair.png")
    save_sheets(tmp_path, model)
    said = card(MEASURED, model, "")
    assert "(pairs.webp)" in said
    assert "(scenes.webp)" not in said
