"""Tensors are taken out of arguments and put back; what is left tells one call from another."""

from __future__ import annotations

import torch

from sdplay.engines.arguments import filled, flattened, signature_of, structure


def test_tensors_come_out_of_arguments_and_go_back() -> None:
    one, two = torch.ones(2), torch.zeros(1, 3)
    arguments = ((one, None), {"deep": {"list": [two, 4]}, "flag": False})
    tensors = flattened(arguments)
    assert [tensor.shape for tensor in tensors.values()] == [(2,), (1, 3)]
    assert structure(arguments) == [[1, None], {"deep": {"list": [2, 4]}, "flag": False}]
    others = [torch.full((2,), 7.0), torch.full((1, 3), 8.0)]
    back = filled(arguments, list(others))
    assert back[0][0] is others[0]
    assert back[1]["deep"]["list"][0] is others[1]


def test_a_signature_holds_all_but_numbers() -> None:
    one = signature_of(((torch.ones(2, 3),), {"scale": 1.0}))
    assert signature_of(((torch.zeros(2, 3),), {"scale": 1.0})) == one
    assert signature_of(((torch.ones(2, 4),), {"scale": 1.0})) != one
    assert signature_of(((torch.ones(2, 3),), {"scale": 2.0})) != one
    assert signature_of(((torch.ones(2, 3),), {})) != one
