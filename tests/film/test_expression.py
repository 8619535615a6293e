"""Arithmetic in schedules and prompts: what it computes, and everything it refuses."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdplay.core.errors import BadRequest
from sdplay.film.expression import compile_expression
from tests.support.refusals import refused_at_once

NAMES = frozenset({"t", "max_f", "s", "fps"})
AT = {"t": 7.0, "max_f": 99.0, "s": 12.0, "fps": 24.0}

# What people write in Deforum's schedules, and the same in Python's own arithmetic at t = 7.
SCHEDULES = {
    "1.0025+0.002*sin(1.25*3.14*t/30)": 1.0025 + 0.002 * math.sin(1.25 * 3.14 * 7 / 30),
    "-2*cos(2*3.14*t/60)": -2 * math.cos(2 * 3.14 * 7 / 60),
    "0.65-(0.25*abs(cos(72/60*3.141*(t+0)/24))**100)": 0.65 - 0.25 * abs(math.cos(72 / 60 * 3.141 * 7 / 24)) ** 100,
    "where(cos(6.28*t/10)>0, 1.8*cos(6.28*t/10), 0.001)": 0.001,
    "where(t<10, 1/t, 0)": 1 / 7,
    "(t%15)/15": 7 / 15,
    "t//2": 3.0,
    "max_f/2": 49.5,
    "s+t": 19.0,
    "max(0, t-5)": 2.0,
    "min(t, 3, 5)": 3.0,
    "maximum(minimum(t, 5), 2)": 5.0,
    "arctan2(1, -1)": math.atan2(1, -1),
    "-t**2": -49.0,
    "2**-1": 0.5,
    "2**3**2": 512.0,
    "10 - 2 - 3": 5.0,
    "t >= 7 and t < 8": 1.0,
    "not t": 0.0,
    "~(t > 5)": 0.0,
    "(t > 5) & (t < 6) | (t == 7)": 1.0,
    "1 < t < 5": 0.0,
    "1 < t < 50": 1.0,
    "3 if t > 5 else 4": 3.0,
    "True + True": 2.0,
    "clip(t, 0, 5) + sign(-t)": 4.0,
    "lerp(10, 20, 0.25)": 12.5,
    "smoothstep(0, 14, t)": 0.5,
    "round(2.5) + floor(-0.5) + ceil(0.1)": 2.0,
    "degrees(pi) + radians(180) - tau/2": 180.0,
    "hypot(3, 4) + fmod(-7, 4)": 2.0,
    "expm1(0) + log1p(0) + log(e) + log2(8) + log10(100) + sqrt(16)": 10.0,
    "arcsin(1) + acos(1) + asin(0) + arccos(1) + atan(0) + arctan(0) + tan(0)": math.pi / 2,
    "sinh(0) + cosh(0) + tanh(0)": 1.0,
    "1e3 + .5 + 5. + 07": 1012.5,
    "\n 1 +\n\tt ": 8.0,
}

REFUSED = {
    "": "missing",
    "   ": "missing",
    "__import__('os').system('ls')": "no meaning",
    "__import__(t)": "no function '__import__'",
    "().__class__": "no meaning",
    "t.real": "no meaning",
    "t.__class__.__mro__": "no meaning",
    "(1).real": "no meaning",
    "'a'*999999999": "no meaning",
    "[1, 2]": "no meaning",
    "{1: 2}": "no meaning",
    "t[0]": "no meaning",
    "lambda: 1": "no meaning",
    "lambda t": "no name 'lambda'",
    "lambda t: t": "no meaning",
    "(t := 3)": "no meaning",
    "t = 3": "no meaning",
    "x + 1": "no name 'x'",
    "open(t)": "no function 'open'",
    "eval(t)": "no function 'eval'",
    "sin": "is a function",
    "sin()": "takes 1 number",
    "sin(1, 2)": "takes 1 number",
    "where(1, 2)": "takes 3 numbers",
    "max()": "takes 2 or more",
    "max(*t)": "cannot be read|no Starred",
    "sin(x=1)": "no meaning",
    "hypot(t, **t)": "no keyword|cannot be read|only a function",
    "2 ^ 3": "no meaning",
    "t && t": "no meaning",
    "t ? 1 : 2": "no meaning",
    "3t": "no meaning",
    "2(t)": "no meaning",
    "t(3)": "no function 't'",
    "(t)(3)": "only a function can be called",
    "0x10": "no meaning",
    "1_000": "no meaning",
    "3j": "no meaning",
    "1, 2": "comma",
    "t t": "cannot be read",
    "1 +": "cannot be read",
    "(1": "never closed",
    "1)": "closes no bracket",
    "t is t": "no name 'is'",
    "t in t": "no name 'in'",
    "None": "no name 'None'",
    "1e999": "larger than a number",
    "9" * 400: "larger than a number",
    "(" * 500 + "1" + ")" * 500: "more than 40 brackets",
    "(" * 40 + "1 1" + ")" * 40: "cannot be read",
    "sin(" * 200 + "t" + ")" * 200: "more than 40 brackets",
    "-" * 1999 + "1": "at most 400",
    "-" * 399 + "1": "nests at most",
    "not " * 390 + "t": "nests at most",
    "1**" * 150 + "1": "nests at most",
    "+".join("1" * 150): "nests at most",
    "1 if " * 90 + "1" + " else 1" * 90: "nests at most|cannot be read",
    "+".join("1" * 900): "at most 400",
    "1" * 3000: "at most 2,000 characters",
    "t\x00": "no meaning",
    "ｔ": "no meaning",
    "t;t": "no meaning",
    "t#": "no meaning",
    "f'{t}'": "no meaning",
    "yield": "no name 'yield'",
    "await t": "no name 'await'",
}


@pytest.mark.parametrize("text", SCHEDULES)
def test_schedules_of_users_compute_what_python_does(text: str):
    assert compile_expression(text, NAMES)(AT) == pytest.approx(SCHEDULES[text], rel=1e-15)


@pytest.mark.parametrize("text", REFUSED, ids=lambda text: repr(text)[:40])
def test_anything_else_is_refused_at_once_with_a_reason_of_one_line(text: str):
    refused = refused_at_once(lambda: compile_expression(text, NAMES))
    assert re.search(REFUSED[text], refused.reason)
    assert "\n" not in refused.reason
    assert len(refused.reason) < 200


@pytest.mark.parametrize(
    "text", ["9**9**9**9", "1/0", "1 % 0", "1 // 0", "sqrt(-1)", "(-1)**0.5", "log(0)", "1e308*10", "exp(999)"]
)
def test_arithmetic_that_fails_or_is_not_finite_is_refused_when_it_is_computed(text: str):
    expression = compile_expression(text, NAMES)
    assert refused_at_once(lambda: expression(AT)).reason


def test_hints_say_what_to_write_instead():
    hints = {"2^3": "**", "3t": "2*t", "t = 3": "==", "sin": "sin(", "t ? 1 : 2": "else", "t && 1": "and"}
    for text, hint in hints.items():
        with pytest.raises(BadRequest) as refused:
            compile_expression(text, NAMES)
        assert hint in refused.value.hint


def test_only_the_branch_that_is_taken_is_computed():
    assert compile_expression("where(t > 0, 1/t, 0)", NAMES)({"t": 0.0}) == 0
    assert compile_expression("1/t if t else 5", NAMES)({"t": 0.0}) == 5


def test_it_tells_which_names_it_uses():
    assert compile_expression("sin(t) + e*max_f + pi", NAMES).uses == {"t", "max_f"}
    assert compile_expression("1+1", NAMES).uses == frozenset()


def test_a_sum_of_ninety_terms_is_no_problem():
    assert compile_expression("+".join(["t"] * 90), NAMES)(AT) == 630


@given(st.text(max_size=60) | st.text("0123456789.+-*/()<>=&|~,^ etsinmax_f", max_size=80))
def test_any_text_either_computes_a_number_or_is_refused(text: str):
    try:
        result = compile_expression(text, NAMES)(AT)
    except BadRequest:
        return
    assert isinstance(result, float)
    assert math.isfinite(result)


@given(a=st.floats(-1e6, 1e6), b=st.floats(-1e6, 1e6), c=st.floats(0.001, 100))
def test_arithmetic_is_pythons(a: float, b: float, c: float):
    run = compile_expression("a - b*c + (a + b) / c", frozenset("abc"))
    assert run({"a": a, "b": b, "c": c}) == a - b * c + (a + b) / c
