"""Grids through /api/v1: told before, drawn cell by cell, laid out on a sheet, and taken up again after anything."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sdplay.images.own import read_sheet
from tests.support.patience import wait_until
from tests.support.service import RunningService, running_service

GRIDS, JOBS = "/api/v1/grids", "/api/v1/jobs"
SMALL: dict[str, Any] = {"prompt": "a cat", "width": 64, "height": 64, "seed": 5}


def made(service: RunningService, *axes: str, **fields: Any) -> dict[str, Any]:
    """The answer of a grid that is drawn."""
    job = service.wait(service.submit("grid", grid=list(axes), **{**SMALL, **fields})["id"])
    assert job["state"] == "completed", job["error"]
    return service.get(f"{GRIDS}/{job['id']}")


def refusal(service: RunningService, *axes: str, **fields: Any) -> dict[str, Any]:
    answers = [
        service.client.post(path, json={"mode": "grid", "grid": list(axes), **SMALL, **fields})
        for path in ("/api/v1/plan", JOBS)
    ]
    assert [answer.status_code for answer in answers] == [422, 422], answers[0].text
    assert answers[0].json() == answers[1].json()
    return answers[0].json()["error"]


def file_of(service: RunningService, picture: dict[str, Any], folder: Path) -> Path:
    path = folder / picture["name"]
    path.write_bytes(service.client.get(picture["file"]).content)
    return path


def told(service: RunningService, job: str) -> list[tuple[str, dict[str, Any]]]:
    """(type, data) of everything that was told of an ended job."""
    lines = service.client.get(f"{JOBS}/{job}/events").text.splitlines()
    types = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    data = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    return list(zip(types, data, strict=True))


def test_each_cell_is_the_picture_that_its_settings_draw(service: RunningService) -> None:
    grid = made(service, "steps=1-3", "guidance=1,5", "seed=1,2")
    assert (grid["columns"], grid["rows"], grid["blocks"]) == (3, 2, 2)
    assert [(axis["field"], axis["values"]) for axis in grid["axes"]] == [
        ("steps", ["1", "2", "3"]),
        ("guidance_scale", ["1", "5"]),
        ("seed", ["1", "2"]),
    ]
    assert grid["cells"] == [[number] for number in range(12)]
    shown = {picture["index"]: picture for picture in grid["pictures"]}
    for number, (seed, guidance, steps) in enumerate((s, g, n) for s in (1, 2) for g in (1, 5) for n in (1, 2, 3)):
        alone = service.submit(**{**SMALL, "seed": seed, "guidance_scale": guidance, "steps": steps})
        assert service.wait(alone["id"])["pictures"][0]["digest"] == shown[number]["digest"]


def test_request_of_a_grid_sent_again_is_the_same_grid(service: RunningService) -> None:
    grid = made(service, "prompt=cat|dog", "size=64,64x128", negative="blue", guidance=4)
    assert grid["request"]["grid"] == ["prompt=cat|dog", "size=64,64x128"]
    again = service.submit(**grid["request"])
    assert (again["mode"], again["recipe"]) == ("grid", grid["recipe"])
    sizes = [(one["width"], one["height"]) for one in grid["pictures"]]
    assert sizes == [(64, 64), (64, 64), (64, 128), (64, 128)]
    assert [one["prompt"] for one in grid["pictures"]] == ["a cat", "a dog", "a cat", "a dog"]


def test_size_of_a_grid_is_that_of_its_enlarged_pictures(paused: RunningService) -> None:
    job = paused.submit("grid", **{**SMALL, "grid": ["steps=1,2"], "width": 192, "height": 128})
    assert (job["width"], job["height"]) == (192, 128)
    assert (job["request"]["width"], job["request"]["height"]) == (192, 128)


def test_without_a_seed_all_cells_have_the_same(service: RunningService) -> None:
    grid = made(service, "steps=1,2", seed=None)
    assert len({picture["seed"] for picture in grid["pictures"]}) == 1


def test_sheet_is_a_picture_of_the_gallery_that_says_what_it_shows(service: RunningService, tmp_path: Path) -> None:
    grid = made(service, "steps=1,2", "guidance=1,5", format="webp")
    sheet = read_sheet(file_of(service, grid["sheet"], tmp_path))
    assert sheet is not None
    assert [(axis.name, axis.values) for axis in sheet.axes] == [("steps", ("1", "2")), ("guidance", ("1", "5"))]
    assert [picture.file for picture in sheet.pictures] == [picture["name"] for picture in grid["pictures"]]
    assert {picture.pixels for picture in sheet.pictures} == {picture["digest"] for picture in grid["pictures"]}
    service.client.post("/api/v1/pictures/scan")
    listed = service.get("/api/v1/pictures?limit=5")["pictures"]
    assert listed[0] == grid["sheet"]
    assert [one["name"] for one in listed].count(grid["sheet"]["name"]) == 1
    assert service.get(grid["sheet"]["made_from"])["request"] == grid["request"]


def test_listeners_hear_which_cells_a_picture_fills(service: RunningService) -> None:
    grid = made(service, "steps=1,2", "seed=7,7")
    assert grid["cells"] == [[0], [1], [0], [1]]
    heard = told(service, grid["id"])
    pictures = [(data["index"], data.get("cells")) for kind, data in heard if kind == "picture"]
    assert pictures == [(0, [0, 2]), (1, [1, 3]), (2, None)]
    job = service.get(f"{JOBS}/{grid['id']}")
    assert (job["total"], job["done"], len(job["pictures"])) == (2, 2, 2)


def test_a_cell_has_several_pictures(service: RunningService) -> None:
    grid = made(service, "num=1,3", "steps=1,2")
    assert grid["cells"] == [[0], [0, 1, 2], [3], [3, 4, 5]]
    assert grid["sheet"]["width"] > grid["pictures"][0]["width"]


def test_what_it_is_is_told_before(service: RunningService) -> None:
    service.wait(service.submit(**SMALL, steps=2)["id"])
    body = {"mode": "grid", "grid": ["steps=1,2", "seed=1,1,2"], **SMALL}
    plan = service.client.post("/api/v1/plan", json=body).json()
    assert (plan["mode"], plan["total"], plan["grid"]["cells"]) == ("grid", 4, 6)
    assert (plan["grid"]["columns"], plan["grid"]["rows"], plan["grid"]["blocks"]) == (2, 3, 1)
    one = service.client.post("/api/v1/plan", json={**SMALL, "steps": 2}).json()
    assert plan["memory"]["bytes"] == one["memory"]["bytes"]
    assert plan["disk_bytes"] > one["disk_bytes"]


@pytest.mark.parametrize(
    ("axes", "field"),
    [
        (["steps=1,x"], "grid steps"),
        (["stepps=1"], "grid axis"),
        (["steps=1", "steps=2"], "grid steps"),
        (["prompt=dog|bird"], "grid prompt"),
        (["steps=1-600", "seed=1,2"], "grid"),
        (["num=900", "seed=1,1000"], "grid"),
        (["model=builtin,/etc/passwd"], "grid model"),
        (["prompt=cat|<lora:/etc/passwd:1>"], "grid prompt"),
        (["prompt=cat|<lora:P:1>", "prompt=P|/etc/passwd"], "grid prompt"),
        (["styles_file=styles.csv"], "grid styles-file"),
        (["device=cpu,cuda"], "grid device"),
        (["control_image=a.png"], "grid control-image"),
        (["sampler=euler,nothing"], "grid sampler"),
        ([], "grid"),
        (["a=1", "b=2", "c=3", "d=4"], "grid"),
        (["steps"], "grid"),
    ],
)
def test_what_is_wrong_is_said_at_its_axis(service: RunningService, axes: list[str], field: str) -> None:
    assert refusal(service, *axes)["field"] == field


@pytest.mark.parametrize("axes", [None, 3, {"steps": [1]}, [3], [["steps=1"]], "x" * 30_000])
def test_what_are_no_axes_is_refused(service: RunningService, axes: Any) -> None:
    answer = service.client.post(JOBS, json={**SMALL, "mode": "grid", "grid": axes})
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "grid")


def test_all_that_is_wrong_is_said_at_once(service: RunningService) -> None:
    problems = refusal(service, "steps=x", "guidance=y", guidance=3, width=65, height=3)["problems"]
    assert {problem["field"] for problem in problems} >= {"grid steps", "grid guidance", "width", "height"}


def test_pixels_that_prove_nothing_are_refused(service: RunningService) -> None:
    assert refusal(service, "steps=1,2", format="jpeg")["field"] == "format"


def test_a_grid_starts_from_a_picture(service: RunningService) -> None:
    first = service.wait(service.submit(**SMALL)["id"])["pictures"][0]
    content = service.client.get(first["file"]).content
    upload = service.client.post("/api/v1/uploads", files={"file": ("a.png", content, "image/png")}).json()["id"]
    grid = made(service, "strength=0.2,0.9", image=upload)
    assert (grid["request"]["image"], grid["axes"][0]["field"]) == (upload, "strength")
    assert refusal(service, "strength=0.2,0.9")["field"] == "grid axis"
    assert refusal(service, "strength=0.2,0.9", image="nothing")["field"] == "image"


def test_draw_answers_with_the_sheet(service: RunningService) -> None:
    answer = service.client.post("/api/v1/draw", json={**SMALL, "mode": "grid", "grid": ["steps=1,2"]})
    assert answer.headers["content-type"] == "image/png"
    sheet = service.get(GRIDS)["grids"][0]["sheet"]
    assert answer.content == service.client.get(sheet["file"]).content


def test_grids_are_listed_with_their_first_cells(paused: RunningService) -> None:
    names = [paused.submit("grid", grid=["seed=1-9", f"steps={steps}-6"], **SMALL)["id"] for steps in (1, 2)]
    first = paused.get(f"{GRIDS}?limit=1")
    assert [one["id"] for one in first["grids"]] == names[1:]
    assert first["grids"][0]["covers"] == [[None] * 4] * 4
    assert paused.get(f"{GRIDS}?limit=1&before={first['next']}")["grids"][0]["id"] == names[0]
    assert paused.client.get(f"{GRIDS}/{paused.submit(**SMALL)['id']}").status_code == 404


def test_axes_are_told_with_what_they_take(service: RunningService) -> None:
    axes = {axis["field"]: axis for axis in service.get(f"{GRIDS}/axes")["axes"]}
    assert (axes["steps"]["kind"], axes["steps"]["least"], axes["steps"]["most"]) == ("whole", 1, 1000)
    assert (axes["guidance_scale"]["name"], axes["guidance_scale"]["kind"]) == ("guidance", "number")
    assert axes["prompt"]["kind"] == "words"
    assert "euler" in axes["sampler"]["choices"]
    assert axes["size"]["kind"] == "size"
    assert axes["strength"]["modes"] == ["img2img", "inpaint"]
    assert axes.keys().isdisjoint({"styles_file", "device", "image", "mask", "mode"})


def test_cancelled_grid_goes_on_with_what_is_missing(service: RunningService) -> None:
    job = service.submit("grid", grid=["seed=1-200"], **SMALL)
    wait_until(lambda: service.get(job["url"])["done"] >= 3)
    service.client.post(f"{job['url']}/cancel")
    before = service.wait(job["id"])
    assert before["state"] == "cancelled"
    assert service.get(f"{GRIDS}/{job['id']}")["sheet"] is None
    service.client.post(f"{job['url']}/retry")
    after = service.wait(job["id"])
    assert (after["state"], after["done"]) == ("completed", 200)
    assert after["pictures"][: len(before["pictures"])] == before["pictures"]


def test_killed_service_goes_on_with_its_grid(tmp_path: Path) -> None:
    with running_service(tmp_path) as service:
        job = service.submit("grid", grid=["seed=1-20", "steps=1-10"], **SMALL)
        wait_until(lambda: service.get(job["url"])["done"] >= 3)
        service.kill()
    with running_service(tmp_path) as service:
        after = service.wait(job["id"])
        grid = service.get(f"{GRIDS}/{job['id']}")
        assert (after["state"], after["done"]) == ("completed", 200)
        assert [picture["index"] for picture in grid["pictures"]] == list(range(200))
        assert grid["sheet"]["name"] == f"{job['id']}-grid.png"
        service.client.post("/api/v1/pictures/scan")
        assert service.get("/api/v1/pictures?total=true&limit=1")["total"] == 201
