"""A program of its own: the weights in a pickle, and nothing else in it, written as a `.safetensors` file.

`sdplay.library.pickled` starts it with the path to read, the path to write, and how much memory and time it may take.
It knows nothing of the rest of the package, so that whatever a checkpoint might do, it would do here, and die here.
What went wrong is one line of JSON on stdout: {"kind": …, "what": …}.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

FAILED = 3
REFUSED = re.compile(r"GLOBAL ([\w.]+)")  # torch's words for a name that a pickle wants to call, and may not
STRANGE = re.compile(r"WeightsUnpickler error:\s*(.+)|(Invalid magic number)")  # and for what it never writes itself
SYSTEM = re.compile(r"os error (\d+)")  # how safetensors tells what the system said
MEANS = re.compile(r"model_ema\.")  # a second copy of the network, which is read only where the first is missing
MEANS_OF_OTHERS = re.compile(r"model_ema\.(?!diffusion_model)")
FIRST_COPY = ("model.diffusion_model.", "diffusion_model.")
BELOW = ("state_dict", "string_to_param", "model_state_dict", "model", "module", "params", "weights")
DEEPEST = 5  # dictionaries within each other
NUMPY = tuple(f"numpy{core}.multiarray.{name}" for core in (".core", "._core") for name in ("scalar", "_reconstruct"))
LEFT_BY_TRAINING = (  # what the programs that trained Stable Diffusion left in its files beside the weights
    "pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint",
    "pytorch_lightning.utilities.parsing.AttributeDict",
    "omegaconf.dictconfig.DictConfig",
    *("numpy.dtype", "numpy.ndarray", *NUMPY),
)


CONTAINERS = tuple(f"torch.nn.modules.container.{name}" for name in ("ParameterDict", "ParameterList", "ModuleDict"))


class Parameters:
    """Stands for torch's containers of parameters, as textual inversions of A1111 are in: keeps the tensors by name."""

    def __init__(self, *_: object) -> None:
        self.tensors: dict[str, Any] = {}

    def __setstate__(self, state: Any) -> None:
        found = state.get("_parameters") if isinstance(state, dict) else None
        self.tensors = dict(found) if isinstance(found, dict) else {}


class Nothing:
    """Stands for whatever `LEFT_BY_TRAINING` names: takes anything, keeps nothing, does nothing."""

    def __init__(self, *_: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass


def limit(memory: int, seconds: int, written: int) -> None:
    """Let this process have so many bytes of memory, seconds of a core and bytes in a file, if the system can."""
    try:
        import resource
    except ImportError:  # Windows: the parent still watches the clock
        return
    wanted = {"RLIMIT_DATA": memory, "RLIMIT_CPU": seconds, "RLIMIT_FSIZE": written, "RLIMIT_CORE": 0}
    for name, most in wanted.items():
        which = getattr(resource, name)
        hard = resource.getrlimit(which)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (most, most))


def weights_of(source: str) -> dict[str, Any]:
    """The tensors in a checkpoint by name; raises what torch raises for anything that is more than weights."""
    import torch

    with open(source, "rb") as file:
        archive = file.read(2) == b"PK"
    known: list[Any] = [(Nothing, name) for name in LEFT_BY_TRAINING] + [(Parameters, name) for name in CONTAINERS]
    with torch.serialization.safe_globals(known):
        found = torch.load(source, map_location="cpu", weights_only=True, mmap=archive)
    kept = tensors_in(found)
    whole = any(name.startswith(FIRST_COPY) for name in kept)
    passed_over = MEANS if whole else MEANS_OF_OTHERS
    return {name: tensor.detach() for name, tensor in kept.items() if not passed_over.match(name)}


def tensors_in(found: Any, depth: int = DEEPEST) -> dict[str, Any]:
    """The tensors by name of the outermost dictionary with some, among those that checkpoints have one within another:
    `BELOW` first, since what is beside the weights may be tensors too.
    """
    import torch

    if isinstance(found, Parameters):
        found = found.tensors
    if not isinstance(found, dict) or not depth:
        return {}
    for below in BELOW:
        inner = tensors_in(found.get(below), depth - 1)
        if inner:
            return inner
    return {name: t for name, t in found.items() if isinstance(name, str) and isinstance(t, torch.Tensor)}


def write(weights: dict[str, Any], target: str) -> None:
    """Write `weights`; those that share their memory, which the format has no way to say, are written twice."""
    from safetensors.torch import save_file

    own: dict[str, Any] = {}
    seen: set[int] = set()
    for name, tensor in weights.items():
        place = tensor.untyped_storage().data_ptr()
        whole = tensor.is_contiguous() and tensor.untyped_storage().nbytes() == tensor.nbytes
        own[name] = tensor if whole and place not in seen else tensor.contiguous().clone()
        seen.add(place)
    save_file(own, target, {"format": "pt"})


def main(source: str, target: str, memory: int, seconds: int, written: int) -> int:
    """Convert, and return the exit code."""
    limit(memory, seconds, written)
    try:
        weights = weights_of(source)
        if not weights:
            return report("empty", "")
        write(weights, target)
    except MemoryError:
        return report("memory", "")
    except OSError as error:
        return report("file", error.strerror or str(error), error.errno)
    except Exception as error:  # torch has a dozen kinds for a file that is not as it should be
        return report_error(str(error) or type(error).__name__)
    return 0


def report_error(text: str) -> int:
    """Sort an error of torch or safetensors by its words, and report it."""
    system = SYSTEM.search(text)
    if system is not None:
        return report("file", text, int(system[1]))
    for kind, words in (("program", REFUSED), ("strange", STRANGE)):
        found = words.search(text)
        if found is not None:
            return report(kind, found[1] or found[0])
    return report("memory" if "memory" in text else "damaged", text.splitlines()[0])


def report(kind: str, what: str, number: int | None = None) -> int:
    print(json.dumps({"kind": kind, "what": what[:300], "errno": number}))
    return FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])))
