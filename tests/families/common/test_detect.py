"""What files are, told from their first bytes and the shapes of their tensors."""

from __future__ import annotations

import json
import pickle
import struct
import zipfile
from pathlib import Path

import pytest

from sdplay.core.errors import ModelBroken
from sdplay.families import ARCHITECTURES, sd, sdxl
from sdplay.families.common.detect import ModelKind, detect_file, detect_folder
from sdplay.files.model_files import read_header
from sdplay.library.resolve import resolve
from tests.support.headers import SD2, SD15, SDXL, UNET, Shape, write_header

TELLING = UNET + "output_blocks.11.1.transformer_blocks.0.norm1.bias"


def nine(shapes: dict[str, Shape]) -> dict[str, Shape]:
    return shapes | {UNET + "input_blocks.0.0.weight": (320, 9, 3, 3)}


@pytest.mark.parametrize(
    ("shapes", "kind", "size"),
    [
        (SD15, ModelKind(architecture=sd.SD15), 512),
        (SD2, ModelKind(architecture=sd.SD2), 512),
        (SDXL, ModelKind(architecture=sdxl.SDXL), 1024),
        (nine(SD15), ModelKind(architecture=sd.SD15, inpainting=True), 512),
        (nine(SD2), ModelKind(architecture=sd.SD2, inpainting=True), 512),
        (nine(SDXL), ModelKind(architecture=sdxl.SDXL, inpainting=True), 1024),
    ],
    ids=["sd15", "sd2", "sdxl", "sd15 inpainting", "sd2 inpainting", "sdxl inpainting"],
)
def test_the_kind_is_in_the_tensors_and_not_in_the_name(
    shapes: dict[str, Shape], kind: ModelKind, size: int, tmp_path: Path
) -> None:
    numbers = {TELLING: [0.0] * 320} if TELLING in shapes else None
    path = write_header(tmp_path / "sdxl-v2-inpainting.safetensors", shapes, numbers=numbers)
    assert detect_file(path, ARCHITECTURES) == kind
    found = resolve(str(path))
    assert (found.card.size, found.card.family, found.identity.family) == (
        size,
        kind.architecture.family,
        kind.architecture.family,
    )
    assert ("inpainting" in found.card.title) == kind.inpainting
    assert found.path == path


@pytest.mark.parametrize(("spread", "prediction"), [(0.05, "epsilon"), (0.2, "v_prediction")])
def test_what_sd2_predicts_shows_in_its_weights(spread: float, prediction: str, tmp_path: Path) -> None:
    numbers = {TELLING: [spread, -spread] * 160}
    path = write_header(tmp_path / "model.safetensors", SD2, numbers=numbers)
    assert detect_file(path, ARCHITECTURES).prediction == prediction
    assert resolve(str(path)).card.size == (768 if prediction == "v_prediction" else 512)


@pytest.mark.parametrize(("said", "prediction"), [("v", "v_prediction"), ("epsilon", "epsilon")])
def test_the_maker_of_a_file_has_the_last_word(said: str, prediction: str, tmp_path: Path) -> None:
    metadata = {"modelspec.prediction_type": said}
    path = write_header(tmp_path / "m.safetensors", SD2, numbers={TELLING: [0.2, -0.2] * 160}, metadata=metadata)
    assert detect_file(path, ARCHITECTURES).prediction == prediction


def test_an_sdxl_model_says_v_with_a_tensor_of_that_name(tmp_path: Path) -> None:
    path = write_header(tmp_path / "m.safetensors", SDXL | {"v_pred": (0,)})
    assert detect_file(path, ARCHITECTURES).prediction == "v_prediction"


def without(shapes: dict[str, Shape], start: str) -> dict[str, Shape]:
    return {name: shape for name, shape in shapes.items() if not name.startswith(start)}


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        ({"lora_unet_down_blocks_0.lora_up.weight": (320, 4)}, "this is a LoRA"),
        ({"control_model.input_blocks.0.0.weight": (320, 4, 3, 3)}, "this is a ControlNet"),
        ({"double_blocks.0.img_mod.lin.weight": (1, 1)}, "this is a Flux model"),
        ({"model.diffusion_model.joint_blocks.0.x": (1,)}, "this is a Stable Diffusion 3 model"),
        ({"decoder.conv_in.weight": (1,)}, "this is a VAE"),
        ({"emb_params": (1, 768)}, "this is a textual inversion"),
        ({"down_blocks.0.x": (1,)}, "the U-Net of a diffusers folder alone"),
        ({"something.else": (1,)}, "no known kind of model has such tensors"),
        ({}, "no known kind of model has such tensors"),
        (without(SD15, "cond_stage_model."), "the model's text encoder is missing"),
        (without(SDXL, "conditioner.embedders.1"), "an SDXL refiner"),
        (SD2 | {UNET + "input_blocks.0.0.weight": (320, 5, 3, 3)}, "depth to image"),
        (SD2 | {UNET + "input_blocks.0.0.weight": (320, 7, 3, 3)}, "the upscaler"),
        (SD15 | {UNET + "input_blocks.0.0.weight": (320, 8, 3, 3)}, "InstructPix2Pix"),
    ],
)
def test_what_cannot_be_drawn_with_is_named(shapes: dict[str, Shape], said: str, tmp_path: Path) -> None:
    with pytest.raises(ModelBroken, match=said) as caught:
        resolve(str(write_header(tmp_path / "model.safetensors", shapes)))
    assert caught.value.hint


@pytest.mark.parametrize(("channels", "inpainting"), [(16, False), (33, True)])
def test_latents_may_have_any_number_of_channels(channels: int, inpainting: bool, tmp_path: Path) -> None:
    shapes = SD15 | {
        UNET + "input_blocks.0.0.weight": (320, channels, 3, 3),
        "first_stage_model.decoder.conv_in.weight": (512, 16, 3, 3),
    }
    path = write_header(tmp_path / "model.safetensors", shapes)
    assert detect_file(path, ARCHITECTURES) == ModelKind(architecture=sd.SD15, inpainting=inpainting)
    shapes[UNET + "input_blocks.0.0.weight"] = (320, 32, 3, 3)
    with pytest.raises(ModelBroken, match=r"reads 32 channels, its latents have 16.*InstructPix2Pix"):
        detect_file(write_header(path, shapes), ARCHITECTURES)


# --- files that are none ---------------------------------------------------------------------------------------------


def zipped(path: Path) -> bytes:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"state_dict": {}}, protocol=2))
    return path.read_bytes()


@pytest.mark.parametrize("name", ["model.safetensors", "model.SafeTensors", "model.ckpt", "model.bin"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"<!DOCTYPE html><html><body>Log in</body></html>", "this is a web page"),
        (b"  <html lang=en>404", "this is a web page"),
        (pickle.dumps({"state_dict": {}}, protocol=2), "this is a pickle"),
        (pickle.dumps(["a" * 300] * 300, protocol=4), "this is a pickle"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a pointer of git-lfs"),
        (b"GGUF" + b"\3" * 100, "this is a GGUF file"),
        (b"abc", "this is not a .safetensors file"),
        (b"\xff" * 4000, "this is not a .safetensors file"),
        ((50).to_bytes(8, "little") + b"{" * 50, "its header is damaged"),
        ((2).to_bytes(8, "little") + b"{}x", "it goes on after its end"),
        ((9999).to_bytes(8, "little") + b"{}", "cut off within its header"),
    ],
)
def test_a_file_that_is_no_model_is_said_to_be_what_it_is(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelBroken, match=said) as caught:
        resolve(str(tmp_path / name))
    assert (caught.value.field, caught.value.exit_code) == ("model", 1)


def test_a_zipped_pickle_under_a_wrong_name_is_refused_unopened(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    zipped(path)
    with pytest.raises(ModelBroken, match="this is a pickle") as caught:
        resolve(str(path))
    assert "safetensors form" in caught.value.hint


def test_a_file_cut_off_within_its_weights_says_how_much_is_missing(tmp_path: Path) -> None:
    path = write_header(tmp_path / "model.safetensors", SD2, numbers={TELLING: [0.0] * 320})
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ModelBroken, match=r"100 of [\d,]+ bytes are missing"):
        resolve(str(path))


@pytest.mark.parametrize("entry", [[], 3, {"dtype": "F16"}, {"dtype": "F16", "shape": "x", "data_offsets": [0]}])
def test_a_header_that_describes_no_tensors_is_damaged(entry: object, tmp_path: Path) -> None:
    header = json.dumps({"a": entry}).encode()
    (tmp_path / "m.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(ModelBroken, match="its header is damaged"):
        read_header(tmp_path / "m.safetensors")


# --- folders ---------------------------------------------------------------------------------------------------------


def folder_with(unet: dict[str, Shape] | None, config: dict[str, object], folder: Path) -> Path:
    for part in ("scheduler", "text_encoder", "tokenizer", "unet", "vae"):
        (folder / part).mkdir(parents=True)
    (folder / "unet" / "config.json").write_text(json.dumps({"sample_size": 96, **config}))
    (folder / "vae" / "config.json").write_text(json.dumps({"block_out_channels": [1, 1, 1, 1]}))
    if unet is not None:
        write_header(folder / "unet" / "diffusion_pytorch_model.safetensors", unet)
    return folder


LINEAR: dict[str, Shape] = {"conv_in.weight": (320, 4, 3, 3), "down_blocks.0.attentions.0.proj_in.weight": (320, 320)}


def test_the_kind_of_a_folder_is_in_its_tensors(tmp_path: Path) -> None:
    lying = folder_with(LINEAR, {"use_linear_projection": False}, tmp_path / "sd15")
    assert detect_folder(lying, ARCHITECTURES) == ModelKind(architecture=sd.SD2)
    assert resolve(str(lying)).card.size == 768
    added = LINEAR | {"add_embedding.linear_1.weight": (1280, 2816), "conv_in.weight": (320, 9, 3, 3)}
    assert detect_folder(folder_with(added, {}, tmp_path / "b"), ARCHITECTURES) == ModelKind(
        architecture=sdxl.SDXL, inpainting=True
    )


def test_without_tensors_the_configuration_is_asked(tmp_path: Path) -> None:
    assert detect_folder(folder_with(None, {}, tmp_path / "a"), ARCHITECTURES) == ModelKind(architecture=sd.SD15)
    config: dict[str, object] = {"use_linear_projection": True, "in_channels": 9}
    assert detect_folder(folder_with(None, config, tmp_path / "b"), ARCHITECTURES) == ModelKind(
        architecture=sd.SD2, inpainting=True
    )
    config = {"use_linear_projection": True, "addition_embed_type": "text_time"}
    assert detect_folder(folder_with(None, config, tmp_path / "c"), ARCHITECTURES).architecture is sdxl.SDXL


def test_the_vae_of_a_folder_says_how_many_channels_latents_have(tmp_path: Path) -> None:
    unet = {"conv_in.weight": (320, 33, 3, 3)}
    folder = folder_with(unet, {}, tmp_path / "a")
    write_header(folder / "vae" / "diffusion_pytorch_model.safetensors", {"decoder.conv_in.weight": (512, 16, 3, 3)})
    assert detect_folder(folder, ARCHITECTURES).inpainting
    folder = folder_with({"conv_in.weight": (320, 16, 3, 3)}, {}, tmp_path / "b")
    with pytest.raises(ModelBroken, match="reads 16 channels, its latents have 4: a model for something else"):
        detect_folder(folder, ARCHITECTURES)
    (folder / "vae" / "config.json").write_text(json.dumps({"latent_channels": 16, "block_out_channels": [1] * 5}))
    assert detect_folder(folder, ARCHITECTURES) == ModelKind(architecture=sd.SD15)


@pytest.mark.parametrize(("side", "stages", "size"), [(37, 4, 296), (9, 5, 144), (37, 3, 144)])
def test_the_size_of_a_folder_is_a_multiple_of_8_and_of_what_its_vae_makes_one_latent_of(
    side: int, stages: int, size: int, tmp_path: Path
) -> None:
    folder = folder_with(None, {"sample_size": side}, tmp_path / "model")
    (folder / "vae" / "config.json").write_text(json.dumps({"block_out_channels": [1] * stages}))
    assert resolve(str(folder)).card.size == size
