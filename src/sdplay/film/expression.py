"""Arithmetic that a user may write into a schedule or a prompt: `1 + 0.2*sin(2*pi*t/30)`.

A text is cut into tokens that are all on a list before the language's own parser sees it, and the tree that comes out
is turned into closures over floats. Nothing else is understood: no attributes, items, strings, keywords or big numbers.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from sdplay.core.errors import BadRequest, shorten
from sdplay.film.expression_names import CONSTANTS, FUNCTIONS, where

LONGEST_TEXT = 2000
MOST_TERMS = 400
DEEPEST_BRACKETS = 40
DEEPEST_TREE = 100

Values = Mapping[str, float]
Term = Callable[[Values], float]

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?![A-Za-z0-9_.])"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<operator>\*\*|//|<=|>=|==|!=|[-+*/%<>~]|&(?!&)|\|(?!\|))"
    r"|(?P<bracket>[(),]))"
)
_WORDS = frozenset({"and", "or", "not", "if", "else"})
_HINTS = {
    "^": "use ** for powers",
    "=": "use == to compare",
    "!": "use `not`",
    "&&": "use `and`",
    "||": "use `or`",
    "?": "write `a if condition else b`, or where(condition, a, b)",
}


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked expression; call it with a value for each name in `uses`.

    Raises `BadRequest` where the arithmetic fails (division by zero, square root of a negative number) or the result
    is not finite.
    """

    text: str
    uses: frozenset[str]
    _run: Term = field(repr=False, compare=False)

    def __call__(self, values: Values) -> float:
        try:
            result = self._run(values)
        except ZeroDivisionError:
            raise BadRequest(f"{shorten(self.text)} divides by zero") from None
        except OverflowError:
            raise BadRequest(f"{shorten(self.text)} grows beyond what a number can hold") from None
        except ValueError:
            raise BadRequest(
                f"{shorten(self.text)} asks a function for a value it has not, such as the root of a negative number"
            ) from None
        if not math.isfinite(result):
            raise BadRequest(f"{shorten(self.text)} gives {result}")
        return result


def compile_expression(text: str, names: frozenset[str]) -> Expression:
    """The expression `text` says, in which `names` may occur beside `pi`, `e`, `tau` and the functions.

    At most 2,000 characters, 400 numbers, names and operators, and 40 brackets inside one another. Operators and
    their order are Python's, on floats: `&`, `|`, `~` and comparisons give 1 or 0; `where(c, a, b)` and `a if c else b`
    compute only the branch they take. Raises `BadRequest` with the reason; it names no field, which the caller knows.
    """
    if len(text) > LONGEST_TEXT:
        raise BadRequest(f"an expression has at most {LONGEST_TEXT:,} characters, and this one {len(text):,}")
    tokens = list(_tokens(text))
    if not tokens:
        raise BadRequest("an expression is missing")
    _check_size(tokens)
    _check_names(tokens, names)
    try:
        tree = ast.parse(" ".join(token for _, token in tokens), mode="eval").body
    except SyntaxError as wrong:
        raise BadRequest(f"{shorten(text)} cannot be read: {wrong.msg}") from None
    run = _Compiler(names).compile(tree, depth=0)
    used = {token for kind, token in tokens if kind == "name"}
    return Expression(text.strip(), frozenset(used & names), run)


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    """(kind, token) pairs, each token in a form the parser reads; raises `BadRequest` at the first that is not one."""
    text = text.rstrip()
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _unreadable(text[at:].lstrip())
        kind = str(match.lastgroup)
        token = match[kind]
        yield kind, _finite(token) if kind == "number" else token
        at = match.end()


def _finite(number: str) -> str:
    value = float(number)
    if not math.isfinite(value):
        raise BadRequest(f"{shorten(number)} is larger than a number can be")
    return repr(value)


def _unreadable(rest: str) -> BadRequest:
    hint = _HINTS.get(rest[:2], _HINTS.get(rest[0], ""))
    if re.match(r"[0-9.]+[A-Za-z_(]", rest):
        hint = "write the multiplication sign: 2*t"
    return BadRequest(f"{shorten(rest[:20])} has no meaning in an expression", hint=hint)


def _check_size(tokens: list[tuple[str, str]]) -> None:
    terms = sum(kind != "bracket" for kind, _ in tokens)
    if terms > MOST_TERMS:
        raise BadRequest(f"an expression has at most {MOST_TERMS} numbers, names and operators, and this one {terms}")
    depth = 0
    for _, token in tokens:
        depth += (token == "(") - (token == ")")
        if depth < 0:
            raise BadRequest("a ')' closes no bracket")
        if depth > DEEPEST_BRACKETS:
            raise BadRequest(f"more than {DEEPEST_BRACKETS} brackets inside one another")
    if depth:
        raise BadRequest("a '(' is never closed")


def _check_names(tokens: list[tuple[str, str]], names: frozenset[str]) -> None:
    for (kind, token), (_, follows) in zip(tokens, [*tokens[1:], ("", "")], strict=True):
        if kind == "number" and follows == "(":
            raise BadRequest(f"{token}( has no meaning in an expression", hint="write the multiplication sign: 2*(t)")
        if kind != "name" or token in _WORDS:
            continue
        if follows == "(" and token not in FUNCTIONS:
            raise BadRequest(f"there is no function {token!r}", hint=f"known: {', '.join(sorted(FUNCTIONS))}")
        if follows != "(" and token not in names and token not in CONSTANTS:
            if token in FUNCTIONS:
                raise BadRequest(f"{token} is a function", hint=f"write {token}(…)")
            raise BadRequest(
                f"there is no name {token!r}", hint=f"known: {', '.join(sorted(names | CONSTANTS.keys()))}"
            )


_BINARY: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
    # math.pow raises where ** of a negative number would answer with a complex one
    ast.Pow: math.pow,
    ast.BitAnd: lambda a, b: float(bool(a) and bool(b)),
    ast.BitOr: lambda a, b: float(bool(a) or bool(b)),
}
_UNARY: Mapping[type[ast.unaryop], Callable[[float], float]] = {
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
    ast.Not: lambda a: float(not a),
    ast.Invert: lambda a: float(not a),
}
_COMPARE: Mapping[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


@dataclass(frozen=True, slots=True)
class _Compiler:
    """Syntax tree → closure; whatever has no case here is refused."""

    names: frozenset[str]

    def compile(self, node: ast.expr, depth: int) -> Term:
        if depth > DEEPEST_TREE:
            raise BadRequest(f"an expression nests at most {DEEPEST_TREE} operations")
        inside = depth + 1
        match node:
            case ast.Constant(value=float() | bool() as value):
                return _constant(value)
            case ast.Name(id=name):
                return self._name(name)
            case ast.BinOp(left=left, op=op, right=right):
                return _binary(_BINARY[type(op)], self.compile(left, inside), self.compile(right, inside))
            case ast.UnaryOp(op=op, operand=operand):
                return _unary(_UNARY[type(op)], self.compile(operand, inside))
            case ast.BoolOp(op=op, values=parts):
                return _logic(isinstance(op, ast.And), [self.compile(part, inside) for part in parts])
            case ast.Compare(left=left, ops=ops, comparators=rest):
                return _compare([_COMPARE[type(op)] for op in ops], [self.compile(n, inside) for n in (left, *rest)])
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return _choice(*(self.compile(part, inside) for part in (test, body, orelse)))
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in FUNCTIONS:
                return _call(name, [self.compile(argument, inside) for argument in arguments])
            case _:
                raise BadRequest(_refusal(node))

    def _name(self, name: str) -> Term:
        if name in self.names:
            return operator.itemgetter(name)
        return _constant(CONSTANTS[name])


def _constant(value: float) -> Term:
    number = float(value)
    return lambda values: number


def _refusal(node: ast.expr) -> str:
    if isinstance(node, ast.Tuple) and not node.elts:
        return "there is nothing between the brackets"
    if isinstance(node, ast.Tuple):
        return "a comma stands only between the arguments of a function"
    if isinstance(node, ast.Call):
        return "only a function can be called; write * to multiply"
    return f"an expression has no {type(node).__name__}"


def _binary(function: Callable[[float, float], float], left: Term, right: Term) -> Term:
    return lambda values: function(left(values), right(values))


def _unary(function: Callable[[float], float], operand: Term) -> Term:
    return lambda values: function(operand(values))


def _logic(every: bool, parts: list[Term]) -> Term:
    combine = all if every else any
    return lambda values: float(combine(part(values) for part in parts))


def _compare(tests: list[Callable[[float, float], bool]], parts: list[Term]) -> Term:
    def run(values: Values) -> float:
        numbers = [part(values) for part in parts]
        return float(all(test(a, b) for test, a, b in zip(tests, numbers, numbers[1:], strict=False)))

    return run


def _choice(test: Term, body: Term, otherwise: Term) -> Term:
    return lambda values: body(values) if test(values) else otherwise(values)


def _call(name: str, arguments: list[Term]) -> Term:
    run, fewest, most = FUNCTIONS[name]
    if not fewest <= len(arguments) <= most:
        asked = f"{fewest} or more numbers" if most > fewest else f"{fewest} number{'s' * (fewest > 1)}"
        raise BadRequest(f"{name} takes {asked}, and here it has {len(arguments)}")
    if run is where:
        return _choice(*arguments)
    if len(arguments) == 1:
        return _unary(lambda x: float(run(x)), arguments[0])
    return lambda values: float(run(*[argument(values) for argument in arguments]))
