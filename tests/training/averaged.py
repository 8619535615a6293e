"""One of two processes that average: `python -m tests.training.averaged FOLDER`; each writes FOLDER/RANK.json."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import torch

from training.partners import meet


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rank", type=int, default=0)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    partners = meet("tests.training.averaged", sys.argv[1:2], 2, asked.rank, asked.folder / "meeting")
    gradients = [torch.full((2, 3), 1.0 + asked.rank), None, torch.tensor([10.0, 30.0]) * (1 - asked.rank)]
    partners.average(gradients)
    passed = [torch.full((2,), 7.0 + k + 10 * asked.rank, dtype=torch.bfloat16) for k in range(3)]
    partners.pass_on(passed, [1, 0, 1])
    agreed = partners.agree(asked.rank, 5)
    means = [None if gradient is None else gradient.tolist() for gradient in gradients]
    said = {"rank": partners.rank, "means": means, "agreed": agreed, "passed": [part.tolist() for part in passed]}
    (asked.folder / f"{asked.rank}.json").write_text(json.dumps(said))
    partners.leave()


if __name__ == "__main__":
    main()
