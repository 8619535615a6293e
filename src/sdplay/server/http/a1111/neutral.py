"""What A1111's clients may ask for and nothing here does: accepted where it would change nothing, refused else."""

from __future__ import annotations

from sdplay.core.errors import UnknownName
from sdplay.prompts.lora_tags import NAME
from sdplay.server.http.a1111.bodies import Drawing, Img2ImgBody
from sdplay.server.http.a1111.errors import missing

NOISY = ("euler_a", "dpmpp_2m_sde")  # samplers that add fresh noise, multiplied by nothing (s_noise 1)
OWN_ETA = {"euler_a": 1.0, "ddim": 0.0}  # of those that are told how much of it
CHURNED = ("euler", "heun")  # samplers that A1111 may stir


def check_neutral(body: Drawing, sampler: str | None) -> None:
    """Raise `BadRequest` for the first thing that would reach pixels and cannot be done; `sampler` is our name of the
    one that was asked for.
    """
    if body.script_name:
        raise UnknownName("script", body.script_name, ())
    if body.infotext and body.infotext.strip():
        raise missing("infotext", None, "settings are taken from the fields alone")
    check_seeds(body)
    check_noise(body, sampler)
    for field, asked, reason in (
        ("restore_faces", body.restore_faces, "there is no network here that restores faces"),
        ("tiling", body.tiling, "pictures that tile are not drawn"),
        ("refiner_checkpoint", refiner(body), "there is no refiner"),
        ("firstpass_image", body.firstpass_image, "the first pass is drawn"),
        ("disable_extra_networks", body.disable_extra_networks and NAME.search(body.prompt), "LoRAs are in the prompt"),
    ):
        if asked:
            raise missing(field, None, reason)
    if isinstance(body, Img2ImgBody):
        if body.latent_mask:
            raise missing("latent_mask", None, "a mask is for latents and for the picture")
        if body.initial_noise_multiplier not in {None, 1.0}:
            raise missing("initial_noise_multiplier", body.initial_noise_multiplier, "noise is not made stronger")


def refiner(body: Drawing) -> bool:
    named = (body.refiner_checkpoint or "").strip().casefold() not in {"", "none"}
    return named and body.refiner_switch_at is not None and body.refiner_switch_at < 1


def check_seeds(body: Drawing) -> None:
    if body.subseed_strength > 0:
        reason = "there are no variation seeds"
        raise missing("subseed_strength", body.subseed_strength, reason, "`subseed_strength=0`")
    for field, value, own in (
        ("seed_resize_from_w", body.seed_resize_from_w, body.width),
        ("seed_resize_from_h", body.seed_resize_from_h, body.height),
    ):
        if value > 0 and value != own:
            raise missing(field, value, "noise is made at the size that is drawn", f"`{field}=0`")


def check_noise(body: Drawing, sampler: str | None) -> None:
    """What k-diffusion's samplers may be told. Those of other samplers change nothing there either."""
    if body.s_churn and sampler in CHURNED:
        raise missing("s_churn", body.s_churn, "noise is not stirred", "`s_churn=0`")
    if body.s_min_uncond:
        raise missing("s_min_uncond", body.s_min_uncond, "guidance is not left out", "`s_min_uncond=0`")
    told = (("s_noise", body.s_noise, NOISY), ("eta", body.eta, [name for name in NOISY if name not in OWN_ETA]))
    for field, value, samplers in told:
        if sampler in samplers and value not in {None, 1.0}:
            raise missing(field, value, f"{sampler} adds all of its noise", f"`{field}=1`")


def eta_of(body: Drawing, sampler: str | None) -> dict[str, float]:
    """The `eta` that was asked for, where the sampler has one and takes another by itself."""
    own = OWN_ETA.get(sampler or "")
    return {} if own is None or body.eta in {None, own} else {"eta": body.eta or 0.0}
