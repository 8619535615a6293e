"""Run options are given beside the other fields, and can be taken away without touching the picture."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from sdplay.core.errors import BadRequest, BadRequests
from sdplay.requests.base import make_request
from sdplay.requests.run_options import RunOptions
from sdplay.requests.txt2img import Txt2Img


def test_they_are_given_and_dumped_as_fields() -> None:
    request = make_request(Txt2Img, prompt="a cat", device="cpu", low_memory=True)
    assert (request.run.device, request.run.low_memory) == ("cpu", True)
    fields = request.model_dump()
    assert "run" not in fields
    assert make_request(Txt2Img, **fields) == request
    assert make_request(Txt2Img, **{**fields, "device": "gpu"}).run == RunOptions(device="gpu", low_memory=True)


def test_they_may_be_given_as_one() -> None:
    run = RunOptions(device="cpu", batch_size=2)
    assert make_request(Txt2Img, prompt="a cat", run=run) == make_request(
        Txt2Img, prompt="a cat", device="cpu", batch_size=2
    )
    assert make_request(Txt2Img, prompt="a cat", run=run, device="gpu").run == RunOptions(device="gpu", batch_size=2)


def test_a_server_takes_them_away_and_nothing_else() -> None:
    plain = make_request(Txt2Img, prompt="a cat", steps=3)
    asked = make_request(Txt2Img, prompt="a cat", steps=3, device="cuda:1", allow_pickle=True, max_memory="4GiB")
    assert asked != plain
    assert asked.without_run_options() == plain
    assert asked.to_dict() == plain.to_dict()


def test_an_error_in_one_names_it_as_any_other_field() -> None:
    with pytest.raises(BadRequest, match="batch_size = 0") as caught:
        make_request(Txt2Img, prompt="a cat", batch_size=0)
    assert caught.value.field == "batch_size"


def test_wrong_values_of_options_made_alone_are_the_same_error() -> None:
    with pytest.raises(BadRequests) as caught:
        RunOptions(batch_size=0, max_memory="lots", devise="cpu")  # pyright: ignore[reportCallIssue]
    assert {(problem.field, problem.value) for problem in caught.value.problems} == {
        ("batch_size", 0),
        ("max_memory", "lots"),
        ("option", "devise"),
    }
    assert "did you mean 'device'?" in str(caught.value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: RunOptions(batch_size=0),
        lambda: RunOptions.model_validate({"batch_size": 0}),
        lambda: RunOptions.model_validate_json('{"batch_size": 0}'),
        lambda: make_request(Txt2Img, prompt="a cat", batch_size=0),
        lambda: make_request(Txt2Img, prompt="a cat", run={"batch_size": 0}),
        lambda: Txt2Img(prompt="a cat").with_run_options(batch_size=0),
    ],
)
def test_a_wrong_value_is_one_error_by_whichever_door(make: Callable[[], object]) -> None:
    with pytest.raises(BadRequest) as caught:
        make()
    assert (caught.value.field, caught.value.value) == ("batch_size", 0)


def test_what_is_wrong_in_them_is_reported_with_the_rest() -> None:
    with pytest.raises(BadRequests) as caught:
        make_request(Txt2Img, prompt="a cat", steps=0, run={"batch_size": 0, "devise": "cpu"})
    assert [problem.field for problem in caught.value.problems] == ["steps", "batch_size", "option"]


@pytest.mark.parametrize("run", [3, None, "cpu"])
@pytest.mark.parametrize("more", [{}, {"device": "cpu"}])
def test_what_is_not_run_options_is_refused(run: object, more: dict[str, str]) -> None:
    with pytest.raises(BadRequest) as caught:
        make_request(Txt2Img, prompt="a cat", run=run, **more)
    assert (caught.value.field, caught.value.value) == ("run", run)
