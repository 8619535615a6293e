"""`sdplay dream`, `sdplay animate` and `sdplay resume`: films, each in a folder that survives a crash."""

from __future__ import annotations

import shlex
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sdplay.cli.cluster import cluster_flags, on_cluster
from sdplay.cli.draw import open_studio
from sdplay.cli.flags import as_flags, in_the_words_of, request_fields, request_options
from sdplay.cli.follow import Report, follow
from sdplay.cli.frame_range import FrameRange
from sdplay.cli.models import PICKLE, library_with
from sdplay.cli.param_types import FileKind, Folder
from sdplay.cli.prepare import free_folder, tell_prepared
from sdplay.cli.request_command import Flag, ModeCommand, prepare_flag
from sdplay.cli.warm import drawn_by_service, no_serve
from sdplay.core.errors import SdplayError, Stopped

if TYPE_CHECKING:
    from sdplay.events import Event
    from sdplay.film.job.job import FilmJob
    from sdplay.film.plan import AnyFilm

FORMATS = ("mp4", "gif", "webp", "apng", "webm", "mkv")
JOB = click.Path(path_type=Path)
NEW_JOB = Folder("--format says what kind of film it is")
STRICT = "Refuse a film that another version or processor began: its bits may differ."
PART = FrameRange(open_ended=False)
PART_HELP = "Draw frames A to B alone, and those they start from, into a film of their own; the job can go on later."
POSITIONAL = {"dream": "prompts", "animate": "animation_prompts"}


EPILOG = "The film and its frames are in the folder --out names; `sdplay resume` goes on after any stop."


class FilmCommand(ModeCommand):
    """Makes a film in one mode."""

    def __init__(self, mode: str, summary: str, example: str) -> None:
        super().__init__(mode, summary, example, EPILOG)

    @property
    def kind(self) -> type[AnyFilm]:
        from sdplay.film.plan import FILMS

        return FILMS[self._mode]

    def own_params(self) -> list[click.Parameter]:
        words = click.Argument(["words"], nargs=-1, metavar="PROMPT...")
        return [words, *film_options(self.kind, POSITIONAL[self._mode]), *job_options()]

    def run(self, **params: Any) -> int:
        with in_the_words_of(click.get_current_context()), open_studio(params["workers"]) as studio:
            request = film_request(self.kind, POSITIONAL[self._mode], params)
            out = params["fork"] or params["out"] or free_folder(Path("films"), self._mode)
            options = {name: params[name] for name in ("force", "strict")}
            source = params["out"] if params["fork"] is not None else None
            output, frames = output_from(params, request), frames_of(params["frames"])
            job = studio.film(request, out, output, source=source, frames=frames, **options)
            if params["prepare"]:
                return tell_prepared(studio, job.folder.path, quiet=params["quiet"])
            return make_film(job, quiet=params["quiet"])


def film_options(kind: type[AnyFilm], positional: str) -> list[click.Parameter]:
    """A flag for every field but the positional one and those that only a file can hold; none is filled in."""
    options = request_options(kind, positional=positional, for_new=True)
    for option in options:
        if isinstance(option, click.Option):  # a file's settings weigh more than our defaults, so none is filled in
            usual = f"  [default: {option.default}]" if option.show_default else ""
            option.help, option.show_default, option.default = f"{option.help}{usual}", False, None
    return options


def job_options() -> list[click.Parameter]:
    return [
        Flag(
            ["-o", "--out"], basic=True, type=NEW_JOB, metavar="JOB", help="Folder of the film (default: films/NAME-1)."
        ),
        Flag(
            ["--fork"],
            type=NEW_JOB,
            metavar="NEW",
            help="Begin the film of --out again in NEW, changed by other flags.",
        ),
        Flag(
            ["--config"], basic=True, type=JOB, metavar="FILE", help="Settings: JSON, TOML, YAML, config.py, Deforum's."
        ),
        Flag(["--format"], basic=True, type=FileKind(FORMATS), default="mp4", show_default=True, help="Kind of film."),
        Flag(["--frames"], basic=True, type=PART, metavar="A-B", help=PART_HELP),
        Flag(["--workers"], type=click.IntRange(1, 64), default=1, help="Processes that draw side by side."),
        prepare_flag(),
        Flag(["--strict"], is_flag=True, help=STRICT),
        Flag(["--force"], is_flag=True, help="Begin even if the disk seems too small."),
        Flag(["-q", "--quiet"], basic=True, is_flag=True, help="Print the path of the film and nothing else."),
        no_serve(),
        *cluster_flags(),
    ]


def frames_of(asked: tuple[int, int] | None) -> range | None:
    """The frames that were typed, as Python counts them."""
    return range(asked[0], asked[1] + 1) if asked is not None else None


def film_request(kind: type[AnyFilm], positional: str, params: Mapping[str, Any]) -> AnyFilm:
    """The request that file, flags and words make, the later ones win; what else a file holds is listed on stderr."""
    from sdplay.film.plan import ask_film
    from sdplay.film.request import canonical_names

    fields = forked_fields(kind, params["out"]) if params["fork"] is not None else {}
    if params["config"] is not None:
        from sdplay.interop.settings_file import read_settings

        settings = read_settings(params["config"])
        fields |= canonical_names(settings.fields)
        for note in settings.notes:
            click.echo(f"note: {note}", err=True)
    fields |= request_fields(kind, params)
    if not params["words"] and positional not in fields and params["config"] is None:
        refuse_nothing_new(params["out"])
    if params["words"]:
        fields[positional] = tuple(params["words"]) if positional == "prompts" else " ".join(params["words"])
    if fields.get("seed") == -1:
        fields["seed"] = None
    return ask_film(kind, **fields)


def refuse_nothing_new(out: Path | None) -> None:
    """Raise `BadRequest` if the film in `out` is named and nothing says what it shows: it goes on by other commands."""
    if out is None or not (out / "job.json").is_file():
        return
    from sdplay.core.errors import BadRequest

    name = shlex.quote(str(out))
    hint = f"sdplay resume {name} goes on with it, --fork NEW begins it anew with other settings, "
    hint += "and the command that made it takes another --format too"
    raise BadRequest("holds a film, and no prompt is given", field="out", value=str(out), hint=hint)


def forked_fields(kind: type[AnyFilm], out: Path | None) -> dict[str, Any]:
    """The settings of the film in `out`, closed as they were: what a fork of it begins with."""
    from sdplay.core.errors import BadRequest
    from sdplay.film.job.description import FREE, described_model, described_recipe
    from sdplay.film.job.folder import JobFolder

    if out is None:
        raise BadRequest("there is no film to fork", field="fork", hint="name its folder too: --out OLD --fork NEW")
    description = JobFolder.open(out, FREE).description
    request = described_recipe(description).request
    if not isinstance(request, kind):
        hint = f"sdplay {request.mode} --out {shlex.quote(str(out))} --fork NEW"
        raise BadRequest(f"holds a film of the mode {request.mode}", field="out", value=str(out), hint=hint)
    return request.model_dump(exclude={"mode"}) | {"model": described_model(description)}


def output_from(params: Mapping[str, Any], request: AnyFilm) -> Any:
    from sdplay.film.job.encoder import Output

    return Output(kind=params["format"], loop=getattr(request, "loop_mode", "none"))


@click.command()
@click.argument("job", type=JOB)
@click.option("--model", help="Where the model of the film is now, if it was moved.")
@click.option("--frames", type=PART, metavar="A-B", help=PART_HELP)
@click.option("--workers", type=click.IntRange(1, 64), default=1, help="Processes that draw side by side.")
@click.option("--strict", is_flag=True, help=STRICT)
@click.option("-q", "--quiet", is_flag=True, help="Print the path of the film and nothing else.")
@PICKLE
@drawn_by_service
@on_cluster
def resume(
    job: Path,
    model: str | None,
    frames: tuple[int, int] | None,
    workers: int,
    strict: bool,
    quiet: bool,
    allow_pickle: bool,
) -> int:
    """Resume a film that was stopped, was killed or ran out of space; finished frames stay as they are."""
    with open_studio(workers, library_with(allow_pickle)) as studio:
        return make_film(studio.resume(job, model, strict=strict, frames=frames_of(frames)), quiet=quiet)


def make_film(job: FilmJob, *, quiet: bool, kept: bool = True) -> int:
    """Shoot the film, say how far it is and, if it is `kept`, where it is."""
    follow(FilmReport(job, quiet=quiet))
    if kept:
        click.echo(str(job.encoder.path))
    return 0


class FilmReport(Report):
    """What is said about a film while it is made."""

    def __init__(self, job: FilmJob, *, quiet: bool) -> None:
        from sdplay.cli.film_progress import film_progress
        from sdplay.film.part import frames_text

        self.job, self.quiet = job, quiet
        self.film_progress = self.progress = film_progress(job, quiet=quiet)
        part = f" --frames {frames_text(job.frames)}" if job.frames is not None else ""
        self.resume = f"sdplay resume {shlex.quote(str(job.folder.path))}{part}"

    def events(self) -> Generator[Event, None, None]:
        from sdplay.cli.progress import memory_lines
        from sdplay.film.job.film import shoot
        from sdplay.studio import ResolvedRequest

        job = self.job
        resolved = ResolvedRequest(recipe=job.recipe, model=job.model, device=job.device)
        for line in memory_lines(resolved) if not self.quiet else ():
            self.say(line)
        with self.progress.aside():
            for warning in job.warnings:
                click.echo(f"note: {as_flags(warning.message)}", err=True)
        return shoot(job)

    def may_stop(self, event: Event) -> bool:
        from sdplay.events import FilmSaved

        return not isinstance(event, FilmSaved)

    def stopped(self) -> Stopped:
        total, folder = self.film_progress.total, self.job.folder.path
        reason = f"stopped; {self.film_progress.kept} of {total} frames are kept in {folder}"
        return Stopped(reason, hint=f"to go on: {self.resume}")

    def failed(self, error: SdplayError) -> None:
        if self.resume not in error.hint:
            first = f"{error.hint}; then go on with: " if error.hint else "to go on: "
            error.hint = first + self.resume


dream = FilmCommand(
    "dream",
    "Film a walk from picture to picture.",
    'sdplay dream "a red apple" "a green apple" --num 48 --loop',
)
animate = FilmCommand(
    "animate", "Film a picture that moves and is redrawn.", 'sdplay animate "a castle" --zoom "0:(1.04)"'
)
