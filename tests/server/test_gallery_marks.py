"""The gallery's list: searched, sorted, seen from any place, starred, rated, thrown away and put back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.patience import wait_until
from tests.support.service import RunningService, running_service

PICTURES = "/api/v1/pictures"


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service with nothing but these pictures: 5 of a red fox, 3 of a blue whale, a film."""
    with running_service(tmp_path_factory.mktemp("home")) as service:
        service.wait(service.submit(prompt="a red fox, naïve art", num=5, seed=100, steps=1)["id"])
        service.wait(service.submit(prompt="a blue whale", negative_prompt="red", num=3, seed=9, steps=1)["id"])
        service.wait(service.submit("dream", prompts=["a star", "a moon"], num=4, steps=1)["id"])
        yield service


def ids(service: RunningService, **query: Any) -> list[int]:
    answer = service.client.get(PICTURES, params=query)
    assert answer.is_success, answer.text
    return [picture["id"] for picture in answer.json()["pictures"]]


def change(service: RunningService, pictures: list[int], **marks: Any) -> int:
    answer = service.client.patch(PICTURES, json={"pictures": pictures, **marks})
    assert answer.status_code == 200, answer.text
    return answer.json()["changed"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("fox", 5),
        ("FOX Red", 5),
        ("red", 8),
        ("red -whale", 5),
        ('"red fox"', 5),
        ('"fox red"', 0),
        ('-"red fox" red', 3),
        ("NAÏVE", 5),
        ("103", 1),
        ("builtin", 9),
        ("%", 0),
        ("_", 0),
        ("\\", 0),
        ("' OR 1=1 --", 0),
        ("", 9),
        ("-", 9),
    ],
)
def test_words_are_looked_for_in_all_that_a_picture_says(gallery: RunningService, text: str, found: int) -> None:
    answer = gallery.client.get(PICTURES, params={"text": text, "total": True}).json()
    if text == "-":  # in the day of each
        assert answer["total"] == 9
    assert (len(answer["pictures"]), answer["total"]) == (found, found)


def test_list_is_seen_from_any_place(gallery: RunningService) -> None:
    whole = ids(gallery)
    assert whole == sorted(whole, reverse=True)
    assert ids(gallery, sort="oldest") == whole[::-1]
    assert ids(gallery, offset=3, limit=4) == whole[3:7]
    assert ids(gallery, offset=7, limit=50) == whole[7:]
    assert ids(gallery, offset=100) == []
    assert ids(gallery, upto=whole[2], limit=3) == whole[2:5]
    assert gallery.get(f"{PICTURES}/numbers?offset=2&limit=3")["pictures"] == whole[2:5]
    assert gallery.get(f"{PICTURES}/{whole[4]}/place") == {"offset": 4, "total": 9}
    assert gallery.get(f"{PICTURES}/{whole[4]}/place?sort=oldest") == {"offset": 4, "total": 9}
    fox = gallery.get(f"{PICTURES}/numbers?text=fox")["pictures"]
    assert gallery.get(f"{PICTURES}/{fox[1]}/place?text=fox") == {"offset": 1, "total": 5}
    assert gallery.get(f"{PICTURES}/{whole[0]}/place?text=fox")["offset"] is None


def test_films_days_and_models_are_filters(gallery: RunningService) -> None:
    (film,) = ids(gallery, kind="film")
    shown = gallery.get(f"{PICTURES}/{film}")
    assert (shown["film"], shown["name"]) == (True, f"{shown['job']}.mp4")
    assert len(ids(gallery, kind="picture")) == 8
    assert len(ids(gallery, since=0, until=shown["created"])) == 8
    assert ids(gallery, since=shown["created"]) == [film]
    assert ids(gallery, model="another") == []


def test_stars_and_ratings_are_kept_filtered_and_sorted(gallery: RunningService) -> None:
    whole = ids(gallery)
    assert change(gallery, whole[2:5], starred=True) == 3
    assert change(gallery, [whole[3], 99999], rating=5) == 1
    assert change(gallery, [whole[6]], rating=3) == 1
    assert ids(gallery, starred=True) == whole[2:5]
    assert ids(gallery, rating=4) == [whole[3]]
    assert ids(gallery, sort="rating")[:3] == [whole[3], whole[6], whole[0]]
    assert gallery.get(f"{PICTURES}/{whole[3]}/place?sort=rating")["offset"] == 0
    assert gallery.get(f"{PICTURES}/{whole[1]}/place?sort=rating")["offset"] == 3
    facets = gallery.get(f"{PICTURES}/facets")
    assert facets == {"total": 9, "starred": 3, "trash": 0, "models": {"builtin": 9}}
    change(gallery, whole, starred=False, rating=0)
    assert ids(gallery, starred=True) == []


def test_trash_keeps_the_file_and_gives_it_back(gallery: RunningService) -> None:
    whole = ids(gallery)
    two = ids(gallery, text="fox")[:2]
    files = {number: gallery.client.get(f"{PICTURES}/{number}/file").content for number in two}
    before = sorted(path.name for path in (gallery.folder / "pictures").rglob("*.png"))
    assert change(gallery, two, trash=True) == 2
    assert ids(gallery, trash=True) == two
    assert set(ids(gallery)) == set(whole) - set(two)
    assert len([one for one in (gallery.folder / "pictures").rglob("*.png") if ".trash" not in one.parts]) == 6
    assert gallery.client.get(f"{PICTURES}/{two[0]}/file").content == files[two[0]]
    gallery.client.post(f"{PICTURES}/scan")
    assert ids(gallery, trash=True) == two
    assert change(gallery, two, trash=False) == 2
    assert ids(gallery) == whole
    assert sorted(path.name for path in (gallery.folder / "pictures").rglob("*.png")) == before


def test_what_is_put_back_never_overwrites_another(gallery: RunningService) -> None:
    path = gallery.folder / "pictures" / "same.png"
    content = next((gallery.folder / "pictures").rglob("*.png")).read_bytes()
    path.write_bytes(content)
    gallery.client.post(f"{PICTURES}/scan")
    (first,) = ids(gallery, text="same.png")
    change(gallery, [first], trash=True)
    path.write_bytes(content + b"2")
    gallery.client.post(f"{PICTURES}/scan")
    assert len(ids(gallery, text="same.png")) == 1
    change(gallery, [first], trash=False)
    assert gallery.get(f"{PICTURES}/{first}")["name"] == "same (2).png"
    assert path.read_bytes() == content + b"2"
    for number in [*ids(gallery, text="same.png"), first]:
        gallery.client.delete(f"{PICTURES}/{number}")


def test_trash_is_emptied_by_hand_alone(tmp_path: Any) -> None:
    with running_service(tmp_path) as service:
        job = service.wait(service.submit(prompt="a cat", num=3, steps=1)["id"])
        gone, kept = job["pictures"][0]["id"], job["pictures"][1]["id"]
        change(service, [gone], trash=True)
    with running_service(tmp_path) as service:
        assert ids(service, trash=True) == [gone]
        answer = service.client.delete(f"{PICTURES}/trash")
        assert answer.json() == {"changed": 1}
        assert service.client.get(f"{PICTURES}/{gone}").status_code == 404
        assert not list((service.folder / "pictures" / ".trash").iterdir())
        assert service.client.get(f"{PICTURES}/{kept}/file").status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"pictures": [1]},
        {"pictures": [1], "rating": 6},
        {"pictures": [1], "rating": True},
        {"pictures": ["1"], "starred": True},
        {"pictures": [2**63], "starred": True},
        {"pictures": [-1], "starred": True},
        {"pictures": [1], "starred": 1},
        {"pictures": [1], "other": True},
        {"starred": True},
    ],
)
def test_wrong_marks_are_refused(gallery: RunningService, body: dict[str, Any]) -> None:
    assert gallery.client.patch(PICTURES, json=body).status_code == 422


def test_who_listens_hears_of_marks(gallery: RunningService) -> None:
    number = ids(gallery)[0]
    last = gallery.get("/api/v1/queue")["last_event"]
    change(gallery, [number], starred=True)
    change(gallery, [number], starred=False)
    with gallery.client.stream("GET", f"/api/v1/events?after={last}") as stream:
        lines = (line for line in stream.iter_lines() if line.startswith(("event:", "data:")))
        assert next(lines) == "event: changed"
        assert f'"pictures":[{number}]' in next(lines)


def test_picture_drawn_again_after_its_file_was_taken_away_is_shown_again(gallery: RunningService) -> None:
    gallery.client.post("/api/v1/queue/pause")
    job = gallery.submit(prompt="a slow tortoise", num=2, steps=1)["id"]
    gallery.client.post("/api/v1/queue/resume")
    ended = gallery.wait(job)
    path = next((gallery.folder / "pictures").rglob(f"{job}-0000-*"))
    content = path.read_bytes()
    path.unlink()
    wait_until(lambda: gallery.client.post(f"{PICTURES}/scan").json()["gone"] >= 0 and len(ids(gallery, job=job)) == 1)
    path.write_bytes(content)
    wait_until(lambda: gallery.client.post(f"{PICTURES}/scan").is_success and len(ids(gallery, job=job)) == 2)
    assert ids(gallery, job=job) == [each["id"] for each in ended["pictures"]]
