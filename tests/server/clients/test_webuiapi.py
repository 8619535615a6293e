"""`webuiapi`, the client of A1111 that most Python programs use, unmodified against a real server."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import webuiapi
from PIL import Image

from sdplay.requests.txt2img import Txt2Img
from sdplay.studio import Studio
from tests.support.a1111 import drawn_here, photograph, told, white_box
from tests.support.builtin import FOLDERS
from tests.support.patience import wait_until
from tests.support.service import RunningService, running_service

APPLE: dict[str, Any] = {"prompt": "a red apple", "seed": 7, "steps": 3, "width": 128, "height": 128, "cfg_scale": 4}
LONG: dict[str, Any] = APPLE | {"steps": 100, "batch_size": 200}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    with running_service(tmp_path_factory.mktemp("home")) as service:
        yield service


@pytest.fixture
def api(service: RunningService) -> webuiapi.WebUIApi:
    return client_of(service)


def client_of(service: RunningService, **options: Any) -> webuiapi.WebUIApi:
    return webuiapi.WebUIApi(baseurl=f"{service.url}/sdapi/v1", sampler="Euler", **options)


def test_txt2img_draws_what_we_draw(api: webuiapi.WebUIApi) -> None:
    result = api.txt2img(**APPLE, batch_size=2, n_iter=2, negative_prompt="blurry")
    ours = drawn_here(
        "a red apple",
        negative_prompt="blurry",
        num=4,
        seed=7,
        steps=3,
        guidance_scale=4.0,
        sampler="euler",
        size=128,
    )
    assert [told(image) for image in result.images] == ours
    assert result.info["all_seeds"] == [7, 8, 9, 10]
    assert result.info["infotexts"] == [image.info["parameters"] for image in result.images]
    assert (result.info["sampler_name"], result.info["steps"], result.info["width"]) == ("Euler", 3, 128)
    assert (result.parameters["prompt"], result.info["warnings"]) == ("a red apple", [])


@pytest.mark.parametrize(
    ("scheduler", "sampler", "ours"),
    [
        ("Karras", "DPM++ 2M", {"sampler": "dpmpp_2m", "schedule": "karras"}),
        ("automatic", "DPM++ 2M SDE Karras", {"sampler": "dpmpp_2m_sde", "schedule": "karras"}),
        ("sgm_uniform", "Euler a", {"sampler": "euler_a", "schedule": "trailing"}),
    ],
)
def test_samplers_under_their_names(api: webuiapi.WebUIApi, scheduler: str, sampler: str, ours: dict[str, str]) -> None:
    result = api.txt2img(**APPLE, sampler_name=sampler, scheduler=scheduler)
    expected = drawn_here("a red apple", seed=7, steps=3, guidance_scale=4.0, size=128, **ours)
    assert [told(result.image)] == expected


def test_hires(api: webuiapi.WebUIApi) -> None:
    asked = {"enable_hr": True, "hr_scale": 1.5, "hr_upscaler": webuiapi.HiResUpscaler.LatentBicubic}
    result = api.txt2img(**APPLE, **asked, hr_second_pass_steps=2, denoising_strength=0.4)
    hires = {"hires_scale": 1.5, "hires_upscaler": "latent-bicubic", "hires_steps": 2, "hires_strength": 0.4}
    ours = drawn_here("a red apple", seed=7, steps=3, guidance_scale=4.0, sampler="euler", size=128, **hires)
    assert [told(result.image)] == ours
    assert result.image.size == (192, 192)
    assert result.info["extra_generation_params"]["Hires upscale"] == "1.5"


def test_img2img_and_inpaint(api: webuiapi.WebUIApi, tmp_path: Path) -> None:
    given, mask = photograph(tmp_path), white_box((64, 64), (16, 16, 40, 40))
    mask.save(tmp_path / "mask.png")
    common: dict[str, Any] = {"prompt": "a hat", "seed": 3, "steps": 4, "cfg_scale": 4, "width": 64, "height": 64}
    ours: dict[str, Any] = {"seed": 3, "steps": 4, "guidance_scale": 4.0, "size": 64, "sampler": "euler"}
    ours |= {"image": tmp_path / "photo.png"}
    result = api.img2img(images=[given], denoising_strength=0.5, **common)
    assert [told(result.image)] == drawn_here("a hat", **ours, strength=0.5)
    assert result.parameters["init_images"] is None
    result = api.img2img(
        images=[given], mask_image=mask, mask_blur=3, inpainting_fill=1, inpaint_full_res=False, **common
    )
    masked = {"mask": tmp_path / "mask.png", "mask_blur": 3.0, "strength": 0.75, "padding": 0}
    assert [told(result.image)] == drawn_here("a hat", **ours, **masked)
    result = api.img2img(
        images=[given],
        mask_image=mask,
        inpainting_fill=2,
        inpaint_full_res_padding=8,
        include_init_images=True,
        **common,
    )
    masked |= {"mask_blur": 4.0, "fill": "noise", "only_masked": True, "padding": 8}
    assert [told(result.image)] == drawn_here("a hat", **ours, **masked)
    assert result.parameters["init_images"][0].startswith("data:image/png;base64,")


def test_controlnet_unit(api: webuiapi.WebUIApi, tmp_path: Path) -> None:
    image = photograph(tmp_path, (128, 128))
    model = api.controlnet_model_list()[0]
    unit = webuiapi.ControlNetUnit(
        image=image, module="canny", model=model, weight=0.8, threshold_a=90, threshold_b=180, guidance_end=0.7
    )
    result = api.txt2img(**APPLE, controlnet_units=[unit], alwayson_scripts={})  # it writes into its own default
    control = {"control_preprocessor": "canny", "control_scale": 0.8, "control_end": 0.7, "controlnet": "builtin-canny"}
    control |= {"canny_low": 90, "canny_high": 180, "control_image": tmp_path / "photo.png"}
    ours = drawn_here("a red apple", seed=7, steps=3, guidance_scale=4.0, sampler="euler", size=128, **control)
    assert [told(result.image)] == ours
    assert "Module: canny" in result.info["extra_generation_params"]["ControlNet 0"]
    assert api.controlnet_version() == 3
    assert api.controlnet_module_list() == ["none", "canny"]
    edges = api.controlnet_detect([image], module="canny", threshold_a=100, threshold_b=200).image
    assert set(edges.convert("L").tobytes()) <= {0, 255}


def test_lora_tag_and_clip_skip(api: webuiapi.WebUIApi) -> None:
    asked = APPLE | {"prompt": "a castle <lora:blueprint:0.8>"}
    result = api.txt2img(**asked, override_settings={"CLIP_stop_at_last_layers": 2, "randn_source": "CPU"})
    ours = {"clip_skip": 2, "noise": "torch", "sampler": "euler", "size": 128}
    assert [told(result.image)] == drawn_here(asked["prompt"], seed=7, steps=3, guidance_scale=4.0, **ours)
    assert result.info["clip_skip"] == 2
    assert "blueprint" in result.info["extra_generation_params"]["Lora hashes"]


def test_png_info(api: webuiapi.WebUIApi) -> None:
    drawn = api.txt2img(**APPLE)
    said = api.png_info(drawn.image)
    assert said.info == drawn.info["infotexts"][0]
    assert (said.parameters["Prompt"], said.parameters["Seed"], said.parameters["Size-1"]) == (
        "a red apple",
        "7",
        "128",
    )
    assert api.png_info(Image.new("RGB", (8, 8))).info == ""


def test_extras(api: webuiapi.WebUIApi, tmp_path: Path) -> None:
    image = photograph(tmp_path, (40, 20))
    larger = api.extra_single_image(image, upscaler_1=webuiapi.Upscaler.Lanczos, upscaling_resize=1.5)
    assert larger.image.size == (60, 30)
    fitted = api.extra_single_image(
        image, resize_mode=1, upscaler_1="Lanczos", upscaling_resize_w=64, upscaling_resize_h=64
    )
    assert fitted.image.size == (64, 64)
    assert api.extra_single_image(image).image.size == (40, 20)  # no upscaler
    both = api.extra_batch_images([image, image], upscaler_1="Lanczos", upscaling_resize=2)
    assert [each.size for each in both.images] == [(80, 40), (80, 40)]
    with pytest.raises(RuntimeError, match="gfpgan_visibility"):
        api.extra_single_image(image, upscaler_1="Lanczos", gfpgan_visibility=1)


def test_lists_and_options(api: webuiapi.WebUIApi) -> None:
    assert api.get_scripts() == {"txt2img": ["controlnet"], "img2img": ["controlnet"]}
    assert (api.has_controlnet, api.has_adetailer) == (False, False)
    assert {"Euler a", "DPM++ 2M", "DDIM"} <= set(api.util_get_sampler_names())
    assert {"automatic", "karras", "sgm_uniform"} <= set(api.util_get_scheduler_names())
    titles = api.util_get_model_names()
    assert [title.split()[0] for title in titles] == [*FOLDERS]
    api.util_set_model("builtin")
    assert api.util_get_current_model() == titles[0]
    assert {"blueprint", "framed"} <= {each["name"] for each in api.get_loras()}
    assert {"Latent", "Latent (nearest-exact)"} <= {each["name"] for each in api.get_latent_upscale_modes()}
    assert {"None", "Lanczos"} <= {each["name"] for each in api.get_upscalers()}
    assert api.get_memory()["ram"]["total"] > 0
    for empty in (api.get_hypernetworks, api.get_face_restorers, api.get_prompt_styles, api.get_sd_vae):
        assert empty() == []
    assert api.get_embeddings() == {"loaded": {}, "skipped": {}}
    assert "host" not in api.get_cmd_flags()
    assert api.refresh_checkpoints() == {}


def test_what_cannot_be_done_is_said(api: webuiapi.WebUIApi, tmp_path: Path) -> None:
    for asked, word in (
        ({"restore_faces": True}, "restore_faces"),
        ({"tiling": True}, "tiling"),
        ({"subseed_strength": 0.2}, "subseed_strength"),
        ({"script_name": "X/Y/Z plot"}, "X/Y/Z plot"),
        ({"adetailer": [webuiapi.ADetailer(ad_model="face_yolov8n.pt")]}, "ADetailer"),
        ({"override_settings": {"sd_model_checkpoint": "deliberate_v2"}}, "deliberate_v2"),
        ({"width": 4096, "height": 4096, "batch_size": 50}, "n_iter"),
    ):
        with pytest.raises(RuntimeError) as caught:
            api.txt2img(**APPLE | asked | {"alwayson_scripts": {}})
        assert caught.value.args[0] == 422
        assert word in caught.value.args[1]
    with pytest.raises(RuntimeError) as caught:
        api.txt2img(**APPLE, sampler_name="DPM adaptive")
    assert caught.value.args[0] == 400
    with pytest.raises(RuntimeError) as caught:
        api.interrogate(photograph(tmp_path))
    assert caught.value.args[0] == 404


def test_progress_and_interrupt(api: webuiapi.WebUIApi, service: RunningService) -> None:
    api.util_wait_for_ready(check_interval=0.05)
    results: list[Any] = []
    asking = threading.Thread(target=lambda: results.append(client_of(service).txt2img(**LONG)))
    asking.start()
    wait_until(lambda: api.get_progress()["state"]["job_no"] >= 1)
    far = api.get_progress()
    assert 0 < far["progress"] < 1
    assert far["state"]["job_count"] == 200
    assert far["state"]["sampling_steps"] == 100
    assert api.interrupt() == {}
    asking.join()
    (result,) = results
    assert 1 <= len(result.images) < 200
    assert result.info["all_seeds"] == list(range(7, 7 + len(result.images)))
    assert result.info["interrupted"]
    api.util_wait_for_ready(check_interval=0.05)


def test_skip(api: webuiapi.WebUIApi, service: RunningService) -> None:
    results: list[Any] = []
    asked = APPLE | {"steps": 1000, "batch_size": 2, "n_iter": 2}
    asking = threading.Thread(target=lambda: results.append(client_of(service).txt2img(**asked)))
    asking.start()
    wait_until(lambda: api.get_progress()["state"]["sampling_step"] >= 1)
    assert api.skip() == {}
    asking.join()
    (result,) = results
    assert len(result.images) == 3
    assert len(set(result.info["all_seeds"]) - {7, 8, 9, 10}) == 0


def test_password(tmp_path: Path) -> None:
    with running_service(tmp_path / "home", "--token", "secret") as service:
        with pytest.raises(RuntimeError) as caught:
            client_of(service).txt2img(**APPLE)
        assert caught.value.args[0] == 401
        api = client_of(service, username="anybody", password="secret")
        assert len(api.txt2img(**APPLE).images) == 1


def test_builtin_model_draws_the_bits_of_our_own(tmp_path: Path, builtin: Path) -> None:
    """With the real model, and `verify` proves it."""
    prompt, file = "a red apple, 3d render", tmp_path / "apple.png"
    with running_service(tmp_path / "home", fake=False) as service:
        result = client_of(service).txt2img(**APPLE | {"prompt": prompt})
    file.write_bytes(base64.b64decode(result.json["images"][0]))
    with Studio() as studio:
        asked = Txt2Img(prompt=prompt, seed=7, steps=3, size=128, guidance_scale=4.0, sampler="euler")
        assert studio.resolve(asked).recipe.digest == told(result.image).recipe
        assert studio.verify(file).digest == told(result.image).pixels
