"""The scripts that A1111 runs always: of them there is ControlNet here, with one unit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from sdplay.core.errors import BadRequest, UnknownName
from sdplay.core.identity import add_on_name
from sdplay.images.read import png, read_image
from sdplay.server.http.a1111.bodies import Base64, Body, parsed
from sdplay.server.http.a1111.errors import missing
from sdplay.server.http.a1111.names import HASHED
from sdplay.server.http.a1111.pictures import AddUpload, Arrangement, Size, arranged, decoded
from sdplay.server.records import Upload

CONTROLNET = "controlnet"
NAMED = ("", "none", "auto")  # what stands where no ControlNet is named
MODULES = {"none": "none", "canny": "canny"}
BALANCED = ("balanced", "0")
ASPECTS: dict[str, Arrangement] = {
    "0": "stretch",
    "just resize": "stretch",
    "1": "crop",
    "crop and resize": "crop",
    "scale to fit (inner fit)": "crop",  # of its older versions
    "2": "fill",
    "resize and fill": "fill",
    "envelope (outer fit)": "fill",
}
BOTH = ("both", "hiresfixoption.both", "0")
LEAST, MOST = 0, 2040


class Unit(Body):
    """A unit of A1111's extension for ControlNet."""

    enabled: bool = True
    image: Base64 | dict[str, Any] | None = None
    input_image: Base64 | None = None
    mask: Base64 | None = None
    mask_image: Base64 | None = None
    module: str = "none"
    model: str = "None"
    weight: float = 1.0
    resize_mode: str | int = "Crop and Resize"
    processor_res: float = -1
    threshold_a: float = -1
    threshold_b: float = -1
    guidance_start: float = 0.0
    guidance_end: float = 1.0
    pixel_perfect: bool = False
    control_mode: str | int = "Balanced"
    hr_option: str | int = "Both"


def control_fields(
    scripts: Mapping[str, Any],
    add: AddUpload,
    init: Upload | None,
    size: Callable[[], Size],
    warnings: list[str],
) -> dict[str, Any]:
    """The fields of a job that `alwayson_scripts` say. `init` is the picture that is drawn over, which a unit without
    a picture of its own follows; `size()` what is drawn.

    Raises `UnknownName` for a script that there is not, and `BadRequest` for what a unit asks for and is not done.
    """
    units: list[Unit] = []
    for name, given in scripts.items():
        arguments = arguments_of(name, given)
        if name.strip().casefold() == CONTROLNET:
            units += [unit_of(each) for each in arguments if each]
        elif arguments and arguments[0] is not False:
            raise UnknownName("always on script", name, [CONTROLNET])
        else:
            warnings.append(f"alwayson_scripts: there is no {name!r} here, and it was switched off")
    units = [unit for unit in units if unit.enabled]
    if len(units) > 1:
        raise missing(CONTROLNET, len(units), "one ControlNet is followed by a picture", "enable one unit")
    return fields_of(units[0], add, init, size, warnings) if units else {}


def arguments_of(name: str, given: object) -> list[Any]:
    arguments = cast("dict[str, Any]", given).get("args", []) if isinstance(given, dict) else given
    if not isinstance(arguments, list):
        raise BadRequest("holds no list of args", field=f"alwayson_scripts.{name}")
    return cast("list[Any]", arguments)


def unit_of(given: object) -> Unit:
    if not isinstance(given, dict):
        raise BadRequest("a unit is an object", field="alwayson_scripts.controlnet.args")
    return parsed(Unit, cast("dict[str, Any]", given))


def fields_of(
    unit: Unit, add: AddUpload, init: Upload | None, size: Callable[[], Size], warnings: list[str]
) -> dict[str, Any]:
    check_done(unit)
    module = chosen("module", unit.module, MODULES)
    how = chosen("resize_mode", unit.resize_mode, ASPECTS)
    fields: dict[str, Any] = {
        "control_image": followed(unit, how, add, init, size).id,
        "control_preprocessor": module,
        "control_scale": unit.weight,
        "control_start": unit.guidance_start,
        "control_end": unit.guidance_end,
    }
    if unit.model.strip().casefold() not in NAMED:
        fields["controlnet"] = add_on_name(HASHED.sub("", unit.model.strip()))
    if module == "canny":
        if unit.threshold_a >= LEAST:
            fields["canny_low"] = min(round(unit.threshold_a), MOST)
        if unit.threshold_b >= LEAST:
            fields["canny_high"] = min(round(unit.threshold_b), MOST)
        if not unit.pixel_perfect:
            warnings.append("controlnet: edges are found at the size that is drawn, as with pixel_perfect")
    return fields


def check_done(unit: Unit) -> None:
    """Raise `BadRequest` for what a unit asks for and nothing here does."""
    if unit.mask or unit.mask_image:
        raise missing("mask", None, "a ControlNet works on the whole picture here")
    if str(unit.control_mode).casefold() not in BALANCED:
        raise missing("control_mode", unit.control_mode, "there is no other balance", "`control_mode=Balanced`")
    if str(unit.hr_option).casefold() not in BOTH:
        raise missing("hr_option", unit.hr_option, "both passes follow a ControlNet", "`hr_option=Both`")


def chosen(field: str, value: str | int, known: Mapping[str, Any]) -> Any:
    found = known.get(str(value).strip().casefold())
    if found is None:
        raise UnknownName(field, str(value), [name for name, meant in known.items() if meant and len(name) > 1])
    return found


def followed(unit: Unit, how: Arrangement, add: AddUpload, init: Upload | None, size: Callable[[], Size]) -> Upload:
    """The picture that a unit follows, in the proportions of what is drawn where it asks for that."""
    given = unit.image if unit.image else unit.input_image
    if isinstance(given, dict):
        given = given.get("image")
    if not given:
        if init is None:
            raise BadRequest("a ControlNet has nothing to follow", field="image", hint="send a picture")
        return init
    if not isinstance(given, str):
        raise BadRequest("is not a picture in base64", field="image")
    upload = add(decoded(given, "image"))
    if how == "crop":
        return upload
    pixels = read_image(upload.file, "control_image")
    changed = arranged(pixels, size(), how)
    return upload if changed is pixels else add(png(changed))
