"""`sd-backend-client`, which asks what a server is before it speaks to it, unmodified against a real server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sd_backend_client.api.a1111_webservice import A1111Webservice
from sd_backend_client.api.detect import connect_to_backend
from sd_backend_client.api.shared_data.controlnet.controlnet_preprocessor import PreprocessorParams
from sd_backend_client.api.shared_data.controlnet.controlnet_unit import ControlNetUnit
from sd_backend_client.api.webui.diffusion_request_body import DiffusionRequestBody, InpaintFillOption
from sd_backend_client.errors import AuthError, ServerError

from tests.support.a1111 import drawn_here, photograph, told, white_box
from tests.support.builtin import FOLDERS
from tests.support.patience import PATIENCE
from tests.support.service import RunningService, running_service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    with running_service(tmp_path_factory.mktemp("home")) as service:
        yield service


@pytest.fixture
def backend(service: RunningService) -> A1111Webservice:
    found = connect_to_backend(service.url, request_timeout=PATIENCE)
    assert isinstance(found, A1111Webservice)  # and not ComfyUI
    return found


def apple(**more: object) -> DiffusionRequestBody:
    return DiffusionRequestBody(
        prompt="a red apple", seed=5, steps=3, width=128, height=128, sampler="euler", scheduler="karras", **more
    )


OURS = {"seed": 5, "steps": 3, "guidance_scale": 7.0, "sampler": "euler", "schedule": "karras"}


def test_txt2img_job(backend: A1111Webservice) -> None:
    handle = backend.submit_txt2img(apple(batch_size=2))
    result = handle.wait(timeout=PATIENCE)
    assert [told(image) for image in result.images] == drawn_here("a red apple", num=2, size=128, **OURS)
    assert (result.seeds, result.control_maps) == ([5, 6], [])
    assert backend.progress_check().state.job_count == 0


def test_img2img_and_inpaint(backend: A1111Webservice, tmp_path: Path) -> None:
    given, mask = photograph(tmp_path, (128, 128)), white_box((128, 128), (32, 32, 80, 80))
    mask.save(tmp_path / "mask.png")
    ours = OURS | {"image": tmp_path / "photo.png", "size": 128}
    result = backend.submit_img2img(apple(init_images=[given], denoising_strength=0.4)).wait(timeout=PATIENCE)
    assert [told(image) for image in result.images] == drawn_here("a red apple", **ours, strength=0.4)
    body = apple(init_images=[given], mask=mask, mask_blur=2, inpaint_full_res=False)
    result = backend.submit_inpaint(body).wait(timeout=PATIENCE)
    ours |= {"mask": tmp_path / "mask.png", "mask_blur": 2.0, "strength": 0.75}
    assert [told(image) for image in result.images] == drawn_here("a red apple", **ours, padding=0)
    body = apple(init_images=[given], mask=mask, inpainting_fill=InpaintFillOption.FILL)
    assert len(backend.submit_inpaint(body).wait(timeout=PATIENCE).images) == 1


def test_what_there_is(backend: A1111Webservice) -> None:
    able = backend.get_capabilities()
    assert (able.controlnet, able.scheduler) == (True, True)
    assert (able.ultimate_upscale, able.soft_inpainting, able.interrogate) == (False, False, False)
    assert [each.name for each in backend.list_checkpoints()] == [*FOLDERS]
    assert {"euler", "euler_ancestral", "dpmpp_2m"} <= {each.name for each in backend.list_samplers()}
    assert {"karras", "sgm_uniform"} <= {each.name for each in backend.list_schedulers()}
    assert {"blueprint", "framed"} <= {each.name for each in backend.list_loras()}
    assert "Lanczos" in {each.name for each in backend.list_upscalers()}
    assert (backend.list_vaes(), backend.list_hypernetworks(), backend.get_styles()) == ([], [], [])
    assert backend.get_latent_upscale_modes()[0] == "Latent"
    assert [script.name for script in backend.get_script_info()] == ["controlnet", "controlnet"]
    assert {"All", "Canny"} <= set(backend.get_controlnet_type_categories())
    for refresh in (backend.refresh_checkpoints, backend.refresh_vae, backend.refresh_loras):
        assert refresh().json() == {}
    backend.set_config({"sd_model_checkpoint": "builtin", "CLIP_stop_at_last_layers": 1})


def test_controlnet(backend: A1111Webservice, tmp_path: Path) -> None:
    image = photograph(tmp_path, (128, 128))
    canny = next(each for each in backend.get_controlnet_preprocessors() if each.name == "canny")
    (model, *_) = [
        each for each in backend.list_controlnet_models() if re.match(r"builtin-canny\b(?!-)", each.full_model_name)
    ]
    unit = ControlNetUnit(model=model, preprocessor=PreprocessorParams(typedef=canny), image=image)
    unit.preprocessor.parameter_values |= {"threshold_a": 80, "threshold_b": 160}
    result = backend.submit_txt2img(apple(controlnet_units=[unit])).wait(timeout=PATIENCE)
    control = {"control_image": tmp_path / "photo.png", "controlnet": "builtin-canny", "control_preprocessor": "canny"}
    ours = drawn_here("a red apple", size=128, **OURS, **control, canny_low=80, canny_high=160)
    assert [told(each) for each in result.images] == ours
    preview = backend.submit_preprocessor_preview(image, canny).wait(timeout=PATIENCE).images[0]
    assert preview.size == (128, 128)


def test_upscale(backend: A1111Webservice, tmp_path: Path) -> None:
    image = photograph(tmp_path, (40, 20))
    assert backend.submit_upscale(image, 100, 60).wait(timeout=PATIENCE).images[0].size == (100, 60)


def test_refusals(backend: A1111Webservice) -> None:
    with pytest.raises(ServerError) as caught:
        backend.txt2img(apple(tiling=True))
    assert caught.value.status_code == 422


def test_password(tmp_path: Path) -> None:
    with running_service(tmp_path / "home", "--token", "secret") as service:
        backend = A1111Webservice(service.url, credentials_provider=lambda: ("anybody", "secret"))
        assert backend.get_config()["sd_model_checkpoint"].startswith("builtin")
        with pytest.raises(AuthError):
            A1111Webservice(service.url, credentials_provider=lambda: ("anybody", "wrong")).get_config()
