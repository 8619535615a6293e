"""What other programs say becomes a request, and all the rest is told."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sdplay.core.errors import BadRequest
from sdplay.interop import ParsedMetadata, parse_comfyui, parse_fooocus, parse_infotext, parse_invokeai
from sdplay.interop.import_settings import ImportedSettings, import_settings, mode_of
from sdplay.library.card import add_alias
from sdplay.library.library import Library
from sdplay.requests.img2img import Img2Img
from sdplay.requests.inpaint import Inpaint
from sdplay.requests.txt2img import Txt2Img
from tests.interop import samples
from tests.support.fakemodel import fake_model
from tests.support.headers import write_header


@pytest.fixture
def bare(tmp_path: Path) -> Library:
    """Library with nothing on them."""
    return Library(home=tmp_path / "home")


def found(line: str, prompt: str = "a cat") -> ParsedMetadata:
    return parse_infotext(f"{prompt}\nSteps: 20, Sampler: Euler a, Seed: 1, {line}")


def told(adopted: ImportedSettings) -> dict[str, str]:
    return {one.name: one.reason for one in adopted.left}


def test_all_of_a1111_that_has_a_meaning_here(bare: Library) -> None:
    adopted = import_settings(parse_infotext(samples.A1111), {}, bare)
    asked = adopted.request.model_dump(exclude_unset=True)
    assert asked == {
        "prompt": "a lighthouse (storm:1.2), [oil:photo:0.4], \nsecond prompt line",
        "negative_prompt": "blurry, low quality",
        "steps": 20,
        "sampler": "dpmpp_2m",
        "schedule": "karras",
        "guidance_scale": 7.0,
        "clip_skip": 2,
        "seed": 965400086,
        "width": 512,
        "height": 768,
        "noise": "philox",
        "hires_scale": 2.0,
        "hires_upscaler": "latent",
        "hires_strength": 0.7,
    }
    assert told(adopted) == {
        "Lora hashes": "a note on the LoRAs, which are looked for by name",
        "<lora:ghibli:0.8> in the prompt": "is left out: it is not here (SDPLAY_MODELS)",
        "model": "is not in the library of this computer (SDPLAY_MODELS), and the usual model is taken",
    }


@pytest.mark.parametrize("key", ["CFG Rescale phi", "CFG Rescale φ", "CFG Rescale"])
def test_guidance_rescale_is_taken_over(key: str, bare: Library) -> None:
    adopted = import_settings(found(f"CFG scale: 9, {key}: 0.7"), {}, bare)
    assert adopted.request.guidance_rescale == 0.7
    assert not told(adopted)


def said_by_all() -> dict[str, ParsedMetadata]:
    import json

    return {
        "ComfyUI": parse_comfyui(json.dumps(samples.COMFYUI)),
        "Fooocus": parse_fooocus(json.dumps(samples.FOOOCUS)),
        "InvokeAI": parse_invokeai({"invokeai_metadata": json.dumps(samples.INVOKEAI)}),
        "InvokeAI 2": parse_invokeai({"sd-metadata": json.dumps(samples.SD_METADATA)}),
        "A1111": parse_infotext(samples.A1111),
    }


@pytest.mark.parametrize("program", said_by_all())
def test_nothing_that_a_program_says_is_lost_without_a_word(program: str, bare: Library) -> None:
    said = said_by_all()[program]
    adopted = import_settings(said, {"image": "a.png"}, bare)
    taken = adopted.request.model_dump(exclude_unset=True).keys()
    left = {one.name.replace(" ", "_") for one in adopted.left} | {one.name for one in adopted.left}
    assert {name for name, value in said.fields.items() if value is not None} <= taken | left | {"model_hash"}
    assert said.other.keys() <= left
    prompt = said.prompt
    for mark in (one.removesuffix(" in the prompt") for one in told(adopted) if one.endswith(" in the prompt")):
        prompt = prompt.replace(mark, "")
    assert (adopted.request.prompt, adopted.request.negative_prompt) == (prompt, said.negative_prompt)


@pytest.mark.parametrize(
    ("line", "name", "reason"),
    [
        ("Size: 500x512", "width", "is not a multiple of 8"),
        ("Clip skip: 0", "clip skip", "greater than or equal to 1"),
        ("Size: 32x512", "width", "greater than or equal to 64"),
        ("CFG scale: 200", "guidance scale", "less than or equal to 100"),
        ("Denoising strength: 0.5", "strength", "give `image`"),
        ("Hires upscale: 2, Hires upscaler: 4x-UltraSharp", "Hires upscaler", "lanczos is taken"),
        ("Hires upscale: 2, Hires prompt: a dog", "Hires prompt", "drawn as the first"),
        ("Hires upscaler: Latent, Hires resize: 1024x1024", "Hires resize-1", "give `hires_scale`"),
        ("Mask blur: 4", "mask blur", "give `image` and `mask`"),
        ("VAE: best.pt", "VAE", "the model's own VAE is taken"),
        ("ControlNet 0: canny", "ControlNet 0", "one ControlNet here"),
        ("Tiling: True", "Tiling", "has no meaning here"),
        ("RNG: TPU", "RNG", "no such source of noise"),
    ],
)
def test_what_cannot_be_had_is_told_with_its_reason(line: str, name: str, reason: str, bare: Library) -> None:
    adopted = import_settings(found(line), {}, bare)
    assert reason in told(adopted)[name]
    assert str(adopted.left[0]).startswith(f"{name} = ")


def test_a_sampler_that_we_lack_leaves_the_choice_to_the_model(bare: Library) -> None:
    adopted = import_settings(parse_infotext("a\nSteps: 20, Sampler: DPM++ SDE Karras, Seed: 1"), {}, bare)
    assert (adopted.request.sampler, adopted.request.schedule) == (None, "karras")
    assert "no such sampler here" in told(adopted)["Sampler"]
    assert "Sampler" not in told(import_settings(found("Version: x"), {"sampler": "euler"}, bare))


MASKED = "Denoising strength: 0.5, Mask blur: 9, Masked content: latent noise"


def test_the_picture_and_mask_that_are_given_decide_the_mode(bare: Library) -> None:
    said = found(MASKED)
    words = import_settings(said, {}, bare).request
    picture = import_settings(said, {"image": "a.png"}, bare).request
    masked = import_settings(said, {"image": "a.png", "mask": "m.png"}, bare).request
    assert (type(words), type(picture), type(masked)) == (Txt2Img, Img2Img, Inpaint)
    assert isinstance(picture, Img2Img)
    assert isinstance(masked, Inpaint)
    assert (picture.strength, masked.strength, masked.mask_blur, masked.fill) == (0.5, 0.5, 9.0, "noise")
    assert import_settings(said, {"image": "a.png", "mask": "m.png"}, bare).left == ()
    assert [mode_of(one) for one in (said, found("Denoising strength: 0.5"), found("X: y"))] == [
        Inpaint,
        Img2Img,
        Txt2Img,
    ]


def test_a_change_wins_over_the_file(bare: Library) -> None:
    adopted = import_settings(found("Size: 500x512, Model: gone"), {"width": 64, "seed": 5, "model": "mine"}, bare)
    assert (adopted.request.width, adopted.request.seed, adopted.request.model) == (64, 5, "mine")
    assert adopted.left == ()


def test_no_prompt_is_no_request(bare: Library) -> None:
    said = replace(found("X: y"), prompt=" ")
    with pytest.raises(BadRequest, match="prompt = ' ': is empty"):
        import_settings(said, {}, bare)
    assert import_settings(said, {"prompt": "a dog"}, bare).request.prompt == "a dog"


@pytest.mark.parametrize("prompt", ["a cat (on a mat)", "5:30 in the morning", "sand and sea", "[a] b"])
def test_plain_words_are_no_syntax(prompt: str, bare: Library) -> None:
    assert import_settings(found("Version: v1", prompt), {}, bare).left == ()


@pytest.mark.parametrize("prompt", ["(a:1.2)", "[a:b:0.5]", "a BREAK b", "a AND b", "((a))"])
def test_the_notation_of_a1111_is_ours_and_nothing_is_said_of_it(prompt: str, bare: Library) -> None:
    adopted = import_settings(found("Version: v1", prompt), {}, bare)
    assert (adopted.request.prompt, adopted.left) == (prompt, ())


@pytest.mark.parametrize("prompt", ["a <segment:face> b", "<random:a|b>", "<fromto[0.3]:a,b> c"])
def test_marks_that_mean_nothing_here_are_told(prompt: str, bare: Library) -> None:
    assert "plain words" in told(import_settings(found("Version: v1", prompt), {}, bare))["prompt"]


@pytest.fixture
def stocked(tmp_path: Path) -> Library:
    """A diffusers folder called "dream" and a file "real.safetensors" that is no model at all."""
    fake_model(tmp_path / "root" / "models" / "dream")
    (tmp_path / "root" / "models" / "dream" / "model_index.json").write_text("{}")
    (tmp_path / "root" / "models" / "real.safetensors").write_bytes(b"not one")
    return Library(home=tmp_path / "home", roots=(tmp_path / "root" / "models",))


def test_the_model_that_was_named_is_taken_from_the_shelf(stocked: Library) -> None:
    for called in ("dream", "dream.safetensors", r"sd15\dream.ckpt", "folder/dream"):
        adopted = import_settings(found(f"Model: {called}, Model hash: 0123456789"), {}, stocked)
        assert Path(adopted.request.model).name == "dream"
        assert adopted.left == ()


def test_a_name_that_was_added_counts_and_what_it_would_download_does_not(bare: Library, tmp_path: Path) -> None:
    add_alias(bare.home, "mine", str(fake_model(tmp_path / "somewhere")))
    add_alias(bare.home, "far", "someone/far")
    for called, taken in (("mine", "mine"), ("mine.safetensors", "mine"), ("far", "builtin")):
        assert import_settings(found(f"Model: {called}"), {}, bare).request.model == taken


def test_a_model_that_is_broken_is_told(stocked: Library) -> None:
    adopted = import_settings(found("Model: real"), {}, stocked)
    assert adopted.request.model == "builtin"
    assert "cannot be used, and the usual model is taken: " in told(adopted)["model"]


@pytest.mark.parametrize("digest", ["", "0123456789"])
def test_our_own_model_is_known_by_name_and_another_of_its_name_is_told(
    bare: Library, builtin: Path, digest: str
) -> None:
    from sdplay.library.digest import folder_digest

    line = f"Model: builtin, Model hash: {digest or folder_digest(builtin)[:10]}, Version: sdplay 0.1.0"
    adopted = import_settings(found(line), {}, bare)
    assert adopted.request.model == "builtin"
    assert ("the one in the file 0123456789" in told(adopted).get("model", "")) == bool(digest)


def test_no_path_in_a_file_is_opened(bare: Library, tmp_path: Path) -> None:
    folder = fake_model(tmp_path / "elsewhere")
    adopted = import_settings(found(f"Model: {folder}"), {}, bare)
    assert adopted.request.model == "builtin"
    assert "not in the library" in told(adopted)["model"]


def test_nothing_is_fetched_for_a_name_in_a_file(tmp_path: Path) -> None:
    def fetch(name: str) -> Path:
        raise AssertionError(f"fetched {name}")

    library = Library(home=tmp_path, fetch=fetch)
    assert import_settings(found("Model: someone/something"), {}, library).request.model == "builtin"


def test_a_hash_of_a_single_file_is_compared(tmp_path: Path) -> None:
    from tests.support.headers import SD15, write_header

    (tmp_path / "models").mkdir()
    path = write_header(tmp_path / "models" / "real.safetensors", SD15)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    library = Library(home=tmp_path / "home", roots=(path.parent,))
    for note, doubts in ((digest[:10], 0), ("0" * 10, 1)):
        adopted: Any = import_settings(found(f"Model: real, Model hash: {note}"), {}, library)
        assert adopted.request.model == str(path)
        assert len(adopted.left) == doubts


def test_a_lora_that_is_here_stays_in_the_prompt(bare: Library) -> None:
    path = bare.home / "models" / "loras" / "ghibli.safetensors"
    path.parent.mkdir(parents=True)
    write_header(path, {"lora_unet_conv_in.lora_down.weight": (4, 4, 3, 3)})
    adopted = import_settings(found("Version: v1", "a cat <lora:ghibli:0.8> <lora:gone:1>, red"), {}, bare)
    assert adopted.request.prompt == "a cat <lora:ghibli:0.8> , red"
    assert told(adopted) == {"<lora:gone:1> in the prompt": "is left out: it is not here (SDPLAY_MODELS)"}


def with_file(library: Library, folder: str, name: str, tensors: dict[str, tuple[int, ...]]) -> Path:
    """A file of this name in the folder of the library for its kind."""
    path = library.home / "models" / folder / f"{name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_header(path, tensors)


LORA: dict[str, tuple[int, ...]] = {"lora_unet_conv_in.lora_down.weight": (4, 4, 3, 3)}


@pytest.mark.parametrize(
    ("entries", "taken", "gone"),
    [
        (("blueprint:0.7",), ("blueprint:0.7",), ()),
        (("blueprint:0.5:0.7", "rust:1"), ("blueprint:0.5:0.7",), ("rust:1",)),
        (("Blueprint:-0.25",), ("blueprint:-0.25",), ()),
        (("no such: thing:1:1",), (), ("no such: thing:1:1",)),
    ],
)
def test_loras_beside_the_prompt_are_taken_if_they_are_here(
    entries: tuple[str, ...], taken: tuple[str, ...], gone: tuple[str, ...], bare: Library
) -> None:
    with_file(bare, "loras", "blueprint", LORA)
    said = replace(found("Version: v1"), fields={"lora": entries})
    adopted = import_settings(said, {}, bare)
    assert adopted.request.lora == taken
    assert [(one.value, one.reason) for one in adopted.left] == [
        (entry, "is left out: it is not here (SDPLAY_MODELS)") for entry in gone
    ]
    assert import_settings(said, {"lora": ("other:1",)}, bare).request.lora == ("other:1",)


def test_a_lora_that_the_prompt_names_too_is_put_on_once(bare: Library) -> None:
    with_file(bare, "loras", "blueprint", LORA)
    said = replace(found("Version: v1", "a <lora:blueprint:0.7> b"), fields={"lora": ("blueprint:0.7",)})
    adopted = import_settings(said, {}, bare)
    assert (adopted.request.lora, adopted.request.prompt) == ((), "a <lora:blueprint:0.7> b")


def test_a_lora_of_which_only_the_hash_is_there_is_told(bare: Library) -> None:
    line = 'Hashes: {"model": "00", "LORA:rust": "aabbcc"}, Lora hashes: "ghibli: 0123ab"'
    adopted = import_settings(found(line, "a <lora:ghibli:1>"), {}, bare)
    assert told(adopted)["lora"] == "is left out: how much of it there was is not said"
    assert [one.value for one in adopted.left if one.name == "lora"] == ["rust"]


def test_textual_inversions_are_told_only_where_they_are_not_here_or_others(bare: Library) -> None:
    path = with_file(bare, "embeddings", "badrust", {"emb_params": (1, 32)})
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    another = f"the one here has the sha256 {digest[:10]}, the one in the file 1122334455"
    for line, reasons in (
        (f'TI hashes: "badrust: {digest[:12]}"', []),
        (
            'TI hashes: "badrust: 112233445566"',
            [another],
        ),
        ("Embeddings: badrust", []),
        ('Used embeddings: "gone [1122]"', ["is read as a plain word: it is not here (SDPLAY_MODELS)"]),
    ):
        adopted = import_settings(found(f"{line}, Version: v1", "badrust"), {}, bare)
        assert [one.reason for one in adopted.left] == reasons


def test_what_was_off_is_a_note(bare: Library) -> None:
    said = replace(found("Version: v1"), other={"seamless": False, "regions": [], "vae_model": None, "tiling": True})
    assert [(one.name, one.is_note) for one in import_settings(said, {}, bare).left] == [
        ("seamless", True),
        ("regions", True),
        ("vae_model", True),
        ("tiling", False),
    ]


def test_plain_syntax_takes_the_words_as_they_stand(bare: Library) -> None:
    said = replace(found("Version: v1", "{{a|b}}"), program="NovelAI")
    assert import_settings(said, {"prompt_syntax": "plain"}, bare).request.prompt == "{{a|b}}"
    assert import_settings(said, {}, bare).request.prompt == "(a|b:1.1025)"
