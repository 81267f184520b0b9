"""Embeddings from a local ONNX model, without a server or torch."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from clara.config import EmbedSettings
from clara.errors import KnowledgeError
from clara.knowledge.embedders.batched import BatchedEmbedder, hash_files, load_package

_DEFAULT_TOKENS = 512
_MOST_TOKENS = 100_000  # a tokenizer without a limit states an astronomic one
_POOLED = "sentence_embedding"
_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_MODULES = ("Transformer", "Pooling", "Normalize")
_LEGACY_POOLING = {"pooling_mode_cls_token": "cls", "pooling_mode_mean_tokens": "mean"}


@dataclass(frozen=True, kw_only=True)
class _Model:
    session: Any
    tokenizer: Any
    inputs: dict[str, Any]
    output: str


class OnnxEmbedder(BatchedEmbedder):
    """Embeds by a folder with model.onnx (or onnx/model.onnx) and tokenizer.json, as Hugging Face exports them.

    An output `sentence_embedding` is taken as it is; else token vectors are pooled as 1_Pooling/config.json
    says, by the mean where it says nothing. Texts are cut at the model's longest input. The folder is only
    looked at; the model is loaded by the first use. Raises KnowledgeError where files are missing.
    """

    provider = "onnx"

    def __init__(self, settings: EmbedSettings) -> None:
        folder = Path(settings.model or "").expanduser()
        super().__init__(settings, f"onnx embeddings from {folder}")
        candidates = (folder / "model.onnx", folder / "onnx" / "model.onnx")
        model_file = next((path for path in candidates if path.is_file()), None)
        self._tokenizer_file = folder / "tokenizer.json"
        if model_file is None or not self._tokenizer_file.is_file():
            raise KnowledgeError(
                f"{self._name}: no {'tokenizer.json' if model_file else 'model.onnx'} there; set embed.model to a "
                "folder that holds model.onnx and tokenizer.json"
            )
        self._model_file = model_file
        self._pooling = _pooling(folder)
        self._max_tokens = _max_tokens(folder)
        self._folder = folder
        self._model: _Model | None = None
        self._hash: str | None = None

    def close(self) -> None:
        with self._lock:
            self._model = None

    def _identity(self) -> str:
        if self._hash is None:
            # Weights over 2 GB lie in files beside the model: model.onnx_data, model.onnx.data.
            weights = self._model_file.parent.glob(f"{self._model_file.name}*")
            self._hash = hash_files([*weights, self._tokenizer_file])
        return f"{self._folder.resolve().name} {self._hash} {self._pooling} {self._max_tokens}"

    def _vectors(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        with self._lock:
            model = self._model = self._model or self._load()
        try:
            encoded = model.tokenizer.encode_batch(list(texts))
            mask = np.array([e.attention_mask for e in encoded])
            given = {"input_ids": [e.ids for e in encoded], "attention_mask": mask}
            given["token_type_ids"] = [e.type_ids for e in encoded]
            feeds = {name: np.asarray(given[name], dtype=dtype) for name, dtype in model.inputs.items()}
            output = model.session.run([model.output], feeds)[0]
        except Exception as error:  # neither package's errors share a base of their own
            raise KnowledgeError(
                f"{self._name}: the model cannot run ({type(error).__name__}); export it again or choose another"
            ) from None
        pooled = _pool(np.asarray(output, dtype=np.float32), mask, self._pooling)
        # A model that can shorten its vectors keeps what matters most in front (arXiv 2205.13147).
        shortened: npt.NDArray[np.float32] = pooled[:, : self._settings.dimensions]
        return shortened

    def _load(self) -> _Model:
        runtime = load_package("onnxruntime", self.provider)
        tokenizers = load_package("tokenizers", self.provider)
        try:
            tokenizer = tokenizers.Tokenizer.from_file(str(self._tokenizer_file))
            options = runtime.SessionOptions()
            options.log_severity_level = 3  # errors; its warnings about graphs are nothing a user can act on
            session = runtime.InferenceSession(
                str(self._model_file), sess_options=options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # both packages raise plain Exception
            raise KnowledgeError(
                f"{self._name}: cannot load the model ({type(error).__name__}); the files are damaged or too new"
            ) from None
        tokenizer.enable_truncation(self._max_tokens)
        _pad_to_longest(tokenizer)
        outputs = [output.name for output in session.get_outputs()]
        output = _POOLED if _POOLED in outputs else outputs[0]
        if output != _POOLED:
            self._check_modules()
        types = {i.name: np.int32 if "int32" in i.type else np.int64 for i in session.get_inputs()}
        if foreign := [name for name in types if name not in _INPUTS]:
            raise KnowledgeError(
                f"{self._name}: the model wants the input {foreign[0]}; export it for feature extraction, with "
                "input_ids and attention_mask"
            )
        return _Model(session=session, tokenizer=tokenizer, inputs=types, output=output)

    def _check_modules(self) -> None:
        """Refuse what the pooled output would lack: vectors made in another way are wrong without a sign of it."""
        listed = _read_json(self._folder / "modules.json", list)
        kinds = [str(module.get("type", "")).rpartition(".")[2] for module in listed if isinstance(module, dict)]
        lacking = [kind for kind in kinds if kind not in _MODULES]
        if self._pooling not in ("mean", "cls"):
            lacking.append(f"pooling by {self._pooling}")
        if lacking:
            raise KnowledgeError(
                f"{self._name}: the model needs {lacking[0]} after ONNX; export it with an output {_POOLED}, or set "
                "embed.provider to sentence-transformers"
            )


def _pool(vectors: npt.NDArray[np.float32], mask: npt.NDArray[Any], pooling: str) -> npt.NDArray[np.float32]:
    """Return one vector a text: `vectors` is (texts, tokens, numbers), or already (texts, numbers)."""
    if vectors.ndim != 3:
        return vectors
    if pooling == "cls":
        pooled: npt.NDArray[np.float32] = vectors[
            np.arange(len(vectors)), mask.argmax(axis=1)
        ]  # the first token that is no padding
    else:
        weights = mask[:, :, None].astype(np.float32)
        mean = (vectors * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1.0)
        pooled = mean.astype(np.float32)
    return pooled


def _pooling(folder: Path) -> str:
    """Return how sentence-transformers pools this model, in either of its forms; mean without a word on it."""
    config = _read_json(folder / "1_Pooling" / "config.json", dict)
    if "pooling_mode" in config:
        mode = config["pooling_mode"]
        return mode if isinstance(mode, str) else "+".join(map(str, mode))
    legacy = [key for key, on in config.items() if key.startswith("pooling_mode_") and on is True]
    return "+".join(_LEGACY_POOLING.get(key, key.removeprefix("pooling_mode_")) for key in legacy) or "mean"


def _max_tokens(folder: Path) -> int:
    """Return the longest input in tokens; what sentence-transformers was trained with wins over the tokenizer."""
    for name, key in (("sentence_bert_config.json", "max_seq_length"), ("tokenizer_config.json", "model_max_length")):
        value = _read_json(folder / name, dict).get(key)
        if isinstance(value, int) and 0 < value <= _MOST_TOKENS:
            return value
    return _DEFAULT_TOKENS


def _pad_to_longest(tokenizer: Any) -> None:
    """Pad each batch to its longest text: some files pad every text to the model's limit."""
    own = tokenizer.padding or {}
    known = next((t for t in ("[PAD]", "<pad>") if tokenizer.token_to_id(t) is not None), "[PAD]")
    token = own.get("pad_token", known)
    tokenizer.enable_padding(
        direction=own.get("direction", "right"),
        pad_id=own.get("pad_id", tokenizer.token_to_id(token) or 0),
        pad_type_id=own.get("pad_type_id", 0),
        pad_token=token,
    )


def _read_json(path: Path, kind: type[Any]) -> Any:
    """Return the JSON of a file that need not be there, an empty `kind` without it. Raises KnowledgeError."""
    if not path.is_file():
        return kind()
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        read = None
    if not isinstance(read, kind):
        raise KnowledgeError(f"cannot read {path}; copy the model's folder again")
    return read
