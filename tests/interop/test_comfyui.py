"""ComfyUI's graphs, plain, patched together and hostile."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest

from sdplay.core.errors import BadRequest
from sdplay.interop import parse_comfyui
from tests.interop.samples import COMFYUI, WORKFLOW, changed, custom_sampler, node, parse


def test_a_plain_graph() -> None:
    found = parse(COMFYUI)
    assert (found.program, found.prompt, found.negative_prompt) == ("ComfyUI", "a cat\nsitting on a log", "bad eyes")
    assert found.fields == {
        "seed": 1102676403634909,
        "steps": 20,
        "guidance_scale": 8.0,
        "sampler": "dpmpp_2m",
        "schedule": "linspace",
        "width": 512,
        "height": 768,
        "model": "v1-5-pruned-emaonly.safetensors",
        "clip_skip": 2,
        "noise": "torch",
        "lora": ("ghibli:0.7:0.8",),
    }
    assert found.other == {
        "nodes": {
            "5 EmptyLatentImage": {"batch_size": 1},
            "9 SaveImage": {"filename_prefix": "ComfyUI"},
        },
    }
    assert json.loads(found.text) == COMFYUI


def test_names_and_seeds_that_we_lack_are_kept() -> None:
    found = parse(changed({"sampler_name": "dpm_fast", "scheduler": "kl_optimal", "seed": 2**64 - 1}))
    assert found.other["sampler_name"] == "dpm_fast"
    assert found.other["scheduler"] == "kl_optimal"
    assert found.other["seed"] == 2**64 - 1
    assert {"sampler", "schedule", "seed", "noise"}.isdisjoint(found.fields)


@pytest.mark.parametrize(
    ("kind", "prompt"),
    [
        ("ConditioningCombine", "one AND two"),
        ("ConditioningConcat", "one BREAK two"),
        ("ConditioningAverage", "one\ntwo"),
    ],
)
def test_conditionings_that_are_put_together(kind: str, prompt: str) -> None:
    graph = changed(
        n6=node(kind, conditioning_1=["20", 0], conditioning_2=["21", 0]),
        n20=node("CLIPTextEncode", text="one", clip=["11", 0]),
        n21=node("CLIPTextEncode", text="two", clip=["11", 0]),
    )
    assert parse(graph).prompt == prompt


def test_controlnets_pass_conditionings_through() -> None:
    graph = changed(
        n30=node("ControlNetApplyAdvanced", positive=["31", 0], negative=["7", 0], strength=1.0, image=["40", 0]),
        n31=node("ControlNetApply", conditioning=["6", 0], strength=0.5, image=["40", 0]),
        n40=node("LoadImage", image="x.png"),
    )
    graph["3"]["inputs"] |= {"positive": ["30", 0], "negative": ["30", 1]}
    found = parse(graph)
    assert (found.prompt, found.negative_prompt) == ("a cat\nsitting on a log", "bad eyes")
    assert found.other["nodes"]["31 ControlNetApply"] == {"strength": 0.5}


def test_a_negative_prompt_that_is_zeroed_out_is_none() -> None:
    graph = changed(n7=node("ConditioningZeroOut", conditioning=["6", 0]))
    assert parse(graph).negative_prompt == ""


def test_seeds_and_texts_on_nodes_of_their_own() -> None:
    graph = changed(
        n6=node("CLIPTextEncode", text=["50", 0], clip=["11", 0]),
        n50=node("StringConcatenate", string_a="a cat", string_b="a hat", delimiter=" in "),
        n51=node("Reroute", **{"": ["52", 0]}),
        n52=node("PrimitiveInt", value=77),
    )
    graph["3"]["inputs"] |= {"seed": ["51", 0], "steps": ["53", 0]}
    found = parse(graph)
    assert (found.prompt, found.fields["seed"]) == ("a cat in a hat", 77)
    assert "steps" not in found.fields


def test_two_texts_of_sdxl_are_one_where_they_are_equal() -> None:
    encode = node("CLIPTextEncodeSDXL", width=1024, height=1024, text_g="a cat", text_l="a cat", clip=["4", 1])
    assert parse(changed(n6=encode)).prompt == "a cat"
    encode["inputs"]["text_l"] = "fur"
    found = parse(changed(n6=encode))
    assert (found.prompt, found.other["text_l"]) == ("a cat", "fur")


def test_the_first_of_two_samplers_made_the_picture() -> None:
    """The second one enlarges it, and the graph lists it first."""
    second = node(
        "KSampler",
        seed=9,
        steps=10,
        cfg=1.0,
        sampler_name="euler",
        scheduler="simple",
        denoise=0.5,
        model=["4", 0],
        positive=["6", 0],
        negative=["7", 0],
        latent_image=["61", 0],
    )
    graph = {
        "60": second,
        "61": node("LatentUpscale", width=1024, height=1536, samples=["3", 0]),
        **changed(n8=node("VAEDecode", samples=["60", 0], vae=["4", 2])),
    }
    found = parse(graph)
    assert (found.fields["seed"], found.fields["steps"], found.fields["width"]) == (1102676403634909, 20, 512)
    assert found.other["nodes"]["60 KSampler"]["seed"] == 9


def test_a_sampler_that_is_not_saved_is_not_asked() -> None:
    stray = deepcopy(COMFYUI["3"])
    stray["inputs"]["seed"] = 1
    assert parse({"1": stray, **COMFYUI}).fields["seed"] == 1102676403634909


def test_img2img_has_a_strength_and_no_size() -> None:
    graph = changed(
        n5=node("VAEEncode", pixels=["70", 0], vae=["4", 2]), n70=node("LoadImage", image="x.png", width="wide")
    )
    graph["3"]["inputs"]["denoise"] = 0.6
    found = parse(graph)
    assert found.fields["strength"] == 0.6
    assert {"width", "height"}.isdisjoint(found.fields)


def test_an_advanced_sampler() -> None:
    graph = changed(
        n3=node(
            "KSamplerAdvanced",
            add_noise="enable",
            noise_seed=5,
            steps=25,
            cfg=7,
            sampler_name="euler_ancestral",
            scheduler="karras",
            start_at_step=0,
            end_at_step=20,
            model=["4", 0],
            positive=["6", 0],
            negative=["7", 0],
            latent_image=["5", 0],
        )
    )
    found = parse(graph)
    assert (found.fields["seed"], found.fields["sampler"], found.fields["schedule"]) == (5, "euler_a", "karras")
    assert found.other["nodes"]["3 KSamplerAdvanced"]["end_at_step"] == 20


def test_a_custom_sampler_with_a_karras_node() -> None:
    graph = changed(
        n3=node(
            "SamplerCustom",
            add_noise=True,
            noise_seed=5,
            cfg=6.5,
            model=["4", 0],
            positive=["6", 0],
            negative=["7", 0],
            sampler=["80", 0],
            sigmas=["81", 0],
            latent_image=["5", 0],
        ),
        n80=node("KSamplerSelect", sampler_name="euler"),
        n81=node("KarrasScheduler", steps=12, sigma_max=14.6, sigma_min=0.03, rho=7.0),
    )
    found = parse(graph)
    assert found.prompt == "a cat\nsitting on a log"
    assert {key: found.fields[key] for key in ("seed", "steps", "guidance_scale", "sampler", "schedule")} == {
        "seed": 5,
        "steps": 12,
        "guidance_scale": 6.5,
        "sampler": "euler",
        "schedule": "karras",
    }


def test_a_sampler_taken_apart_into_nodes() -> None:
    graph = changed(
        n3=custom_sampler("93"),
        n80=node("KSamplerSelect", sampler_name="dpmpp_2m"),
        n90=node("RandomNoise", noise_seed=8),
        n91=node("CFGGuider", model=["10", 0], positive=["6", 0], negative=["7", 0], cfg=5.0),
        n92=node("BasicScheduler", scheduler="sgm_uniform", steps=30, denoise=0.4, model=["10", 0]),
        n93=node("VAEEncode", pixels=["94", 0], vae=["4", 2]),
        n94=node("LoadImage", image="x.png"),
    )
    found = parse(graph)
    assert (found.prompt, found.negative_prompt) == ("a cat\nsitting on a log", "bad eyes")
    assert found.fields == {
        "seed": 8,
        "steps": 30,
        "guidance_scale": 5.0,
        "sampler": "dpmpp_2m",
        "schedule": "trailing",
        "strength": 0.4,
        "model": "v1-5-pruned-emaonly.safetensors",
        "clip_skip": 2,
        "noise": "torch",
        "lora": ("ghibli:0.7:0.8",),
    }


def test_the_drawing_alone_is_read_where_the_graph_is_missing() -> None:
    found = parse_comfyui(None, json.dumps(WORKFLOW))
    assert (found.prompt, found.negative_prompt) == ("a boat", "fog")
    assert found.fields == {
        "seed": 99,
        "steps": 25,
        "guidance_scale": 6.5,
        "sampler": "euler_a",
        "schedule": "karras",
        "width": 640,
        "height": 512,
        "model": "dream.safetensors",
        "noise": "torch",
    }


def test_the_graph_is_taken_before_the_drawing() -> None:
    assert parse_comfyui(json.dumps(COMFYUI), json.dumps(WORKFLOW)).prompt == "a cat\nsitting on a log"


def test_a_graph_without_a_sampler_says_nothing_and_keeps_its_values() -> None:
    found = parse({"1": node("LoadImage", image="x.png"), "2": node("SaveImage", images=["1", 0])})
    assert (found.prompt, found.fields, found.other) == ("", {}, {"nodes": {"1 LoadImage": {"image": "x.png"}}})


def test_not_a_number_is_no_number() -> None:
    text = json.dumps({**COMFYUI, "99": {"is_changed": [float("nan")], **node("Other", x=float("nan"))}})
    assert parse_comfyui(text).other["nodes"]["99 Other"] == {"x": None}


@pytest.mark.parametrize(
    "links",
    [
        {"positive": ["3", 0], "latent_image": ["3", 0], "model": ["3", 0], "seed": ["3", 0]},
        {"positive": ["30", 0], "negative": ["30", 1], "latent_image": ["8", 0], "model": ["32", 0], "seed": ["33", 0]},
    ],
)
def test_cycles_end(links: dict[str, Any]) -> None:
    graph = changed(
        n30=node("ControlNetApplyAdvanced", positive=["31", 0], negative=["31", 1]),
        n31=node("ConditioningCombine", conditioning_1=["30", 0], conditioning_2=["31", 0]),
        n32=node("LoraLoader", lora_name=["32", 0], model=["32", 0]),
        n33=node("Reroute", **{"": ["34", 0]}),
        n34=node("Reroute", **{"": ["33", 0]}),
    )
    graph["3"]["inputs"] |= links
    found = parse(graph)
    assert found.prompt == ""
    assert found.fields["steps"] == 20


@pytest.mark.parametrize(
    "graph",
    [
        {},
        {"1": 5, "2": [], "3": {"inputs": []}, "4": {"class_type": 7, "inputs": {"seed": {}}}},
        {"3": node("KSampler", seed=[], steps={}, cfg="x", positive=[[], 0], negative=["3", "0"])},
        {"3": node("KSampler", seed=True, steps=-1, cfg=[1, 2, 3], positive=["3", 0], negative=["3", 7])},
        {"3": node("SamplerCustomAdvanced", guider=1, sigmas=2)},
    ],
)
def test_nonsense_is_no_crash(graph: dict[str, Any]) -> None:
    assert parse(graph).prompt == ""


def test_a_long_chain_and_a_wide_fan_take_no_time() -> None:
    chain = {str(i): node("ConditioningSetArea", conditioning=[str(i + 1), 0]) for i in range(100, 5000)}
    fan = {
        str(i): node("ConditioningCombine", conditioning_1=[str(i + 1), 0], conditioning_2=[str(i + 1), 0])
        for i in range(6000, 6100)
    }
    graph = {**deepcopy(COMFYUI), **chain, **fan, "6100": node("CLIPTextEncode", text="deep")}
    graph["3"]["inputs"] |= {"positive": ["100", 0], "negative": ["6000", 0]}
    found = parse(graph)
    assert (found.prompt, found.negative_prompt) == ("", "deep")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 100_000, "nested 100,000 levels deep, and no more than 100 are read"),
        ('{"a":' * 101 + "1" + "}" * 101, "nested 101 levels deep"),
        ("[]", "is no JSON object"),
        ("{'a': 1}", "is damaged JSON"),
        ('{"a": "\\ud83d"}', "half a surrogate pair"),
        ('{"a": ' + "9" * 5000 + "}", "is damaged JSON"),
        ("", "is damaged JSON"),
    ],
)
def test_damaged_or_bottomless_json_is_refused(text: str, reason: str) -> None:
    with pytest.raises(BadRequest, match=reason):
        parse_comfyui(text)


def test_brackets_inside_texts_are_not_nesting() -> None:
    assert parse({"1": node("Note", text="[" * 500 + '\\"')}).other["nodes"]["1 Note"]["text"] == "[" * 500 + '\\"'
