"""The ways to set up agree: one torch, one constraints file that fits every requirement, and help for every target."""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import bootstrap
from tests.docs.pages import ROOT

LOCK = (ROOT / "requirements" / "constraints.txt").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

PINS = {
    canonicalize_name(name): version
    for name, _, version in (line.partition("==") for line in LOCK.splitlines() if not line.startswith("#"))
}
ASKED = [*PROJECT["dependencies"], *(r for extra in PROJECT["optional-dependencies"].values() for r in extra)]


@pytest.mark.parametrize("asked", ASKED)
def test_the_lock_holds_a_version_of_everything_that_is_asked_for(asked: str) -> None:
    requirement = Requirement(asked)
    assert requirement.specifier.contains(PINS[canonicalize_name(requirement.name)])


def test_the_lock_binds_nobody_to_one_machine() -> None:
    lines = [line for line in LOCK.splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line)] == []


def test_run_py_installs_the_torch_that_make_installs() -> None:
    assert f"torch=={PINS['torch']}" == bootstrap.TORCH


def test_every_target_of_the_makefile_is_in_its_help() -> None:
    (phony,) = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    explained = re.findall(r"^([a-z]+):.*## \S", MAKEFILE, re.MULTILINE)
    assert sorted(phony.split()) == sorted(explained)


def test_make_installs_torch_first_and_alone() -> None:
    installs = [line.strip() for line in MAKEFILE.splitlines() if line.startswith("\t@$(BIN)/python $(PIP)")]
    assert installs[0].endswith("$(INDEX) torch")
    assert all("-c $(LOCK)" in line for line in installs)
