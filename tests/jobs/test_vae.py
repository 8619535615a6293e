"""A codec of one's own: asked for by name, recorded, proved, kept apart in memory, written and read again."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from sdplay.core.errors import ModelBroken, NotReproduced, UnknownName
from sdplay.film.request_dream import Dream
from sdplay.images.infotext import infotext
from sdplay.interop import parse_infotext
from sdplay.interop.import_settings import import_settings
from sdplay.library.library import Library
from sdplay.requests.base import make_request
from sdplay.requests.recipe import Recipe
from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import Studio

ASKED = {"steps": 2, "seed": 3, "device": "cpu"}
WEIGHTS = "diffusion_pytorch_model.safetensors"


@pytest.fixture
def library(tmp_path: Path, tiny: Path) -> Library:
    """A1111's folder with two codecs: the model's own, and one whose pictures have less contrast."""
    places = tmp_path / "webui" / "models" / "VAE"
    places.mkdir(parents=True)
    weights = load_file(tiny / "vae" / WEIGHTS)
    save_file(weights, places / "own.safetensors")
    dim = {name: w * 0.5 if name.startswith("decoder.conv_out") else w for name, w in weights.items()}
    save_file(dim, places / "dim.safetensors")
    return Library(home=tmp_path / "home", roots=(tmp_path / "webui",), cache=tmp_path / "cache")


def asked(tiny: Path, **fields: object) -> Txt2Img:
    return make_request(Txt2Img, prompt="a red apple", model=str(tiny), **ASKED, **fields)


def test_it_is_used_where_it_is_asked_for_and_only_there(tiny: Path, library: Library) -> None:
    with Studio(library=library) as studio:
        plain, own, dim, after = (studio.draw(asked(tiny, vae=vae))[0] for vae in (None, "own", "dim", None))
    assert np.array_equal(plain.pixels, own.pixels)
    assert np.array_equal(plain.pixels, after.pixels)
    assert np.abs(dim.pixels - 127.5).mean() < 0.8 * np.abs(plain.pixels - 127.5).mean()
    assert len({each.recipe.digest for each in (plain, own, dim)}) == 3
    assert plain.recipe.digest == after.recipe.digest


def test_it_is_in_the_recipe_and_the_picture_is_proved(tiny: Path, library: Library, tmp_path: Path) -> None:
    with Studio(library=library) as studio:
        (picture,) = studio.draw(asked(tiny, vae="dim"), tmp_path / "out")
        (path,) = (tmp_path / "out").glob("*.png")
        (codec,) = picture.recipe.add_ons
        assert (codec.kind, codec.name) == ("vae", "dim")
        again = Recipe.from_dict(picture.recipe.to_dict())
        assert (again.add_ons, again.digest) == (picture.recipe.add_ons, picture.recipe.digest)
        assert studio.verify(path, str(tiny)).digest == picture.digest
        shutil.copy(tmp_path / "webui/models/VAE/own.safetensors", tmp_path / "webui/models/VAE/dim.safetensors")
        with pytest.raises(NotReproduced, match="the VAE 'dim' is not the one"):
            studio.verify(path, str(tiny))


def test_a1111_reads_what_is_written_and_the_other_way_round(tiny: Path, library: Library) -> None:
    with Studio(library=library) as studio:
        recipe = studio.resolve(asked(tiny, vae="dim")).recipe
    text = infotext(recipe, 0, "0.1.0")
    (codec,) = recipe.add_ons
    assert f"VAE hash: {codec.digest[:10]}, VAE: dim, " in text
    adopted = import_settings(
        parse_infotext(text.replace("VAE: dim", "VAE: dim.safetensors")), {"model": "builtin"}, library
    )
    assert (adopted.request.vae, adopted.left) == ("dim", ())
    other = import_settings(parse_infotext(text.replace(codec.digest[:10], "0" * 10)), {"model": "builtin"}, library)
    assert [one.name for one in other.left] == ["VAE"]
    gone = import_settings(
        parse_infotext(text.replace("VAE: dim", "VAE: ../../dim2.pt")), {"model": "builtin"}, library
    )
    assert gone.request.vae is None
    assert "the model's own VAE is taken" in gone.left[0].reason
    default = import_settings(parse_infotext(text.replace("VAE: dim", "VAE: Automatic")), {"model": "builtin"}, library)
    assert (default.request.vae, default.left) == (None, ())


def test_a_film_has_it_in_every_frame(tiny: Path, library: Library) -> None:
    request = make_request(Dream, prompts=("a cat", "the apple"), num=3, vae="dim", model=str(tiny), **ASKED)
    with Studio(library=library) as studio:
        frames = studio.draw(request)
        still = studio.draw(asked(tiny, vae="dim").model_copy(update={"prompt": "a cat"}))[0]
    assert np.array_equal(frames[0].pixels, still.pixels)


def test_one_that_is_not_there_or_something_else_is_refused(tiny: Path, library: Library, tmp_path: Path) -> None:
    save_file(
        {"lora_unet_x.lora_down.weight": load_file(tiny / "vae" / WEIGHTS)["decoder.conv_in.bias"]},
        tmp_path / "l.safetensors",
    )
    with Studio(library=library) as studio:
        with pytest.raises(UnknownName, match=r"own|dim"):
            studio.resolve(asked(tiny, vae="dimm"))
        with pytest.raises(ModelBroken, match="a LoRA and not a VAE"):
            studio.resolve(asked(tiny, vae=str(tmp_path / "l.safetensors")))
