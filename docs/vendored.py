"""Renew the libraries of the page: `python docs/vendored.py node_modules` copies them from where npm put them.

The files stay as npm has them but for what links them: bare names become relative ones, and each import and export
has a line of its own, so that `sdplay.server.page.bundle` can read them.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

VENDOR = Path(__file__).parents[1] / "src/sdplay/server/page/static/js/vendor"
LIST = "vendored.json"
# Our file: the package, its file, and what types it has.
FILES = {
    "preact.js": ("preact", "dist/preact.mjs", "preact"),
    "hooks.js": ("preact", "hooks/dist/hooks.mjs", "preact/hooks"),
    "htm.js": ("htm", "dist/htm.mjs", "htm"),
    "signals-core.js": ("@preact/signals-core", "dist/signals-core.mjs", "@preact/signals-core"),
    "signals.js": ("@preact/signals", "dist/signals.mjs", "@preact/signals"),
}
NAMES = {types: f"./{ours}" for ours, (_, _, types) in FILES.items()}
IMPORT = re.compile(r'import\{([^}]*)\}from"([^"]+)";')
REEXPORT = re.compile(r'export\{([^}]*)\}from"([^"]+)";')
EXPORT = re.compile(r"export\{([^}]*)\};")
HTM_TYPES = """type Html = (strings: TemplateStringsArray, ...values: any[]) => any;
export const htm: { bind(h: (...args: any[]) => any): Html };
"""  # its own say what h gives, which for us is always what preact shows
MAP = re.compile(r"//# sourceMappingURL=\S+\s*")


def linked(text: str) -> str:
    """A library's text with one import or export a line, all of them relative."""
    text = MAP.sub("", text)
    text = IMPORT.sub(lambda found: f'\nimport {{ {found[1]} }} from "{NAMES[found[2]]}";\n', text)
    text = REEXPORT.sub(lambda found: f'\nexport {{ {found[1]} }} from "{NAMES[found[2]]}";\n', text)
    text = EXPORT.sub(lambda found: f"\nexport {{ {found[1]} }};\n", text)
    return text.replace("export default function", "\nexport const htm = function").strip() + "\n"


def declaration(types: str) -> str:
    """What types our file has: those of the package."""
    return f'export * from "{types}";\n' if types != "htm" else HTM_TYPES


def renew(modules: Path) -> None:
    """Write the files and their list anew from the folder `node_modules`."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Any]] = []
    for ours, (package, file, types) in FILES.items():
        about = json.loads((modules / package / "package.json").read_bytes())
        text = linked((modules / package / file).read_text(encoding="utf-8"))
        licence = f"{package.replace('@', '').replace('/', '-')}.LICENSE"
        (VENDOR / ours).write_text(text, encoding="utf-8")
        (VENDOR / ours.replace(".js", ".d.ts")).write_text(declaration(types), encoding="utf-8")
        shutil.copyfile(modules / package / "LICENSE", VENDOR / licence)
        rows.append(
            {
                "file": ours,
                "package": package,
                "version": about["version"],
                "path": file,
                "licence": about["license"],
                "licence_file": licence,
                "sha256": sha256(text.encode()).hexdigest(),
            }
        )
    (VENDOR / LIST).write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    renew(Path(sys.argv[1]))
