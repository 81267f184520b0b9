"""Models to embed and rerank with: a server on loopback, a tiny ONNX model, a stand-in for sentence-transformers."""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.fake_openai import Body, Reply
from tests.loopback import Loopback, read_request

DIMENSION = 24
KEY = "sk-test-0123456789abcdef"


def vector(text: str, size: int = DIMENSION) -> list[float]:
    """A bag of words as numbers, not of unit length: the same on every machine."""
    total = [0.0] * size
    for word in text.split() or [""]:
        drawn = random.Random(zlib.crc32(word.encode()))
        total = [number + 3 * drawn.gauss(0, 1) for number in total]
    return total


def overlap(query: str, text: str) -> float:
    """The share of the query's words that `text` holds."""
    words = set(query.split())
    return len(words & set(text.split())) / max(1, len(words))


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the server was asked."""

    path: str
    headers: dict[str, str]
    body: Body


class FakeEmbeddings(Loopback):
    """Serves /v1/embeddings, /api/embed and /rerank for the model `fake-embed`; `faults` answer first, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.reset()

    def reset(self) -> None:
        super().reset()
        self.faults: list[Reply] = []
        self.requests: list[Request] = []
        self.key: str | None = None
        self.dimension = DIMENSION
        self.shortens = True
        self.most_texts = 1000
        self.most_characters = 100_000
        self.too_long = Reply(status=400, text="the input length exceeds the context length")
        self.shuffle = False
        self.speaks_tei = False
        self.score: Callable[[str, str], float] = overlap
        self.hold_for = 0

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        read = await read_request(reader)
        request = Request(path=read.target, headers=read.headers, body=json.loads(read.raw))
        self.requests.append(request)
        self._open(1)
        try:
            await self._hold()
            reply = self.faults.pop(0) if self.faults else self._reply(request)
            if reply.mode == "hang":
                await reader.read(1)  # until the client gives up
                return False
        finally:
            self._open(-1)
        if reply.mode == "drop":
            writer.transport.abort()
            return False
        payload = reply.body if reply.body is not None else json.dumps({"error": reply.text}).encode()
        lines = [f"HTTP/1.1 {reply.status} X", f"content-length: {len(payload)}"]
        lines += [f"{k}: {v}" for k, v in ({"content-type": "application/json"} | reply.headers).items()]
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
        writer.write(payload[: len(payload) // 2] if reply.mode == "truncate" else payload)
        await writer.drain()
        return reply.mode == "normal"

    async def _hold(self) -> None:
        """Keep early requests open until `hold_for` of them are, so that a test sees them side by side."""
        for _ in range(500):
            if self.most_open >= self.hold_for:
                break
            await asyncio.sleep(0.01)
        if self.hold_for:
            await asyncio.sleep(0.1)  # one more than that would come now

    def _reply(self, request: Request) -> Reply:
        handler = {
            "/v1/embeddings": self._embeddings,
            "/api/embed": self._embed,
            "/v1/rerank": self._rerank,
        }.get(request.path)
        if handler is None:
            return Reply(status=404, body=b"<h1>nothing here</h1>", headers={"content-type": "text/html"})
        if self.key and request.headers.get("authorization") != f"Bearer {self.key}":
            return Reply(status=401, text=f"Incorrect API key provided: {request.headers.get('authorization')}")
        made = handler(request.body)
        return made if isinstance(made, Reply) else Reply(body=json.dumps(made).encode())

    def _rows(self, body: Body) -> list[list[float]] | Reply:
        if body["model"] != "fake-embed":
            return Reply(status=404, text=f"model {body['model']!r} not found")
        if len(body["input"]) > self.most_texts:
            return Reply(status=422, text=f"batch size {len(body['input'])} > maximum allowed batch size")
        if any(len(text) > self.most_characters for text in body["input"]):
            return self.too_long
        size = body.get("dimensions", self.dimension) if self.shortens else self.dimension
        return [vector(text, self.dimension)[:size] for text in body["input"]]

    def _embeddings(self, body: Body) -> Any:
        assert body["encoding_format"] == "float"
        rows = self._rows(body)
        if isinstance(rows, Reply):
            return rows
        data = [{"object": "embedding", "index": i, "embedding": row} for i, row in enumerate(rows)]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return {"object": "list", "model": "x", "data": data[::-1] if self.shuffle else data, "usage": usage}

    def _embed(self, body: Body) -> Any:
        rows = self._rows(body)
        return rows if isinstance(rows, Reply) else {"model": body["model"], "embeddings": rows}

    def _rerank(self, body: Body) -> Any:
        if self.speaks_tei:
            if "texts" not in body:
                return Reply(status=422, text="Failed to deserialize: missing field `texts`")
            found = [{"index": i, "score": self.score(body["query"], t)} for i, t in enumerate(body["texts"])]
            return sorted(found, key=lambda r: -r["score"])
        if "documents" not in body:
            return Reply(status=400, body=b'{"detail": [{"type": "missing", "msg": "Field required"}]}')
        scored = [(i, self.score(body["query"], text)) for i, text in enumerate(body["documents"])]
        results = [{"index": i, "relevance_score": score} for i, score in sorted(scored, key=lambda s: -s[1])]
        return {"id": "r-1", "results": results[: body["top_n"]]}


def make_onnx_folder(
    folder: Path,
    *,
    output: str = "last_hidden_state",
    inputs: Sequence[str] = ("input_ids", "attention_mask"),
    integers: str = "INT64",
    fill: float | None = None,
    dimension: int = DIMENSION,
) -> npt.NDArray[np.float32]:
    """Write a real model of one layer, a table of token vectors, with a byte-level tokenizer; return the table.

    Tokens: 0 [PAD], 1 [CLS], 2 [SEP], then the 256 bytes. An output `sentence_embedding` is [CLS]'s row.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    folder.mkdir(parents=True, exist_ok=True)
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: i for i, token in enumerate(["[PAD]", "[CLS]", "[SEP]", *letters])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))

    table = np.random.default_rng(7).normal(size=(len(vocabulary), dimension)).astype(np.float32)
    if fill is not None:
        table[:] = fill
    pooled = output == "sentence_embedding"
    nodes = [helper.make_node("Gather", ["table", "input_ids"], ["tokens" if pooled else output])]
    constants = [numpy_helper.from_array(table, "table")]
    if pooled:
        constants.append(numpy_helper.from_array(np.array(0), "first"))
        nodes.append(helper.make_node("Gather", ["tokens", "first"], [output], axis=1))
    kind = getattr(TensorProto, integers)
    shape = ["texts", dimension] if pooled else ["texts", "tokens", dimension]
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info(name, kind, ["texts", "tokens"]) for name in inputs],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.checker.check_model(model)
    onnx.save(model, str(folder / "model.onnx"))
    return table


def sentence_transformers_module() -> ModuleType:
    """A module like sentence_transformers, as far as CLARA uses it; `made` lists what was loaded, and how."""
    module = ModuleType("sentence_transformers")
    made: list[tuple[str, str | None, int | None]] = []
    busy = threading.Lock()

    class SentenceTransformer:
        def __init__(
            self, model_name_or_path: str, *, revision: str | None = None, truncate_dim: int | None = None
        ) -> None:
            if "absent" in model_name_or_path:
                raise OSError(f"We couldn't connect to the hub to load {model_name_or_path}\nand it is not cached.")
            made.append((model_name_or_path, revision, truncate_dim))
            self._size = truncate_dim

        def encode(self, inputs: list[str], *, batch_size: int, show_progress_bar: bool) -> npt.NDArray[np.float32]:
            assert batch_size == len(inputs) and not show_progress_bar
            if not busy.acquire(blocking=False):
                raise RuntimeError("Already borrowed")  # as its tokenizers do when two threads use one
            try:
                time.sleep(0.002)  # long enough for another thread to come
                if any("out of memory" in text for text in inputs):
                    raise RuntimeError("CUDA out of memory")
                return np.array([vector(text)[: self._size] for text in inputs], dtype=np.float32)
            finally:
                busy.release()

    module.SentenceTransformer = SentenceTransformer  # type: ignore[attr-defined]
    module.made = made  # type: ignore[attr-defined]
    return module
