"""The common part of every request: the fields that all modes share, and how a request is made, checked and written.

A field that the model decides (size, steps, guidance, sampler, schedule) or chance (seed) is open while it is None;
`Resolver.resolve` closes it. In `json_schema_extra`, `flag` is a field's name on the command line if that is another;
`group` and `basic` say where help shows it (see `groups`); `hashed: False` keeps it out of a recipe's digest, since by
itself it reaches no pixel; `if_absent` is the value that a field stands for in recipes that are older than it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Self, TypeVar, cast

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    field_validator,
    model_serializer,
    model_validator,
)
from pydantic.fields import FieldInfo

from sdplay.core.errors import UnknownName, together
from sdplay.core.fields import (
    LARGEST_SEED,
    MOST_CLIP_SKIP,
    ONE_OR_MORE,
    PART,
    FilePath,
    NoiseSource,
    Quality,
    Side,
    Syntax,
    Text,
    problems,
)
from sdplay.core.sample import Asset
from sdplay.library.card import ModelCard
from sdplay.prompts.template import Wildcards
from sdplay.requests.groups import place
from sdplay.requests.run_options import RunOptions
from sdplay.requests.spelling import by_field


class Request(BaseModel):
    """What every mode has in common. Fields can be given under the names of their flags too, and both sides as `size`.

    Raises `BadRequest` for a wrong field, `BadRequests` for several, never pydantic's error.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, defer_build=True)

    negative_prompt: Text = Field(
        default="", description="What to keep away from.", json_schema_extra={"group": "basics", "flag": "negative"}
    )
    prompt_syntax: Syntax = Field(
        default="a1111",
        description="a1111: (word:1.2), [from:to:when], BREAK, AND and so on mean something, and no text is too long; "
        "plain: the text as it stands, cut where the text encoder ends.",
        json_schema_extra={"group": "picture", "flag": "syntax", "if_absent": "plain"},
    )
    seed: int | None = Field(
        default=None,
        ge=0,
        le=LARGEST_SEED,
        description="Number the noise is made from; the same seed draws the same picture. Random when left out.",
        json_schema_extra={"group": "basics"},
    )
    steps: int | None = Field(
        default=None, ge=1, le=1000, description="Denoising steps.", json_schema_extra={"group": "basics"}
    )
    guidance_scale: float | None = Field(
        default=None,
        ge=0,
        le=100,
        description="How strictly to follow the words; up to 1: no guidance.",
        json_schema_extra={"group": "basics", "flag": "guidance"},
    )
    guidance_rescale: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="How far strong guidance is brought back to the contrast it had without: 0 not, 1 all the way.",
        json_schema_extra={"if_absent": 0.0},
    )
    quality: Quality = Field(
        default="exact",
        description="exact: the network is asked at every step. fast, draft: at 8 or 5 of 20, its answers "
        "between them are forecast, and the picture differs a little, or visibly.",
        json_schema_extra={"group": "picture", "if_absent": "exact"},
    )
    clip_skip: int = Field(
        default=1,
        ge=1,
        le=MOST_CLIP_SKIP,
        description="Which layer of the text encoder is read, from the end: 1 the last, 2 the one before, as in A1111.",
        json_schema_extra={"if_absent": 1},
    )
    sampler: str | None = Field(
        default=None,
        description="How noise is removed: see `sdplay samplers`.",
        json_schema_extra={"group": "picture", "basic": True},
    )
    schedule: str | None = Field(
        default=None,
        description="How the noise levels are spaced: see `sdplay samplers`.",
        json_schema_extra={"group": "picture"},
    )
    eta: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Share of the noise that a sampler makes anew at each step. By themselves euler_a takes 1, tcd 0.3 "
        "and ddim 0; the others have no such setting.",
        json_schema_extra={"group": "picture", "if_absent": None},
    )
    width: Side | None = Field(
        default=None, description="Width in pixels, a multiple of 8.", json_schema_extra={"group": "picture"}
    )
    height: Side | None = Field(
        default=None, description="Height in pixels, a multiple of 8.", json_schema_extra={"group": "picture"}
    )
    lora: Annotated[tuple[Text, ...], ONE_OR_MORE] = Field(
        default=(),
        max_length=32,
        description="A LoRA's name or path and how much of it: name:0.8 (name:0.5:0.8 for text encoder and network). "
        "Can be given several times.",
        json_schema_extra={"group": "model", "basic": True, "if_absent": []},
    )
    embedding: Annotated[tuple[FilePath, ...], ONE_OR_MORE] = Field(
        default=(),
        max_length=32,
        description="The file of a textual inversion, whose name is then a word; those in the library are known "
        "without it. Can be given several times.",
        json_schema_extra={"group": "model", "if_absent": []},
    )
    model: str = Field(
        default="builtin",
        min_length=1,
        description="A model's name, its folder or file, or a hub id.",
        json_schema_extra={"group": "model", "basic": True},
    )
    vae: Text | None = Field(
        default=None,
        min_length=1,
        description="A VAE in place of the model's own: its name or path.",
        json_schema_extra={"group": "model", "if_absent": None},
    )
    noise: NoiseSource = Field(
        default="philox",
        description="philox: the same on every machine (A1111's RNG: NV); torch: what diffusers makes.",
    )
    run: Annotated[RunOptions, PART] = RunOptions()

    # Whether the choices in prompts, {a|b} and wildcards, are made for each picture, after the request is resolved.
    draws_templates: ClassVar[bool] = True

    @field_validator("vae", mode="before")
    @classmethod
    def _own_vae(cls, given: Any) -> Any:
        """A1111's words for the model's own."""
        return None if isinstance(given, str) and given.casefold() in OWN_VAE else given

    if TYPE_CHECKING:
        mode: Any  # the name of the mode, which each of them declares
    else:  # a type checker reads the arguments off the fields

        def __init__(self, /, **given: Any) -> None:
            kind = type(self)
            fields = in_field_names(kind, given)
            strange = [UnknownName("option", name, field_names(kind)) for name in fields if not known(kind, name)]
            try:
                super().__init__(**{name: value for name, value in fields.items() if known(kind, name)})
            except ValidationError as error:
                infos = {name: field_info(kind, name) for name in field_names(kind)}
                raise together(strange + problems(error, infos, complete=not strange)) from None
            if strange:
                raise together(strange)

    def texts(self, wildcards: Wildcards) -> Iterator[tuple[str, str]]:
        """(field, text) of everything that prompts are made of."""
        yield "negative_prompt", self.negative_prompt

    def natural_size(self, card: ModelCard, assets: Mapping[str, Asset]) -> tuple[int, int]:
        """(width, height) if none is asked for: the `card` is that of the model."""
        return card.size, card.size

    def size(self, card: ModelCard, assets: Mapping[str, Asset]) -> tuple[int, int]:
        """(width, height) of what is drawn: as asked, else the natural ones; raises `BadRequest` for too large ones."""
        if self.width is not None and self.height is not None:
            return self.width, self.height
        width, height = self.natural_size(card, assets)
        return self.width or width, self.height or height

    def batch(self, card: ModelCard, device: str) -> int:
        """Pictures in one pass of the network: one in little memory, else what was asked, else what is usual."""
        if self.run.low_memory:
            return 1
        return self.run.batch_size if self.run.batch_size is not None else self.usual_batch(card, device)

    def usual_batch(self, card: ModelCard, device: str) -> int:
        """Pictures in one pass if nothing is asked."""
        return card.tile

    def check(self, wildcards: Wildcards, seed: int) -> None:
        """Raise `BadRequest` for what is wrong once the first seed is known: later seeds, and the prompts' notation."""

    @model_validator(mode="before")
    @classmethod
    def _gather_run_options(cls, given: Any) -> Any:
        """Run options are understood beside the other fields, where they were before they had a place of their own."""
        if not isinstance(given, Mapping):
            return given
        fields = dict(cast(Mapping[str, Any], given))
        flat = {name: fields.pop(name) for name in RunOptions.model_fields if name in fields}
        run: Any = fields.get("run", {})
        known: Any = run.model_dump(exclude_unset=True) if isinstance(run, RunOptions) else run
        if flat and isinstance(known, Mapping):
            fields["run"] = {**cast(Mapping[str, Any], known), **flat}
        return fields

    @model_serializer(mode="wrap")
    def _spread_run_options(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """The inverse: one list of fields, as `make_request` takes them."""
        fields: dict[str, Any] = dump(self)
        run: dict[str, Any] = fields.pop("run", {})
        return {**fields, **run}

    def with_run_options(self, **changed: Any) -> Self:
        """The same picture, with these run options changed."""
        run = RunOptions(**{**self.run.model_dump(exclude_unset=True), **changed})
        return self.model_copy(update={"run": run})

    def without_run_options(self) -> Self:
        """The same picture, with the usual run options: what a server keeps of a request that it is sent."""
        return self.model_copy(update={"run": RunOptions()})

    def unused_fields(self) -> set[str]:
        """Fields that reach no pixel of picture i because of what other fields say."""
        return set()

    def unhashed_fields(self) -> set[str]:
        """Fields that reach no pixel of picture i: the run options, those marked `hashed: False`, and unused ones."""
        marked = {name for name in type(self).model_fields if field_marks(type(self), name).get("hashed") is False}
        return {"run"} | marked | self.unused_fields()

    def to_dict(self) -> dict[str, Any]:
        """What reaches pixels, as plain JSON values. A field that there was not always is left out while it has the
        value that it stands for in older recipes, its `if_absent`: they and their digests stay as they are.
        """
        dumped = self.model_dump(mode="json", exclude=self.unhashed_fields())
        marks = {name: field_marks(type(self), name) for name in dumped}
        return {name: value for name, value in dumped.items() if marks[name].get("if_absent", NEVER) != value}


OWN_VAE = {"auto", "automatic", "none"}
NEVER = object()  # equal to no value of a field
SHARED = frozenset(Request.model_fields)

R = TypeVar("R", bound=Request)


def make_request(kind: type[R], /, **fields: Any) -> R:
    """A request of `kind`, for fields whose names are not known to whoever writes the call; raises as that does."""
    return kind(**fields)


def in_field_names(kind: type[Request], given: Mapping[str, Any]) -> dict[str, Any]:
    """`given` by the names of the fields of `kind`; raises `BadRequest` as `by_field` does."""
    return by_field(given, flag_names(kind))


@cache
def flag_names(kind: type[Request]) -> dict[str, str]:
    """The field behind each flag that is not called as its field."""
    flags = {str(field_marks(kind, name).get("flag", name)): name for name in kind.model_fields}
    return {flag: name for flag, name in flags.items() if flag != name}


def field_names(kind: type[Request]) -> list[str]:
    """The fields of `kind`, run options among them, in the order they are read best: group by group; in each group its
    own first, those that all modes share last.
    """
    names = [name for name in kind.model_fields if name != "run"] + list(RunOptions.model_fields)
    return sorted(names, key=lambda name: (place(field_marks(kind, name)), name in SHARED))


def field_info(kind: type[BaseModel], name: str) -> FieldInfo:
    """What is declared of a field of `kind`, or of a run option."""
    return kind.model_fields[name] if name in kind.model_fields else RunOptions.model_fields[name]


def field_marks(kind: type[Request], name: str) -> dict[str, Any]:
    """What a field's `json_schema_extra` says; empty for none."""
    return cast(dict[str, Any], field_info(kind, name).json_schema_extra or {})


def known(kind: type[BaseModel], name: str) -> bool:
    return name in kind.model_fields or name in RunOptions.model_fields
