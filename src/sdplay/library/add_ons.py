"""From the name of a LoRA, an embedding, a ControlNet or a VAE to its file; what it is, its tensors decide."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from sdplay.core.errors import BadRequest, ModelBroken, UnknownName
from sdplay.core.identity import SUFFIXES, AddOn, AddOnKind, ResolvedAddOn, add_on_name
from sdplay.families.common.checkpoint_names import UNET, vae_names
from sdplay.families.common.detect import FIRST_OF_VAE, MOST_LORA_TENSORS, Shapes, other_kind, shapes_of
from sdplay.files.model_files import PICKLE_HINT, read_header, read_tensors, weight_files
from sdplay.library.card import MODELS
from sdplay.library.digest import file_digest
from sdplay.library.library import FolderType, Library
from sdplay.library.pickled import as_safetensors, is_pickle_file
from sdplay.library.pickled_folder import pickled_weights, refuse_pickles, with_safetensors

SHIPPED = MODELS / "addons"
SORTS: dict[AddOnKind, FolderType] = {
    "lora": "loras",
    "embedding": "embeddings",
    "controlnet": "controlnet",
    "vae": "vae",
}
TITLES: dict[AddOnKind, str] = {
    "lora": "LoRA",
    "embedding": "textual inversion",
    "controlnet": "ControlNet",
    "vae": "VAE",
}
LORA_MARKS = (
    *(".lora_down.", ".lora_up.", ".lora_A.", ".lora_B.", ".lora.down.", ".lora.up.", "_lora.down.", "_lora.up."),
    *(".lora_linear_layer.", ".hada_w1_a", ".lokr_w1", ".oft_blocks"),
)
LARGEST_EMBEDDING = 8  # tensors; it is one, or one for each text encoder
ONE_FILE: frozenset[AddOnKind] = frozenset({"lora", "embedding"})  # a folder of one only holds its file
NEXT = "give its name, or a path"


def known_add_ons(kind: AddOnKind, library: Library) -> dict[str, Path]:
    """The add-ons of a kind by name: those in the library, the first of each name, and those of the program."""
    found: dict[str, Path] = {}
    for _, path in (*library.files(SORTS[kind]), *shipped_add_ons(SORTS[kind])):
        name = add_on_name(str(path))
        if name not in found or (found[name].suffix != ".safetensors" and path.suffix == ".safetensors"):
            found[name] = path
    return found


def shipped_add_ons(sort: FolderType) -> list[tuple[str, Path]]:
    """(name, path) of those that come with the program."""
    return [(add_on_name(str(path)), path) for path in sorted((SHIPPED / sort).rglob("*.safetensors"))]


def shipped_add_on(kind: AddOnKind, digest: str, library: Library) -> ResolvedAddOn | None:
    """The add-on that comes with the program and has this `digest`, whatever its name is now."""
    found = (resolve_add_on(kind, str(path), library) for _, path in shipped_add_ons(SORTS[kind]))
    return next((one for one in found if one.identity.digest == digest), None)


def resolve_add_on(
    kind: AddOnKind, where: str, library: Library, *, allow_pickle: bool = False, by_path: bool = True
) -> ResolvedAddOn:
    """Find the add-on `where` says: a path (unless not `by_path`), or the name of one in the `library`.

    A pickle is refused unless `allow_pickle` (or that of the library). Raises `UnknownName` if there is none,
    `BadRequest` for a path with nothing there, or a folder without the one file of a LoRA or embedding, and
    `ModelBroken` for a file that is something else, or damaged.
    """
    path = _at(where) if by_path else None
    if path is None:
        known = known_add_ons(kind, library)
        path = in_folder(kind, where, library) or _by_name(kind, where, known)
        if path is None:
            raise UnknownName(TITLES[kind], where, sorted(known)) if not _is_path(where) else _nothing(kind, where)
    name = add_on_name(str(path)).encode(errors="replace").decode()
    try:
        if path.is_dir() and kind not in ONE_FILE:
            return _folder(kind, name, path, library, allow_pickle=allow_pickle or library.allow_pickle)
        weights = _only_file(kind, path) if path.is_dir() else path
        digest = file_digest(weights, library.digests)
        if (allow_pickle or library.allow_pickle) and is_pickle_file(weights):
            weights = as_safetensors(weights, digest, library.converted)
        shapes = shapes_of(read_header(weights).tensors)
        check_kind(kind, path, shapes)
        if kind == "embedding":
            _check_vectors(shapes, path)
        if kind == "lora" and len(shapes) > MOST_LORA_TENSORS:
            reason = f"it holds {len(shapes):,} tensors, and {MOST_LORA_TENSORS:,} are the most that is read"
            raise ModelBroken(reason, field=kind, value=str(path))
    except ModelBroken as error:
        hint = error.hint if error.hint == PICKLE_HINT else f"choose another {TITLES[kind]}, or fetch the file again"
        raise ModelBroken(error.reason, field=kind, value=str(path), hint=hint) from None
    except OSError as error:
        raise ModelBroken(f"it cannot be read: {error}", field=kind, value=str(path), hint=NEXT) from None
    return ResolvedAddOn(identity=AddOn(kind=kind, name=name, digest=digest), path=weights, origin=path)


def _folder(kind: AddOnKind, name: str, path: Path, library: Library, *, allow_pickle: bool) -> ResolvedAddOn:
    """The add-on in the diffusers folder `path`; one with pickles is read from a folder of the same weights."""
    digest, weights = _of_folder(path, library), path
    if pickled_weights(path):
        if not allow_pickle:
            refuse_pickles(path, [""])
        weights = with_safetensors(path, [""], digest, library.converted, library.digests)
    check_kind(kind, path, shapes_of(read_tensors(weight_files(weights))))
    return ResolvedAddOn(identity=AddOn(kind=kind, name=name, digest=digest), path=weights, origin=path)


def _check_vectors(shapes: Shapes, path: Path) -> None:
    """Raise `ModelBroken` for a textual inversion without vectors, or with a tensor that is none."""
    for name, shape in shapes.items():
        if len(shape) not in {1, 2} or not all(shape):
            reason = f"its tensor {name} is {shape}, and not one vector or some"
            raise ModelBroken(reason, field="embedding", value=str(path))


def check_kind(kind: AddOnKind, path: Path, shapes: Shapes) -> None:
    """Raise `ModelBroken` that says what the tensors are, unless they are those of an add-on of this kind."""
    if KINDS[kind](shapes):
        return
    other = next((TITLES[other] for other, is_one in KINDS.items() if is_one(shapes)), None)
    if other is not None:
        found = f"a {other} and not a {TITLES[kind]}"
    elif any(name.startswith(UNET) for name in shapes):
        found = f"a whole model and not a {TITLES[kind]}: give it with `model`"
    else:
        found = other_kind(shapes)
    raise ModelBroken(
        f"this is {found}" if found else f"no {TITLES[kind]} has such tensors", field=kind, value=str(path)
    )


def _is_lora(shapes: Shapes) -> bool:
    return any(name.startswith(("lora_unet_", "lora_te")) or any(m in name for m in LORA_MARKS) for name in shapes)


def _is_embedding(shapes: Shapes) -> bool:
    """One tensor, or few, of vectors or rows of them."""
    if "emb_params" in shapes or {"clip_l", "clip_g"} & shapes.keys():
        return True
    few = 0 < len(shapes) <= LARGEST_EMBEDDING and not _is_lora(shapes)
    return few and all(len(shape) in {1, 2} for shape in shapes.values())


def _is_controlnet(shapes: Shapes) -> bool:
    marks = ("control_model.", "controlnet_cond_embedding.", "controlnet_down_blocks.", "input_hint_block.")
    return any(name.startswith(marks) for name in shapes)


def _is_vae(shapes: Shapes) -> bool:
    whole = any(name.startswith(UNET) for name in shapes)
    return not whole and FIRST_OF_VAE in vae_names(shapes)


KINDS: dict[AddOnKind, Callable[[Shapes], bool]] = {
    "lora": _is_lora,
    "embedding": _is_embedding,
    "controlnet": _is_controlnet,
    "vae": _is_vae,
}


def vectors_of(path: Path) -> int:
    """How many vectors the file of a textual inversion holds for each text encoder."""
    return max(entry.shape[0] if len(entry.shape) > 1 else 1 for entry in read_header(path).tensors.values())


def _is_path(where: str) -> bool:
    return "/" in where or "\\" in where or add_on_name(where) != where


def _at(where: str) -> Path | None:
    """The path `where` if something is there; a bare name is not a path."""
    try:
        path = Path(where).expanduser()
        return path.resolve() if _is_path(where) and path.exists() else None
    except (OSError, RuntimeError, ValueError):  # no such user, too long, no possible path
        return None


def in_folder(kind: AddOnKind, where: str, library: Library) -> Path | None:
    """The file in the `library` that ends in the folders and name of `where` ("styles/ink"), None without folders."""
    wanted = _steps(where)
    files = library.files(SORTS[kind]) if len(wanted) > 1 else ()
    return next((path for _, path in files if _steps(str(path))[-len(wanted) :] == wanted), None)


def _steps(where: str) -> list[str]:
    *folders, _ = where.replace("\\", "/").split("/")
    return [step.casefold().strip() for step in (*folders, add_on_name(where))]


def _by_name(kind: AddOnKind, where: str, known: Mapping[str, Path]) -> Path | None:
    """The one called `where`, else in another case, else called so by its maker."""
    if where in known:
        return known[where]
    folded = {name.casefold().strip(): path for name, path in known.items()}
    if found := folded.get(add_on_name(where).casefold().strip()):
        return found
    return next((path for path in known.values() if where in _aliases(path)), None) if kind == "lora" else None


def _aliases(path: Path) -> tuple[str, ...]:
    """What the maker of a LoRA calls it; A1111 writes this name into prompts, if there is one."""
    try:
        return tuple(filter(None, (read_header(path).metadata.get("ss_output_name"),)))
    except ModelBroken:
        return ()


def _only_file(kind: AddOnKind, folder: Path) -> Path:
    """The one file with weights in `folder`, a pickle only if there is nothing better."""
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file())
    files = [path for path in files if path.suffix.lower() == SUFFIXES[0]] or files
    if len(files) == 1:
        return files[0]
    if not files:
        reason, hint = f"there is no file of a {TITLES[kind]} in this folder", "give the path of the file itself"
    else:
        shown = ", ".join(path.name for path in files[:3]) + (", …" if len(files) > 3 else "")
        reason, hint = f"there are {len(files)} files in this folder ({shown})", "give the path of one of them"
    raise BadRequest(reason, field=kind, value=str(folder), hint=hint)


def _nothing(kind: AddOnKind, where: str) -> BadRequest:
    return BadRequest(f"no {TITLES[kind]} is at this path, and none has this name", field=kind, value=where)


def _of_folder(folder: Path, library: Library) -> str:
    whole = hashlib.sha256()
    for path in (*sorted(folder.glob("*.json")), *weight_files(folder), *pickled_weights(folder)):
        whole.update(f"{path.name}:{file_digest(path, library.digests)}\n".encode())
    return whole.hexdigest()
