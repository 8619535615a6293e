"""ComfyUI's graphs with nodes of many packs: pipes, switches, text nodes, loaders."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sdplay.interop import ParsedMetadata, read_found
from tests.interop.samples import COMFYUI, TIN, changed, custom_sampler, node, parse
from tests.interop.test_cases import CASES


@pytest.mark.parametrize(
    ("name", "prompt", "negative", "changes"),
    [
        ("a-efficient", "a tin robot", "fog", {"clip_skip": 2}),
        (
            *("b-effsdxl", "a tin robot", "fog"),
            {"width": 1024, "height": 1024, "steps": 20, "model": "tinXL.safetensors"},
        ),
        ("d-impact-pipe", "a tin robot", "fog", {}),
        ("e-easyuse", "a tin robot", "fog", {}),
        ("f-text-concat", "a tin robot, by a lake", "fog", {}),
        ("g-string-concat-linked", "a tin robot, by a lake", "fog", {}),
        ("i-showtext", "a tin robot", "fog", {}),
        ("j-styler", "a tin robot", "fog", {}),
        ("k-subgraph", "a tin robot", "fog", {}),
        ("n-pysssss-loader", "a tin robot", "fog", {"lora": ("rust:0.7",)}),
        (
            *("o-flux", "a tin robot", ""),
            {"guidance_scale": None, "schedule": "trailing", "steps": 20, "model": "flux1-dev.safetensors"},
        ),
        ("r-size-node", "a tin robot", "fog", {}),
        ("s-seed-everywhere", "a tin robot", "fog", {}),
        ("u-sdxl-size", "a tin robot", "fog", {}),
    ],
)
def test_graphs_with_popular_nodes(name: str, prompt: str, negative: str, changes: dict[str, Any]) -> None:
    found = read_found(CASES / "12-comfyui-nodes" / f"{name}.png")
    assert found is not None
    assert (found.prompt, found.negative_prompt) == (prompt, negative)
    expected = TIN | changes
    assert {field: found.fields.get(field) for field in expected} == expected


def encoder(text: Any) -> dict[str, Any]:
    return node("CLIPTextEncode", text=text, clip=["11", 0])


WORDS = {"n20": encoder("one"), "n21": encoder("two")}


@pytest.mark.parametrize(
    ("nodes", "prompt", "negative"),
    [
        # Pipes and contexts, also in a row.
        (
            {
                "n30": node(
                    "ToBasicPipe", model=["4", 0], clip=["4", 1], vae=["4", 2], positive=["20", 0], negative=["21", 0]
                ),
                "n31": node("EditBasicPipe", basic_pipe=["30", 0]),
                "n32": node("FromBasicPipe_v2", basic_pipe=["31", 0]),
                "sampler": {"positive": ["32", 4], "negative": ["32", 5]},
            },
            *("one", "two"),
        ),
        (
            {
                "n30": node("Context (rgthree)", model=["4", 0], positive=["20", 0], negative=["21", 0]),
                "n31": node("Context Big (rgthree)", base_ctx=["30", 0], seed=3),
                "sampler": {"positive": ["31", 4], "negative": ["31", 5]},
            },
            *("one", "two"),
        ),
        (
            {
                "n30": node("Context (rgthree)", positive=["20", 0], negative=["21", 0]),
                "n31": node("Context Switch (rgthree)", ctx_01=None, ctx_02=["30", 0]),
                "sampler": {"positive": ["31", 4], "negative": ["31", 5]},
            },
            *("one", "two"),
        ),
        # The number of the output decides, also where it is the other way round.
        (
            {
                "n30": node("ControlNetApplyAdvanced", positive=["20", 0], negative=["21", 0], strength=1.0),
                "sampler": {"positive": ["30", 1], "negative": ["30", 0]},
            },
            *("two", "one"),
        ),
        (
            {
                "n30": node("Efficient Loader", ckpt_name="x", positive="one", negative="two", lora_name="None"),
                "sampler": {"positive": ["30", 2], "negative": ["30", 1]},
            },
            *("two", "one"),
        ),
        # Reroutes and switches.
        (
            {
                "n30": node("Reroute", **{"": ["20", 0]}),
                "n31": node("Any Switch (rgthree)", any_01=None, any_02=["30", 0], any_03=["21", 0]),
                "sampler": {"positive": ["31", 0], "negative": ["21", 0]},
            },
            *("one", "two"),
        ),
        (
            {
                "n30": node("ImpactSwitch", select=2, sel_mode=False, input1=["20", 0], input2=["21", 0]),
                "sampler": {"positive": ["30", 0], "negative": ["20", 0]},
            },
            *("two", "one"),
        ),
        (
            {
                "n30": node("ComfySwitchNode", switch=False, on_false=["21", 0], on_true=["20", 0]),
                "sampler": {"positive": ["30", 0], "negative": ["20", 0]},
            },
            *("two", "one"),
        ),
        (
            {
                "n30": node("CR Text Input Switch", Input=2, text1="one", text2="two"),
                "n6": encoder(["30", 0]),
            },
            *("two", "bad eyes"),
        ),
        # Texts.
        (
            {
                "n30": node("CR Text Concatenate", text1=["31", 0], text2="b", separator="; "),
                "n31": node("CR Prompt Text", prompt="a"),
                "n6": encoder(["30", 0]),
            },
            *("a; b", "bad eyes"),
        ),
        (
            {
                "n30": node(
                    "StringFunction|pysssss",
                    action="replace",
                    tidy_tags="yes",
                    text_a="a cat",
                    text_b="cat",
                    text_c="dog",
                ),
                "n6": encoder(["30", 0]),
            },
            *("a dog", "bad eyes"),
        ),
        (
            {
                "n30": node("JWStringConcat", a=["31", 0], b=" and c"),
                "n31": node("PrimitiveString", value="b"),
                "n6": encoder(["30", 0]),
            },
            *("b and c", "bad eyes"),
        ),
        (
            {
                "n30": node("Text Find and Replace", text="a NAME", find="NAME", replace="cat"),
                "n6": encoder(["30", 0]),
            },
            *("a cat", "bad eyes"),
        ),
        (
            {
                "n30": node("SDXLPromptStyler", text_positive=["31", 0], text_negative="fog", style="base"),
                "n31": node("PrimitiveStringMultiline", value="a tin robot"),
                "n6": encoder(["30", 0]),
                "n7": encoder(["30", 1]),
            },
            *("a tin robot", "fog"),
        ),
        (
            {
                "n30": node(
                    "ImpactWildcardProcessor", wildcard_text="a __toy__", populated_text="a robot", mode=True, seed=1
                ),
                "n6": encoder(["30", 0]),
            },
            *("a robot", "bad eyes"),
        ),
        (
            {
                "n30": node(
                    "ImpactWildcardEncode", model=["4", 0], clip=["4", 1], wildcard_text="a {b|c}", populated_text="a c"
                ),
                "sampler": {"positive": ["30", 2]},
            },
            *("a c", "bad eyes"),
        ),
        # What a language model answered, no graph says, unless a node shows it.
        ({"n30": node("OllamaGenerate", prompt="write a prompt"), "n6": encoder(["30", 0])}, "", "bad eyes"),
        (
            {"n30": node("PairConditioningNobodyKnows", cond_1=["20", 0]), "sampler": {"positive": ["30", 0]}},
            *("one", "bad eyes"),
        ),
        ({"n30": node("Missing"), "sampler": {"positive": ["99", 0]}}, "", "bad eyes"),
    ],
)
def test_where_words_come_from(nodes: dict[str, Any], prompt: str, negative: str) -> None:
    found = parse(changed(**{**WORDS, **nodes}))
    assert (found.prompt, found.negative_prompt) == (prompt, negative)


def test_two_guidances() -> None:
    """Of `DualCFGGuider` the first conditioning has the words, and its guidance is theirs."""
    graph = changed(
        n3=custom_sampler("5"),
        n80=node("KSamplerSelect", sampler_name="euler"),
        n90=node("RandomNoise", noise_seed=8),
        n91=node(
            "DualCFGGuider",
            model=["10", 0],
            cond1=["20", 0],
            cond2=["21", 0],
            negative=["7", 0],
            cfg_conds=5.0,
            cfg_cond2_negative=1.5,
        ),
        n92=node("BasicScheduler", scheduler="karras", steps=30, denoise=1.0, model=["10", 0]),
        **WORDS,
    )
    found = parse(graph)
    assert (found.prompt, found.negative_prompt) == ("one", "bad eyes")
    assert {name: found.fields[name] for name in ("guidance_scale", "steps", "seed")} == {
        "guidance_scale": 5.0,
        "steps": 30,
        "seed": 8,
    }


def test_what_has_no_steps_is_no_sampler() -> None:
    graph = changed(n8=node("VAEDecode", samples=["40", 0], vae=["4", 2]))
    graph["40"] = node("NoiseMixer", seed=99, positive=["7", 0], negative=["6", 0], samples=["3", 0])
    assert parse(graph).fields["seed"] == 1102676403634909


def second(denoise: float, latent: str, **inputs: Any) -> dict[str, Any]:
    given = deepcopy(COMFYUI["3"])
    given["inputs"] |= {"seed": 9, "denoise": denoise, "latent_image": [latent, 0], "positive": ["20", 0], **inputs}
    return given


@pytest.mark.parametrize(
    ("nodes", "seed", "prompt"),
    [
        # A later sampler that redraws in part leaves the picture to the first, one that redraws all does not.
        ({"n50": second(0.5, "3")}, 1102676403634909, "a cat\nsitting on a log"),
        ({"n50": second(1.0, "3")}, 9, "one"),
        ({"n50": second(1.0, "3", add_noise="disable")}, 1102676403634909, "a cat\nsitting on a log"),
        ({"n50": second(1.0, "3", start_at_step=10)}, 1102676403634909, "a cat\nsitting on a log"),
        # What is put together from several pictures is the last one's.
        (
            {
                "n50": second(0.7, "51"),
                "n51": node("LatentComposite", samples_to=["3", 0], samples_from=["52", 0], x=0, y=0),
                "n52": second(1.0, "5", seed=11),
            },
            *(9, "one"),
        ),
        # A detailer works on a picture.
        (
            {
                "n50": node(
                    "FaceDetailer",
                    image=["8", 0],
                    seed=9,
                    steps=5,
                    cfg=3,
                    denoise=0.4,
                    positive=["20", 0],
                    sampler_name="euler",
                ),
                "n9": node("SaveImage", images=["50", 0]),
            },
            *(1102676403634909, "a cat\nsitting on a log"),
        ),
    ],
)
def test_whose_picture_it_is(nodes: dict[str, Any], seed: int, prompt: str) -> None:
    graph = changed(**{**WORDS, **nodes})
    if "n9" not in nodes:
        graph["8"]["inputs"]["samples"] = ["50", 0]
    found = parse(graph)
    assert (found.fields["seed"], found.prompt) == (seed, prompt)


def test_the_saved_picture_counts_and_not_the_one_that_is_shown() -> None:
    stray = second(1.0, "5", seed=1)
    graph = {"1": stray, "2": node("PreviewImage", images=["1", 0]), **changed(**WORDS)}
    assert parse(graph).fields["seed"] == 1102676403634909


def test_words_that_are_not_there_are_missed() -> None:
    from sdplay.interop.import_settings import mode_of, supported_fields

    found = parse(changed({"positive": ["99", 0]}))
    left = supported_fields(found, mode_of(found))[1]
    assert "no words were found" in next(one.reason for one in left if one.name == "prompt")


KEYS = [
    "text",
    "positive",
    "negative",
    "model",
    "latent_image",
    "steps",
    "seed",
    "cfg",
    "pipe",
    "select",
    "input1",
    "any_01",
    "a",
    "b",
]
VALUES = st.one_of(
    st.tuples(st.sampled_from("012345"), st.integers(-1, 4)).map(list),
    st.integers(-1, 3),
    st.text("ab", max_size=3),
    st.none(),
    st.booleans(),
)
KINDS = [
    "KSampler",
    "SaveImage",
    "Reroute",
    "ImpactSwitch",
    "StringConcatenate",
    "FromBasicPipe",
    "CLIPTextEncode",
    "LoraLoader",
]
NODES = st.builds(
    lambda kind, inputs: {"class_type": kind, "inputs": inputs},
    st.sampled_from(KINDS),
    st.dictionaries(st.sampled_from([*KEYS, "clip", "lora_name", "width", "denoise", "samples"]), VALUES, max_size=8),
)


@settings(max_examples=200)
@given(graph=st.dictionaries(st.sampled_from("012345"), NODES, min_size=1))
def test_any_graph_is_read(graph: dict[str, Any]) -> None:
    assert isinstance(parse(graph), ParsedMetadata)
