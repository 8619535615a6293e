"""From the name of a model to its files on disk and their digest."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sdplay.core.errors import ModelBroken, ModelNotFound
from sdplay.core.fields import LARGEST_SIDE, SMALLEST_SIDE
from sdplay.core.identity import ModelIdentity, ResolvedAddOn
from sdplay.families import ARCHITECTURES, COMPONENTS
from sdplay.families.common.detect import ModelKind, detect_file, detect_folder
from sdplay.files.model_files import read_json, weight_files
from sdplay.library.card import USUAL_FACTOR, ModelCard, model_aliases, shipped_cards
from sdplay.library.digest import file_digest, folder_digest
from sdplay.library.fetch import HUB_ID
from sdplay.library.library import Library, library_from_env
from sdplay.library.pickled import as_safetensors, is_pickle_file
from sdplay.library.pickled_folder import pickled_weights, refuse_pickles, with_safetensors

USUAL = tuple(part for part in COMPONENTS if not part.endswith("_2"))  # what a diffusers folder holds


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedModel:
    """A model that exists: its card, its folder or single file, and the identity a recipe records.

    `rule` says how it was found. `origin` is what was found: the folder or file itself, or the pickle it was made from.
    `add_ons` are the files that change it, in the order of the recipe that asks for them. Without `has_vae` a VAE must
    be among them.
    """

    card: ModelCard
    path: Path
    identity: ModelIdentity
    rule: str
    origin: Path
    add_ons: tuple[ResolvedAddOn, ...] = ()
    has_vae: bool = True

    def with_add_ons(self, add_ons: Sequence[ResolvedAddOn]) -> ResolvedModel:
        """It with these `add_ons`; raises `ModelBroken` if that leaves it without a VAE."""
        if not self.has_vae and not any(one.identity.kind == "vae" for one in add_ons):
            whole = "its folder vae" if self.origin.is_dir() else "the checkpoint that has one inside"
            hint = f"give one with `vae=NAME`, or its path; or fetch {whole}"
            raise ModelBroken("there is no VAE in this model", field="model", value=str(self.origin), hint=hint)
        return replace(self, add_ons=tuple(add_ons))


def resolve(name: str, library: Library | None = None, *, allow_pickle: bool = False) -> ResolvedModel:
    """Find the model `name`: a shipped card, a name that was added, a path (diffusers folder or single file), the name
    of a model in the `library` (those of the environment when left out), or an id of the Hugging Face hub.

    A pickle is refused unless `allow_pickle` (or that of the library), and then its weights alone are taken, in a
    process of their own. Raises `ModelNotFound` if nothing has that name, and `ModelBroken` for files that
    cannot be used.
    """
    library = library if library is not None else library_from_env(os.environ)
    card = shipped_cards().get(name)
    if card is not None and card.folder is not None:
        return _identify(card, card.folder, name, "a model that comes with the program", library)
    added = model_aliases(library.home).get(name)
    if added is not None:
        return _renamed(name, added, library, allow_pickle)
    found = "no model has this name, and nothing exists at this path"
    try:
        path = Path(name).expanduser().resolve()
        if path.exists():
            return _at(path, "a folder of this path" if path.is_dir() else "a file of this path", library, allow_pickle)
        in_library = library.find(name)
        if in_library is not None:
            return _at(in_library.resolve(), f"the name of a model in {in_library.parent}", library, allow_pickle)
    except (OSError, RuntimeError, ValueError) as error:  # no such user, too long, forbidden, not a path
        found = f"no model has this name, and as a path it cannot be read: {error}"
    if HUB_ID.fullmatch(name):
        downloaded = _at(library.fetch(name), "an id of the Hugging Face hub", library, allow_pickle=False)
        return replace(downloaded, identity=replace(downloaded.identity, name=name))
    shipped = ", ".join(n for n, c in shipped_cards().items() if c.folder is not None)
    hint = f"models that need no download: {shipped}; or give the path of a diffusers folder or a .safetensors file"
    raise ModelNotFound(found, field="model", value=name, hint=hint)


def shipped_model(digest: str, library: Library) -> ResolvedModel | None:
    """The model with this `digest` among those that come with the program: one of an earlier release has a new name."""
    for card in shipped_cards().values():
        if card.folder is not None and card.folder.is_dir():
            found = _identify(card, card.folder, card.name, "a model that comes with the program", library)
            if found.identity.digest == digest:
                return found
    return None


def _renamed(name: str, added: str, library: Library, allow_pickle: bool) -> ResolvedModel:
    """The model that the name stands for, under that name."""
    if not HUB_ID.fullmatch(added) and not Path(added).exists():
        hint = f"put it back, or forget the name: `sdplay models remove {name}`"
        reason = f"it was added for {added}, which is not there any more"
        raise ModelNotFound(reason, field="model", value=name, hint=hint)
    found = resolve(added, library, allow_pickle=allow_pickle)
    rule = f"a name that was added, for {added}"
    return replace(found, card=replace(found.card, name=name), identity=replace(found.identity, name=name), rule=rule)


def _at(path: Path, rule: str, library: Library, allow_pickle: bool) -> ResolvedModel:
    """The model at an existing path, with the card of its kind."""
    name = path.stem if path.is_file() else path.name
    name = name.encode(errors="replace").decode()  # a name that is not UTF-8 could not be written into files
    if path.is_dir():
        _check_parts(path)
        return _folder(path, name, rule, library, allow_pickle=allow_pickle or library.allow_pickle)
    if (allow_pickle or library.allow_pickle) and is_pickle_file(path):
        digest = file_digest(path, library.digests)
        weights = as_safetensors(path, digest, library.converted)
        kind = detect_file(weights, ARCHITECTURES)
        card = _card(kind, name, "a pickle", weights)
        return ResolvedModel(
            card=card,
            path=weights,
            identity=ModelIdentity(name=name, digest=digest, family=card.family),
            rule=f"{rule}, a pickle",
            origin=path,
            has_vae=kind.has_vae,
        )
    kind = detect_file(path, ARCHITECTURES)
    found = _identify(_card(kind, name, "a single file", path), path, name, rule, library)
    return replace(found, has_vae=kind.has_vae)


def _folder(path: Path, name: str, rule: str, library: Library, *, allow_pickle: bool) -> ResolvedModel:
    """The model in the diffusers folder `path`; one with pickles is drawn from a folder of the same weights."""
    pickles = {part: found for part in COMPONENTS if (found := pickled_weights(path / part))}
    if not pickles:
        kind = detect_folder(path, ARCHITECTURES)
        card = _card(kind, name, "a diffusers folder", path)
        return replace(_identify(card, path, name, rule, library), has_vae=kind.has_vae)
    if not allow_pickle:
        refuse_pickles(path, COMPONENTS)
    digest = folder_digest(path, library.digests, pickles)
    weights = with_safetensors(path, COMPONENTS, digest, library.converted, library.digests)
    kind = detect_folder(weights, ARCHITECTURES)
    card = _card(kind, name, "a diffusers folder of pickles", weights)
    identity = ModelIdentity(name=name, digest=digest, family=card.family)
    rule = f"{rule}, pickles"
    return ResolvedModel(card=card, path=weights, identity=identity, rule=rule, origin=path, has_vae=kind.has_vae)


def _card(kind: ModelKind, name: str, form: str, path: Path) -> ModelCard:
    """The card of a kind of model, for the one at `path`; a folder says which side it draws best."""
    card = card_of(kind)
    v_size = kind.architecture.v_size if kind.prediction == "v_prediction" else None
    size, factor = _trained_size(path) if path.is_dir() else (v_size or card.size, card.factor)
    return replace(card, name=name, title=f"{form}, {card.title}", size=size, factor=factor, folder=path)


def card_of(kind: ModelKind) -> ModelCard:
    """The card with the defaults of a kind of model."""
    card = shipped_cards()[kind.architecture.name]
    return replace(card, title=f"{card.title}, made for inpainting") if kind.inpainting else card


def _trained_size(folder: Path) -> tuple[int, int]:
    """The side in pixels that the network of a folder was trained for, as far as it may be asked for; its factor."""
    try:
        unet = read_json(folder / "unet" / "config.json")
        config, factor = folder / "vae" / "config.json", USUAL_FACTOR
        if config.is_file() or weight_files(config.parent):
            factor = 2 ** (len(read_json(config)["block_out_channels"]) - 1)
        side, multiple = int(unet["sample_size"]) * factor, max(factor, 8)  # requests take multiples of 8
    except (ModelBroken, ValueError, KeyError, TypeError, OverflowError) as error:
        why = error.reason if isinstance(error, ModelBroken) else f"{type(error).__name__}: {error}"
        reason = f"the configuration of its unet or vae cannot be read: {why}"
        raise _broken(reason, folder) from None
    return min(max(side // multiple * multiple, SMALLEST_SIDE), LARGEST_SIDE), factor


def _check_parts(folder: Path) -> None:
    """Raise `ModelBroken` for what `folder` lacks; a VAE may be given beside it."""
    wanted = COMPONENTS if (folder / "text_encoder_2").is_dir() else USUAL
    missing = [part for part in wanted if not (folder / part).is_dir()]
    if missing and missing != ["vae"]:
        raise _broken(f"the folder has no {', '.join(missing)}", folder)


def _broken(reason: str, path: Path) -> ModelBroken:
    hint = "a diffusers folder of Stable Diffusion holds " + ", ".join(USUAL)
    return ModelBroken(reason, field="model", value=str(path), hint=hint)


def _identify(card: ModelCard, path: Path, name: str, rule: str, library: Library) -> ResolvedModel:
    try:
        if path.is_file():
            digest = file_digest(path, library.digests)
        else:
            _check_parts(path)
            digest = folder_digest(path, library.digests)
    except OSError as error:
        raise _broken(f"a file cannot be read: {error}", path) from None
    identity = ModelIdentity(name=name, digest=digest, family=card.family)
    return ResolvedModel(card=card, path=path, identity=identity, rule=rule, origin=path)
