"""Fetch the art packages by name and version, and check hash and licence before anything is read."""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import subprocess
import tarfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).with_name("sources.toml")
ALLOWED_LICENCES = {"MIT", "Apache-2.0", "CC0-1.0", "public-domain"}


class SourceError(RuntimeError):
    """A package is not the one that `sources.toml` names; says which, what was found and expected."""


@dataclass(frozen=True, slots=True)
class Package:
    name: str
    version: str
    sha512: str
    licence: str
    art_by: str
    use: str

    @property
    def folder(self) -> str:
        return f"{self.name.lstrip('@').replace('/', '-')}-{self.version}"


def read_sources(path: Path = SOURCES) -> list[Package]:
    return [Package(**entry) for entry in tomllib.loads(path.read_text())["package"]]


def fetch(package: Package, into: Path) -> Path:
    """Return the unpacked folder of `package` below `into`; downloads only what is not there yet."""
    folder = into / package.folder
    if folder.is_dir():
        return folder
    into.mkdir(parents=True, exist_ok=True)
    archive = into / f"{package.folder}.tgz"
    if not archive.is_file():
        subprocess.run(["npm", "pack", "--silent", f"{package.name}@{package.version}"], cwd=into, check=True)
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if digest != package.sha512:
        archive.unlink()
        raise SourceError(f"{package.name} {package.version}: sha512 is {digest}, expected {package.sha512}")
    unpacked = into / f"{package.folder}.partial"
    with tarfile.open(archive) as tar:
        tar.extractall(unpacked, filter="data")
    found = json.loads((unpacked / "package" / "package.json").read_text()).get("license")
    if found != package.licence or found not in ALLOWED_LICENCES:
        raise SourceError(f"{package.name}: licence is {found!r}, expected {package.licence!r}")
    (unpacked / "package").rename(folder)
    unpacked.rmdir()
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("training/work"))
    work: Path = parser.parse_args().work
    for package in read_sources():
        print(f"{package.name} {package.version} ({package.licence}) -> {fetch(package, work / 'src')}")


if __name__ == "__main__":
    main()
