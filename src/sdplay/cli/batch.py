"""Draw one request or several, one after the other: what is said of them together; one bad file spoils no other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from sdplay.cli.deliver import MOST_SHOWN, Delivery, PictureReport, Place
from sdplay.cli.flags import in_the_words_of
from sdplay.cli.follow import follow
from sdplay.cli.outcome import FAILED, reason
from sdplay.core.errors import BadRequest, Stopped
from sdplay.core.values import counted

if TYPE_CHECKING:
    from sdplay.requests.request import AnyStill
    from sdplay.studio import ResolvedRequest, Studio

FILE_FIELDS = ("image", "mask")  # an error in one of these may be the fault of one file among many


def draw_all(studio: Studio, asked: Sequence[AnyStill], delivery: Delivery) -> int:
    """Draw every request of `asked`; returns the exit code, that of a failure if one of several was skipped."""
    done = 0
    try:
        for report in picture_reports(studio, asked, delivery):
            follow(report)
            done += 1
    except Stopped as error:
        if len(asked) > 1:  # its hint, how to go on, is about one request
            raise Stopped(f"{error.reason}; {done} of {len(asked)} requests were done") from None
        raise
    if done < len(asked):
        click.echo(f"error: {len(asked) - done} of {len(asked)} requests could not be drawn", err=True)
    return 0 if done == len(asked) else FAILED


def picture_reports(studio: Studio, asked: Sequence[AnyStill], delivery: Delivery) -> Iterator[PictureReport]:
    """A report for each request, resolved when its turn comes; one whose picture cannot be used is skipped.

    A single request raises its error instead, and so does everything that is not the fault of one file.
    """
    from sdplay.requests.recipe import count

    if sum(request.num for request in asked) > MOST_SHOWN and delivery.show is None:
        delivery = replace(delivery, show=False)
    announced, said = len(asked) == 1 or delivery.quiet, set[str]()
    for number, request in enumerate(asked, 1):
        try:
            with in_the_words_of(click.get_current_context()):
                resolved = studio.resolve(request)
        except BadRequest as error:
            if len(asked) == 1 or not any(error.value == getattr(request, role, None) for role in FILE_FIELDS):
                raise
            click.echo(f"skipped: {reason(error)}", err=True)
            continue
        if not announced:
            click.echo(banner(resolved, asked), err=True)
            announced = True
        place = Place(number, len(asked), what_sets_apart(request, asked)) if len(asked) > 1 else None
        yield PictureReport(studio, resolved, range(count(resolved.recipe)), delivery, place, said)


def banner(first: ResolvedRequest, asked: Sequence[AnyStill]) -> str:
    """What is about to be drawn, in one line: what `asked` have in common, by the first of them."""
    recipe, pictures = first.recipe, sum(request.num for request in asked)
    return (
        f"drawing {pictures} pictures for {len(asked)} requests with {recipe.model.name}: "
        f"{counted(recipe.steps, 'step')}, {recipe.sampler}, {recipe.schedule}, guidance {recipe.guidance_scale:g}"
    )


def what_sets_apart(request: AnyStill, asked: Sequence[AnyStill]) -> str:
    """The picture that a request starts from if those of `asked` are different, else its prompt."""
    images = {getattr(each, "image", None) for each in asked}
    return request.prompt if len(images) == 1 else str(getattr(request, "image", ""))
