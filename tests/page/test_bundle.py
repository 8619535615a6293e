"""The page's modules as one script."""

from __future__ import annotations

import json
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from sdplay.server.page.bundle import JS, NotLinked, link, script, styles

NODE = shutil.which("node")


def run(script: str) -> str:
    assert NODE is not None
    return subprocess.run([NODE, "-e", script], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.skipif(NODE is None, reason="no node")
def test_modules_become_one_script() -> None:
    texts = {
        "main.js": 'import { two as zwei } from "./a/b.js";\nimport {\n  one,\n  Three,\n} from "./c.js";\n'
        "console.log(one, zwei(), new Three().four);\n",
        "a/b.js": 'import { one } from "../c.js";\nexport { one as again } from "../c.js";\n'
        "export function two() {\n  return one + 1;\n}\n",
        "c.js": "const uno = 1;\nexport class Three {\n  four = 4;\n}\nexport { uno as one };\n",
        "unused.js": "console.log('never');\n",
    }
    assert run(link(texts)) == "1 2 4"


@pytest.mark.parametrize(
    "text",
    [
        "export default 1;",
        'import React from "./c.js";',
        'import { x } from "elsewhere";',
        'import { missing } from "./c.js";',
        'import { x } from "./nowhere.js";',
        "export let x = 1;",
        'export * from "./c.js";',
        'import { m } from "./main.js";',
    ],
)
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(NotLinked):
        link({"main.js": f"{text}\n", "c.js": "export const x = 1;\n"})


def test_the_page_links_and_nothing_in_it_is_unused() -> None:
    text = script().content.decode()
    for path in [*(JS / "views").rglob("*.js"), *(JS / "shell").rglob("*.js")]:
        assert f"// {path.relative_to(JS).as_posix()}\n" in text, f"nothing imports {path.name}"
    assert b":focus-visible" in styles().content


def test_libraries_are_as_they_were_vendored() -> None:
    rows = json.loads((JS / "vendor" / "vendored.json").read_bytes())
    assert {row["file"] for row in rows} == {path.name for path in (JS / "vendor").glob("*.js")}
    for row in rows:
        assert sha256((JS / "vendor" / row["file"]).read_bytes()).hexdigest() == row["sha256"], row["file"]
        assert (JS / "vendor" / row["licence_file"]).stat().st_size > 500


def test_no_module_is_longer_than_can_be_read(tmp_path: Path) -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in JS.rglob("*.js") if path.parent.name != "vendor"}
    assert {str(path): length for path, length in lengths.items() if length > 300} == {}
