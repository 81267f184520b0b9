"""Datasets by their hub name: fetched over HTTP from a hub on loopback, and read like local files."""

from __future__ import annotations

import functools
import hashlib
import importlib
import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import huggingface_hub
import pytest

from clara.errors import ConfigError, DatasetError
from clara.evaluation.datasets import load_dataset
from tests.unit.evaluation.layouts import write_global_mmlu, write_multiloko

REVISION = "0123456789abcdef0123456789abcdef01234567"


class FakeHub(ThreadingHTTPServer):
    """Serves the files of a folder as one dataset repository."""

    def __init__(self, folder: Path, repository: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.repository = repository
        self.fetched: list[str] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: FakeHub

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        base, files = (
            f"/api/datasets/{self.server.repository}",
            f"/datasets/{self.server.repository}/resolve/{REVISION}/",
        )
        if path == f"{base}/revision/main":
            self._send(json.dumps({"id": self.server.repository, "sha": REVISION, "siblings": []}).encode())
        elif path == f"{base}/tree/{REVISION}":
            listed = [
                {"type": "file", "path": file.relative_to(self.server.folder).as_posix(),
                 "size": file.stat().st_size, "oid": hashlib.sha1(file.read_bytes()).hexdigest()}
                for file in sorted(self.server.folder.rglob("*")) if file.is_file()
            ]  # fmt: skip
            self._send(json.dumps(listed).encode())
        elif path.startswith(files) and (file := self.server.folder / path.removeprefix(files)).is_file():
            if self.command == "GET":
                self.server.fetched.append(path.removeprefix(files))
            self._send(file.read_bytes())
        else:
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def do_HEAD(self) -> None:
        self.do_GET()

    def _send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", f'"{hashlib.sha1(body).hexdigest()}"')
        self.send_header("X-Repo-Commit", REVISION)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    folder = write_global_mmlu(Path("hub").absolute(), ("en", "hi", "zh"))
    with FakeHub(folder, "CohereLabs/Global-MMLU") as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        at_this_hub = functools.partial(
            huggingface_hub.snapshot_download, endpoint=server.address, cache_dir=Path("cache").absolute(), token=False
        )
        monkeypatch.setattr(huggingface_hub, "snapshot_download", at_this_hub)
        yield server
        server.shutdown()
        thread.join()


def test_a_dataset_is_fetched_by_its_hub_name_and_is_what_the_files_are(hub: FakeHub) -> None:
    fetched = load_dataset("global-mmlu")
    assert fetched.version() == load_dataset(f"global-mmlu:{hub.folder}").version()
    assert fetched.languages == ("en", "hi", "zh-Hans")
    assert sorted(hub.fetched) == [f"{name}/test-00000-of-00001.parquet" for name in ("en", "hi", "zh")]  # no dev split
    load_dataset("global-mmlu")
    assert len(hub.fetched) == 3  # from the hub's own cache


def test_of_a_large_dataset_only_the_languages_asked_for_are_fetched(hub: FakeHub) -> None:
    assert load_dataset("global-mmlu", ["en", "zh-Hans"]).languages == ("en", "zh-Hans")
    assert sorted(hub.fetched) == ["en/test-00000-of-00001.parquet", "zh/test-00000-of-00001.parquet"]


def test_folders_that_the_hub_names_otherwise_are_fetched_whole(hub: FakeHub) -> None:
    hub.folder, hub.repository = write_multiloko(Path("m").absolute(), ("english", "hindi")), "facebook/multiloko"
    assert load_dataset("multiloko").languages == ("en", "hi")
    assert sorted(hub.fetched) == ["english/dev.jsonl", "hindi/dev.jsonl"]


def test_a_hub_that_does_not_have_it_or_cannot_be_reached_is_said_in_one_line(hub: FakeHub) -> None:
    hub.repository = "somebody/else"
    with pytest.raises(DatasetError) as raised:
        load_dataset("global-mmlu")
    assert "global-mmlu: CohereLabs/Global-MMLU cannot be fetched from the Hugging Face hub (" in str(raised.value)
    assert "fetch its files yourself and give global-mmlu:PATH" in str(raised.value) and "\n" not in str(raised.value)


def test_without_the_extra_it_is_said_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.import_module

    def without(name: str, package: str | None = None) -> object:
        if name == "huggingface_hub":
            raise ModuleNotFoundError(name=name)
        return real(name, package)

    monkeypatch.setattr(importlib, "import_module", without)
    with pytest.raises(ConfigError, match=r"this needs huggingface_hub .* pip install 'clara-debias\[datasets\]'"):
        load_dataset("global-mmlu")
    assert "datasets" not in sys.modules
