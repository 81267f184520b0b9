"""The vector space of a knowledge base: its index kept in step with the truth, and made anew beside the old one."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np
from pydantic import SecretStr

from clara.errors import KnowledgeCorrupt, KnowledgeError
from clara.knowledge.embedders import Embedder, Vectors, canary, same_space, space_name
from clara.knowledge.store import Store
from clara.knowledge.vectors import VectorIndex, graph_sizes, guarded

Progress = Callable[[int, int], None]
_BATCH = 512
_SAMPLE = 128
_LOCAL = "hashed"  # fingerprints of the embedder that costs nothing begin so


class EmbedderChanged(KnowledgeError):
    """The index was made with another embedder than the settings name."""


class VectorSpace:
    """Embeds chunks and queries with one embedder, and keeps the vectors in step with `store`.

    folder: where embedded indexes lie, each in a folder of its own; url: a Chroma server to use instead.
    """

    def __init__(
        self, store: Store, embedder: Embedder, folder: Path, *, url: str | None = None, token: SecretStr | None = None
    ) -> None:
        self._store, self.embedder = store, embedder
        self._folder, self._url, self._token = folder, url, token
        self._index: VectorIndex | None = None
        self._checked = self._behind = False
        self._checking = threading.Lock()
        if (known := store.meta("base")) is None:
            known = uuid.uuid4().hex[:8]
            store.set_meta("base", known)
        self._mark = f"vectors-{known}-"  # several bases may share a server
        background = store.meta("background")
        self.background = float(background) if background else 0.0

    @property
    def index(self) -> VectorIndex:
        """The vector index. KnowledgeError while there is none."""
        if self._index is None:
            raise KnowledgeError("the vector index is not open; clara kb verify tells more")
        return self._index

    def trouble(self) -> str | None:
        """Open the index; return why it has to be made anew, None if it is sound.

        Raises EmbedderChanged, or KnowledgeError where a server does not answer.
        """
        if self._index is not None:
            return None
        store = self._store
        made_with, place = store.meta("space"), store.meta("vectors")
        if made_with is None or place is None:
            return "it was never finished"
        if made_with != self.embedder.fingerprint:
            if _is_local(made_with) and _is_local(self.embedder.fingerprint):
                return "it was made by another version"
            raise EmbedderChanged(
                f"the knowledge base was indexed with {made_with}, and the settings name "
                f"{self.embedder.fingerprint}; correct the settings, or run clara kb rebuild to index it anew"
            )
        if self._url is None and not (self._folder / place).is_dir():
            return "its folder is missing"
        noted = store.meta("sizes") if self._url is None and store.meta("index") == "clean" else None
        if noted and json.loads(noted) != graph_sizes(self._folder / place):
            return "its files are not as they were left"
        try:
            with self._guarded(place):
                return self._probe(place)
        except KnowledgeCorrupt as error:
            return str(error)

    def _probe(self, place: str) -> str | None:
        """Open the index and keep it if it can be read; return what is wrong with it."""
        index = self._open(place)
        try:
            # Counting every vector would take long; a neighbour in each language shows that the files can be read.
            for language in self._store.embedded_languages():
                near = index.sample(language, 1)
                if not len(near) or not index.query(language, near[0], 1):
                    return "it does not hold what the knowledge base holds"
            self._index = index
            return None
        finally:
            if self._index is not index:
                index.close()

    def rebuild(self, progress: Progress = lambda *_: None) -> int:
        """Embed everything into a new index beside the old one and swap; returns the number of chunks.

        A build that was interrupted goes on where it stopped, unless the documents have changed since.
        """
        store, fingerprint = self._store, self.embedder.fingerprint
        begun = json.loads(store.meta("building") or "{}")
        place = begun.get("place") if begun.get("space") == fingerprint else None
        place = place or f"{self._mark}{space_name(self.embedder)}-{uuid.uuid4().hex[:8]}"
        store.set_meta("building", json.dumps({"place": place, "space": fingerprint}))
        index, held = self._resume(place)
        try:
            total = self._fill(index, held, progress)
            notes = {
                "vectors": index.place, "space": fingerprint, "index": "clean", "building": "",
                "sizes": json.dumps(graph_sizes(self._folder / index.place)),
                "canary": "" if _is_local(fingerprint) else json.dumps(canary(self.embedder).tolist()),
                "background": str(self._measure_background(index)),
            }  # fmt: skip
            store.set_notes(notes)  # all at once: a death in between would join a space to the wrong index
        except BaseException:
            index.close()
            raise
        store.mark_all_embedded()
        self.background = float(notes["background"])
        self._behind = False
        old, self._index = self._index, index
        if old is not None:
            old.close()
        return total

    def _fill(self, index: VectorIndex, held: set[str], progress: Progress) -> int:
        """Embed all chunks but those already `held` into an index; returns how many chunks there are."""
        store = self._store
        total = sum(store.languages().values())
        done = 0
        for language in store.languages():
            ids = [i for i in store.chunk_ids(language) if i not in held]
            done += store.languages()[language] - len(ids)
            for start in range(0, len(ids), _BATCH):
                part = ids[start : start + _BATCH]
                self._add(index, language, part)
                done += len(part)
                progress(done, total)
        return total

    def sweep(self) -> None:
        """Delete what earlier builds left. No other process may be reading."""
        self.index.drop_others(self._mark)

    def reconcile(self, progress: Progress = lambda *_: None) -> None:
        """Bring the index into step after a change that was not finished: drop what is too much, embed what lacks."""
        index, store = self.index, self._store
        for language in sorted(set(store.languages()) | set(index.counts())):
            held = index.ids(language)
            truth = store.chunk_ids(language)
            index.delete(language, sorted(held - set(truth)))
            pending = set(store.chunk_ids(language, embedded=False))
            lacking = [i for i in truth if i in pending or i not in held]
            self.embed(language, lacking, progress)
        self._behind = False
        self.settle()

    def settle(self) -> None:
        """Note that the index is in step with the truth, and the sizes of its files, which only a change changes."""
        sizes = json.dumps(graph_sizes(self._folder / self.index.place))
        self._store.set_notes({"index": "clean", "sizes": sizes})

    def embed(self, language: str, chunk_ids: Sequence[str], progress: Progress = lambda *_: None) -> None:
        """Embed chunks of one language into the index. Raises KnowledgeError, EmbedderChanged among them."""
        if not chunk_ids:
            return
        index = self.index
        self._check_canary()
        for start in range(0, len(chunk_ids), _BATCH):
            part = chunk_ids[start : start + _BATCH]
            self._add(index, language, part)
            self._store.mark_embedded(part)
            progress(start + len(part), len(chunk_ids))

    def delete(self, chunks: Sequence[tuple[str, str]]) -> None:
        """Remove the vectors of these (language, chunk id) pairs."""
        if not chunks:
            return
        try:
            for language in dict.fromkeys(language for language, _ in chunks):
                self.index.delete(language, [i for tag, i in chunks if tag == language])
        except KnowledgeError:
            self._behind = True
            raise

    def is_complete(self) -> bool:
        """Whether the index is open, lost what it had to lose, and every searched chunk is marked as embedded."""
        return (
            self._index is not None
            and not self._behind
            and not any(self._store.chunk_ids(language, embedded=False) for language in self._store.languages())
        )

    def query_vector(self, text: str) -> Vectors:
        """Return the vector of a query. Raises KnowledgeError, also where the model behind the name has changed."""
        if self._index is not None:  # else there is nothing to compare with
            self._check_canary()
        return self.embedder.embed_query(text)

    def _check_canary(self) -> None:
        """Compare, once, what the embedder gives now with what it gave when the index was made."""
        with self._checking:
            if not self._checked and not _is_local(self.embedder.fingerprint):
                stored = np.asarray(json.loads(self._store.meta("canary") or "[]"), dtype=np.float32)
                if not same_space(stored, canary(self.embedder)):
                    raise EmbedderChanged(
                        f"{self.embedder.fingerprint} gives other vectors than when the knowledge base was indexed; "
                        "clara kb rebuild indexes it anew"
                    )
            self._checked = True

    def close(self) -> None:
        """Release the index and the embedder; calling it again does nothing."""
        if self._index is not None:
            self._index.close()
            self._index = None
        self.embedder.close()

    def _guarded(self, place: str) -> AbstractContextManager[None]:
        return guarded(self._folder / place) if self._url is None else nullcontext()

    def _open(self, place: str) -> VectorIndex:
        return VectorIndex(self._folder / place, self._url, self._token)

    def _resume(self, place: str) -> tuple[VectorIndex, set[str]]:
        """Open an index to build, with the ids it holds already; one that cannot be read is begun anew."""
        try:
            with self._guarded(place):
                index = self._open(place)
                try:
                    return index, {i for language in index.counts() for i in index.ids(language)}
                except BaseException:
                    index.close()
                    raise
        except KnowledgeCorrupt:
            fresh = f"{self._mark}{space_name(self.embedder)}-{uuid.uuid4().hex[:8]}"
            self._store.set_meta("building", json.dumps({"place": fresh, "space": self.embedder.fingerprint}))
            return self._open(fresh), set()

    def _add(self, index: VectorIndex, language: str, chunk_ids: Sequence[str]) -> None:
        passages = self._store.passages(chunk_ids)
        texts = [f"{p.title} {p.section} {p.text}" for p in (passages[i] for i in chunk_ids)]
        index.add(language, chunk_ids, self.embedder.embed(texts))

    def _measure_background(self, index: VectorIndex) -> float:
        """Return how similar passages are that have nothing to do with each other: the mean cosine of a sample.

        Models differ widely in it, so that a cosine says little without it.
        """
        if not self.embedder.crosslingual:
            return 0.0
        languages = list(self._store.languages())
        parts = [index.sample(language, max(2, _SAMPLE // len(languages))) for language in languages]
        vectors = np.concatenate(parts) if parts else np.zeros((0, 1), dtype=np.float32)
        if len(vectors) < 2:
            return 0.0
        cosines = vectors @ vectors.T
        return float((cosines.sum() - np.trace(cosines)) / (cosines.size - len(vectors)))


def _is_local(fingerprint: str) -> bool:
    return fingerprint.startswith(_LOCAL)
