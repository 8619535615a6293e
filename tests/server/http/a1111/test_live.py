"""A1111's API on a real server: what browsers' programs call, errors in its shape, tasks, and clients that go away."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.a1111 import drawn_here, in_base64, opened, told
from tests.support.given import mask, photo
from tests.support.headers import SD15, write_header
from tests.support.patience import wait_until
from tests.support.service import RunningService, running_service

APPLE: dict[str, Any] = {"prompt": "a red apple", "seed": 7, "steps": 3, "width": 128, "height": 128}
LONG = APPLE | {"steps": 100, "batch_size": 200}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    with running_service(tmp_path_factory.mktemp("home")) as service:
        yield service


def post(service: RunningService, path: str, body: Any) -> httpx2.Response:
    return service.client.post(f"/sdapi/v1/{path}", json=body)


def in_background(service: RunningService, body: dict[str, Any]) -> tuple[threading.Thread, list[httpx2.Response]]:
    """A request for pictures in a thread of its own, and where its answer will be."""
    answers: list[httpx2.Response] = []

    def ask() -> None:
        with service.open_client() as client:
            answers.append(client.post("/sdapi/v1/txt2img", json=body))

    thread = threading.Thread(target=ask)
    thread.start()
    return thread, answers


def task_of(service: RunningService, task: str, **more: Any) -> dict[str, Any]:
    return service.client.post("/internal/progress", json={"id_task": task, **more}).json()


def test_what_is_left_out_suits_the_model(service: RunningService) -> None:
    answer = post(service, "txt2img", {"prompt": "a red apple", "seed": 3}).json()
    assert [told(image) for image in opened(answer["images"])] == drawn_here("a red apple", seed=3)
    assert json.loads(answer["info"])["steps"] == 20
    told_of_random = json.loads(post(service, "txt2img", APPLE | {"seed": -1}).json()["info"])
    assert told_of_random["seed"] >= 0


def test_info_is_complete(service: RunningService) -> None:
    info = json.loads(post(service, "txt2img", APPLE | {"batch_size": 2, "styles": []}).json()["info"])
    for name in ("all_prompts", "all_negative_prompts", "all_seeds", "all_subseeds", "infotexts"):
        assert len(info[name]) == 2
    assert info["sd_model_name"] == "builtin"
    assert info["infotexts"][0].startswith("a red apple\nSteps: 3, Sampler: Euler")
    assert len(info["job_timestamp"]) == 14
    assert info["job_timestamp"].isdecimal()


def test_open_webui(service: RunningService) -> None:
    """It looks at the options, sends all of them back with another model, and reads `info`."""
    options = service.get("/sdapi/v1/options")
    assert post(service, "options", options | {"sd_model_checkpoint": "builtin"}).json() is None
    titles = [model["title"] for model in service.get("/sdapi/v1/sd-models")]
    assert service.get("/sdapi/v1/options")["sd_model_checkpoint"] in titles
    body = {"prompt": "a red apple", "batch_size": 1, "width": 128, "height": 128, "steps": 4, "negative_prompt": "x"}
    answer = post(service, "txt2img", body | {"sampler_name": "Euler", "scheduler": "Normal", "cfg_scale": 7}).json()
    assert json.loads(answer["info"])["cfg_scale"] == 7
    assert base64.b64decode(answer["images"][0]).startswith(b"\x89PNG")


def test_silly_tavern(service: RunningService) -> None:
    """All that it asks before it draws; its own fields come along, and what they hold is not told again."""
    for path in ("options", "upscalers", "latent-upscale-modes", "sd-vae", "samplers", "schedulers", "sd-models"):
        assert service.client.get(f"/sdapi/v1/{path}").is_success
    assert service.get("/sdapi/v1/progress")["progress"] == 0
    body = APPLE | {
        "sampler_name": "Euler a",
        "scheduler": "Karras",
        "cfg_scale": 7,
        "restore_faces": False,
        "enable_hr": False,
        "hr_upscaler": "Latent",
        "hr_scale": 2,
        "hr_additional_modules": [],
        "denoising_strength": 0.7,
        "hr_second_pass_steps": 0,
        "seed": None,
        "override_settings": {"CLIP_stop_at_last_layers": 1, "sd_vae": "Automatic"},
        "override_settings_restore_afterwards": True,
        "clip_skip": 1,
        "save_images": True,
        "send_images": True,
        "do_not_save_grid": False,
        "do_not_save_samples": False,
        "auth": "user:word-of-mouth",
        "url": "http://127.0.0.1",
    }
    answer = post(service, "txt2img", body)
    assert len(answer.json()["images"]) == 1
    assert "word-of-mouth" not in answer.text
    warnings = json.loads(answer.json()["info"])["warnings"]
    assert [each.split("'")[1] for each in warnings] == ["auth", "clip_skip", "hr_additional_modules", "url"]
    assert post(service, "interrupt", None).json() == {}


@pytest.mark.parametrize(
    ("asked", "status", "said"),
    [
        ({"steps": 0}, 422, "steps"),
        ({"steps": "many"}, 422, "steps"),
        ({"cfg_scale": 1000}, 422, "cfg_scale"),
        ({"seed": 2**63}, 422, "seed"),
        ({"prompt": " "}, 422, "prompt"),
        ({"sampler_name": "DPM fast"}, 400, "Sampler not found"),
        ({"scheduler": "Turbo"}, 400, "Scheduler not found"),
        ({"styles": ["photo"]}, 422, "styles"),
        ({"alwayson_scripts": {"Dynamic Thresholding": {"args": [True]}}}, 422, "Dynamic Thresholding"),
        ({"alwayson_scripts": {"controlnet": {"args": [{"module": "canny", "enabled": True}]}}}, 422, "image"),
        ({"alwayson_scripts": {"controlnet": {"args": [{"module": "depth", "image": "AA=="}]}}}, 422, "depth"),
        ({"alwayson_scripts": {"controlnet": 3}}, 422, "args"),
        ({"override_settings": {"sd_vae": "soft.pt"}}, 422, "soft.pt"),
        ({"override_settings": {"eta_noise_seed_delta": 31337}}, 422, "eta_noise_seed_delta"),
        ({"override_settings": {"CLIP_stop_at_last_layers": 40}}, 422, "CLIP_stop_at_last_layers"),
        ({"enable_hr": True, "hr_upscaler": "R-ESRGAN 4x+"}, 422, "hr_upscaler"),
        ({"enable_hr": True, "hr_resize_x": 256, "hr_resize_y": 512}, 422, "hr_resize_x"),
        ({"enable_hr": True, "hr_scale": 1e300}, 422, "hr_scale"),
        ({"enable_hr": True, "hr_prompt": "a green pear"}, 422, "hr_prompt"),
        ({"sampler_name": "DPM++ 2M SDE", "eta": 0.5}, 422, "eta"),
        ({"sampler_name": "Euler", "s_churn": 3}, 422, "s_churn"),
        ({"prompt": "a <lora:../../secret:1>"}, 422, "prompt"),
        ({"override_settings": {"sd_model_checkpoint": "/etc/passwd"}}, 422, "sd_model_checkpoint"),
        ({"script_args": [[[[]] * 1], json.loads("[" * 40 + "]" * 40)]}, 422, "body"),
    ],
)
def test_errors_in_its_shape(service: RunningService, asked: dict[str, Any], status: int, said: str) -> None:
    answer = post(service, "txt2img", APPLE | asked)
    assert answer.status_code == status, answer.text
    problem = answer.json()
    assert set(problem) == {"error", "detail", "body", "errors"}
    assert said in json.dumps(problem["detail"])
    assert str(service.home) not in answer.text


def test_broken_bodies_are_no_errors_of_ours(service: RunningService) -> None:
    for body in (
        b"{",
        b'{"steps": NaN}',
        b'{"cfg_scale": 1e999}',
        b'{"prompt": "\\ud800"}',
        b'{"seed": ' + b"9" * 5000 + b"}",
    ):
        answer = service.client.post("/sdapi/v1/txt2img", content=body, headers={"content-type": "application/json"})
        assert answer.status_code == 400, (body[:20], answer.text)
        assert isinstance(answer.json()["detail"], str)
    assert post(service, "txt2img", [1]).status_code == 422


def test_pictures_that_are_none(service: RunningService) -> None:
    for given in ("", "not base64!", base64.b64encode(b"<svg onload=alert(1)>").decode(), "http://127.0.0.1/a.png"):
        answer = post(service, "img2img", APPLE | {"init_images": [given]})
        assert answer.status_code == 422, answer.text
    assert post(service, "img2img", APPLE).status_code == 404
    assert post(service, "png-info", {"image": "AAAA"}).status_code == 422
    edges = {"controlnet_module": "canny", "controlnet_images": ["AAAA"], "controlnet_threshold_a": 1e300}
    assert service.client.post("/controlnet/detect", json=edges).status_code == 422


def test_resize_modes(service: RunningService, tmp_path: Path) -> None:
    """Cropping is what our own img2img does; the other ways bring the picture into its proportions first."""
    image = in_base64(photo(tmp_path / "wide.png", (96, 48)))
    asked = APPLE | {"width": 64, "height": 64, "init_images": [image], "denoising_strength": 0.5}
    ours = {"seed": 7, "steps": 3, "size": 64, "image": tmp_path / "wide.png", "strength": 0.5}
    recipes = {
        mode: told(opened(post(service, "img2img", asked | {"resize_mode": mode}).json()["images"])[0])
        for mode in (0, 1, 2)
    }
    assert [recipes[1]] == drawn_here("a red apple", **ours)
    assert len({each.recipe for each in recipes.values()}) == 3
    assert post(service, "img2img", asked | {"resize_mode": 3}).status_code == 422
    fitting = asked | {"height": 32, "resize_mode": 0}
    answer = post(service, "img2img", fitting).json()
    assert [told(image) for image in opened(answer["images"])] == drawn_here("a red apple", **ours | {"size": "64x32"})


def test_masks(service: RunningService, tmp_path: Path) -> None:
    """A mask of another size is brought to the picture's; inverted, only masked, and filled from around."""
    photo(tmp_path / "photo.png", (64, 64))
    mask(tmp_path / "mask.png", (64, 64), (16, 16, 32, 32))
    mask(tmp_path / "large.png", (128, 128), (32, 32, 64, 64))
    asked = APPLE | {"width": 64, "height": 64, "init_images": [in_base64(tmp_path / "photo.png")]}
    ours = {"seed": 7, "steps": 3, "size": 64, "image": tmp_path / "photo.png", "strength": 0.75}
    ours |= {"mask": tmp_path / "mask.png", "mask_invert": True, "only_masked": True, "padding": 8}
    body = asked | {"inpainting_fill": 1, "inpainting_mask_invert": 1, "inpaint_full_res_padding": 8}
    for name in ("mask.png", "large.png"):
        answer = post(service, "img2img", body | {"mask": in_base64(tmp_path / name)}).json()
        assert [told(image).pixels for image in opened(answer["images"])] == [
            picture.pixels for picture in drawn_here("a red apple", **ours)
        ]
    filled = post(service, "img2img", asked | {"mask": in_base64(tmp_path / "mask.png")})
    assert filled.status_code == 200


def test_hires_to_a_size(service: RunningService) -> None:
    body = APPLE | {"enable_hr": True, "hr_resize_x": 192, "hr_resize_y": 192, "denoising_strength": 0.4}
    ours = {"seed": 7, "steps": 3, "size": 128, "hires_scale": 1.5, "hires_strength": 0.4}
    answer = post(service, "txt2img", body).json()
    assert [told(image) for image in opened(answer["images"])] == drawn_here("a red apple", **ours)
    old = APPLE | {"width": 192, "height": 192, "firstphase_width": 128, "firstphase_height": 128, "enable_hr": True}
    answer = post(service, "txt2img", old | {"denoising_strength": 0.4}).json()
    assert [told(image) for image in opened(answer["images"])] == drawn_here("a red apple", **ours)


def test_task_by_its_id(service: RunningService) -> None:
    task = "task(txt2img-ABC1234)"
    assert task_of(service, task) | {"live_preview": None} == task_of(service, "task(x)")
    thread, answers = in_background(service, LONG | {"force_task_id": task})
    wait_until(lambda: (task_of(service, task)["progress"] or 0) > 0.01)
    waiting, waited = in_background(service, APPLE | {"force_task_id": "second"})
    wait_until(lambda: task_of(service, "second")["queued"])
    assert task_of(service, "second")["textinfo"] == "In queue: 2/1"
    assert service.get("/internal/pending-tasks") == {"size": 1, "tasks": ["second"]}
    wait_until(lambda: task_of(service, task)["live_preview"])
    far = task_of(service, task)
    assert far["active"]
    assert far["live_preview"].startswith("data:image/jpeg;base64,")
    assert task_of(service, task, live_preview=False)["live_preview"] is None
    now = service.get("/sdapi/v1/progress")
    assert now["current_task"] == task
    assert base64.b64decode(now["current_image"]).startswith(b"\xff\xd8")
    assert service.get("/sdapi/v1/progress?skip_current_image=true")["current_image"] is None
    assert post(service, "interrupt", {}).json() == {}
    for each in (thread, waiting):
        each.join()
    assert len(answers[0].json()["images"]) < 200
    assert len(waited[0].json()["images"]) == 1  # which nobody interrupted
    assert task_of(service, task)["completed"]


def test_client_that_goes_away_takes_its_job_along(service: RunningService) -> None:
    with pytest.raises(httpx2.TimeoutException), service.open_client() as client:
        client.post("/sdapi/v1/txt2img", json=LONG | {"steps": 1000, "force_task_id": "gone"}, timeout=2.0)
    wait_until(lambda: service.get("/sdapi/v1/progress")["state"]["job_count"] == 0)
    (state,) = {job["state"] for job in service.get("/api/v1/jobs")["jobs"][:1]}
    assert state == "cancelled"


def test_jobs_of_others_are_not_interrupted(service: RunningService) -> None:
    job = service.submit(prompt="a pear", seed=1, steps=100, num=100)
    wait_until(lambda: service.get(f"/api/v1/jobs/{job['id']}")["done"] >= 1)
    assert post(service, "interrupt", {}).json() == {}
    assert service.get("/sdapi/v1/progress")["state"]["job_count"] == 100
    assert service.get(f"/api/v1/jobs/{job['id']}")["state"] == "running"
    service.client.post(f"/api/v1/jobs/{job['id']}/cancel")
    assert service.wait(job["id"])["state"] == "cancelled"


def test_settings_are_kept(tmp_path: Path) -> None:
    with running_service(tmp_path / "home") as service:
        assert (
            post(service, "options", {"CLIP_stop_at_last_layers": 2, "outdir_samples": "/tmp", "new": 1}).json() is None
        )
        assert post(service, "options", {"sd_model_checkpoint": "nope"}).status_code == 422
        for wrong in (13, -3, 1e300, 1.5, "2"):
            assert post(service, "options", {"CLIP_stop_at_last_layers": wrong}).status_code == 422
        kept = post(service, "txt2img", APPLE | {"override_settings": {"samples_format": "webp"}}).json()
        assert base64.b64decode(kept["images"][0])[8:12] == b"WEBP"
        assert json.loads(kept["info"])["clip_skip"] == 2
        once = {"override_settings": {"randn_source": "CPU"}, "override_settings_restore_afterwards": False}
        post(service, "txt2img", APPLE | once)
    with running_service(tmp_path / "home") as service:
        options = service.get("/sdapi/v1/options")
        assert (options["CLIP_stop_at_last_layers"], options["randn_source"]) == (2, "CPU")
        assert options["outdir_samples"] == ""
        assert post(service, "unload-checkpoint", {}).json() == {}
        assert post(service, "txt2img", APPLE).is_success


def test_styles_of_the_service(service: RunningService) -> None:
    table = "name,prompt,negative_prompt\nphoto,a photo of {prompt},blurry\n"
    (service.folder / "styles.csv").write_text(table)
    try:
        assert service.get("/sdapi/v1/prompt-styles") == [
            {"name": "photo", "prompt": "a photo of {prompt}", "negative_prompt": "blurry"}
        ]
        info = json.loads(post(service, "txt2img", APPLE | {"styles": ["photo"]}).json()["info"])
        assert (info["prompt"], info["negative_prompt"]) == ("a photo of a red apple", "blurry")
        assert info["styles"] == ["photo"]
    finally:
        (service.folder / "styles.csv").unlink()


def test_files_of_the_library_by_name(tmp_path: Path) -> None:
    """As they are called in A1111's folder; what is chosen is found by any of its names."""
    models = tmp_path / "webui" / "models"
    for folder in (models / "Stable-diffusion", models / "VAE", models / "Lora", tmp_path / "webui" / "embeddings"):
        folder.mkdir(parents=True)
    write_header(models / "Stable-diffusion" / "paper.safetensors", SD15)
    write_header(models / "VAE" / "soft.safetensors", {"decoder.conv_in.weight": (512, 4, 3, 3)})
    write_header(
        models / "Lora" / "chalk.safetensors", {"lora_unet_mid_block_attentions_0_proj_in.lora_down.weight": (4, 320)}
    )
    write_header(tmp_path / "webui" / "embeddings" / "mystyle.safetensors", {"emb_params": (2, 768)})
    with running_service(tmp_path / "home", env={"SDPLAY_MODELS": str(tmp_path / "webui")}) as service:
        paper = next(model for model in service.get("/sdapi/v1/sd-models") if model["model_name"] == "paper")
        assert paper["title"].partition(" [")[0] == paper["filename"] == "paper.safetensors"
        assert service.get("/sdapi/v1/sd-vae") == [{"model_name": "soft.safetensors", "filename": "soft.safetensors"}]
        assert "chalk.safetensors" in {lora["path"] for lora in service.get("/sdapi/v1/loras")}
        assert service.get("/sdapi/v1/embeddings")["loaded"]["mystyle"]["vectors"] == 2
        asked = APPLE | {"prompt": "a castle in mystyle <lora:chalk:0.8>"}
        settings = {"sd_model_checkpoint": paper["title"], "sd_vae": "soft.safetensors"}
        answer = post(service, "txt2img", asked | {"override_settings": settings})
        assert answer.status_code == 200, answer.text
        info = json.loads(answer.json()["info"])
        assert (info["sd_model_name"], info["sd_vae_name"]) == ("paper", "soft")
        assert {"Lora hashes", "TI hashes"} <= info["extra_generation_params"].keys()
        for path in ("sd-models", "sd-vae", "loras", "embeddings"):
            assert str(tmp_path) not in service.client.get(f"/sdapi/v1/{path}").text


def test_nobody_takes_it_for_comfyui(service: RunningService) -> None:
    for path in ("/system_stats", "/object_info", "/prompt", "/queue"):
        assert service.client.get(path).status_code == 404


def test_no_folder_is_told(service: RunningService) -> None:
    for path in ("options", "sd-models", "loras", "embeddings", "upscalers", "sd-vae", "cmd-flags", "scripts"):
        text = service.client.get(f"/sdapi/v1/{path}").text
        assert str(service.home) not in text
        assert str(Path(__file__).parents[4]) not in text
