"""The knowledge base as a whole: the truth in SQLite, its vector index, the shipped evidence, and the lock."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from clara.config import SearchSettings
from clara.errors import KnowledgeCorrupt, KnowledgeError, KnowledgeLocked, ResourceError
from clara.knowledge.embeddings import Embedder, HashedNGrams, space_name
from clara.knowledge.glossary import Glossary, load_glossary, read_concepts, write_concepts
from clara.knowledge.importers import merge, read_terms
from clara.knowledge.ingest import Document, content_hash, find_files, read_document
from clara.knowledge.lock import FolderLock
from clara.knowledge.search import Searcher, SearchResult, load_stopwords
from clara.knowledge.store import Store
from clara.knowledge.vectors import VectorIndex
from clara.types import Passage

Notify = Callable[[str], None]
_NOT_DOCUMENTS = ("glossary.tsv", "stopwords.tsv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What `add` did: documents stored, left unchanged, and (file, reason) of those that failed."""

    stored: tuple[str, ...]
    unchanged: tuple[str, ...]
    failed: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What `verify` found: chunks without a vector, and vectors without a chunk, per language."""

    missing: Mapping[str, int]
    extra: Mapping[str, int]

    @property
    def sound(self) -> bool:
        """Whether truth and index agree."""
        return not self.missing and not self.extra


class KnowledgeBase:
    """Documents to search. Opening brings the shipped evidence up to date and mends a damaged index.

    folder: where everything is kept, e.g. `<home>/knowledge`. One process writes at a time; readers share.
    shipped: the folder `knowledge_base/`.
    notify: told, in one sentence each, what opening had to build or mend.
    Raises KnowledgeLocked, KnowledgeCorrupt or KnowledgeError.
    """

    def __init__(
        self,
        folder: Path,
        shipped: Path,
        *,
        search: SearchSettings | None = None,
        embedder: Embedder | None = None,
        purpose: str = "clara",
        notify: Notify = lambda _: None,
    ) -> None:
        self._folder, self._shipped, self._notify = folder, shipped, notify
        self._embedder: Embedder = embedder or HashedNGrams()
        self._index: VectorIndex | None = None
        self._store: Store | None = None
        self._lock = FolderLock(folder, purpose)
        self.own_glossary = folder / "glossary.tsv"
        self._lock.acquire(exclusive=False, brief=True)
        try:
            own = self.own_glossary if self.own_glossary.exists() else None
            self.glossary: Glossary = load_glossary(shipped / "glossary.tsv", own)
            stopwords = load_stopwords(shipped / "stopwords.tsv")
            self._open()
            self.searcher = Searcher(
                self.store, self.index, self._embedder, self.glossary, stopwords, search or SearchSettings()
            )
        except BaseException:
            self.close()
            raise

    @property
    def store(self) -> Store:
        """The truth. KnowledgeError once closed."""
        if self._store is None:
            raise KnowledgeError("the knowledge base is closed")
        return self._store

    @property
    def index(self) -> VectorIndex:
        """The vector index. KnowledgeError once closed."""
        if self._index is None:
            raise KnowledgeError("the knowledge base is closed")
        return self._index

    def search(
        self, query: str, language: str, *, variants: Mapping[str, str] | None = None, k: int | None = None
    ) -> SearchResult:
        """Find evidence; see `Searcher.search`."""
        return self.searcher.search(query, language, variants=variants, k=k)

    def add(self, paths: Sequence[Path], *, language: str | None = None, progress: Notify = lambda _: None) -> Added:
        """Read files and folders in. A file that fails is reported and the rest goes on."""
        by_hash = {sha: i for i, sha in self.store.hashes("user").items()}
        stored: list[str] = []
        unchanged: list[str] = []
        failed: list[tuple[str, str]] = []
        try:
            for path in find_files([Path(p) for p in paths]):
                progress(str(path))
                try:
                    if (sha := content_hash(path, language)) in by_hash:
                        unchanged.append(by_hash[sha])
                        continue
                    document = read_document(path, language=language)
                except KnowledgeError as error:
                    failed.append((str(path), str(error)))
                    continue
                if not stored:  # nothing to write, nothing to lock
                    self._lock.acquire(exclusive=True)
                self._write([document], self._earlier_versions(path))
                stored.append(document.id)
                by_hash[document.sha256] = document.id
            return Added(stored=tuple(stored), unchanged=tuple(unchanged), failed=tuple(failed))
        finally:
            self._lock.acquire(exclusive=False)

    def remove(self, document_id: str) -> None:
        """Delete a document. KnowledgeError for an unknown id."""
        self.document(document_id)
        self._lock.acquire(exclusive=True)
        try:
            self._write([], [document_id])
        finally:
            self._lock.acquire(exclusive=False)

    def add_terms(self, paths: Sequence[Path]) -> int:
        """Read terminologies into the user's glossary; returns its number of concepts. KnowledgeError: none is added.

        They count from the next opening on.
        """
        read = [concept for path in paths for concept in read_terms(Path(path))]
        self._lock.acquire(exclusive=True)
        try:
            known = read_concepts(self.own_glossary) if self.own_glossary.exists() else ()
            merged = merge([*known, *read])
            write_concepts(self.own_glossary, merged)
            load_glossary.cache_clear()
            return len(merged)
        finally:
            self._lock.acquire(exclusive=False)

    def document(self, document_id: str) -> list[Passage]:
        """Return a document's passages in order. KnowledgeError for an unknown id."""
        passages = self.store.of_document(document_id)
        if not passages:
            raise KnowledgeError(f"no document {document_id!r}; clara kb ls lists them")
        return passages

    def verify(self) -> Check:
        """Compare truth and index, id by id."""
        missing, extra = {}, {}
        indexed = self.index.counts()
        for language in sorted(set(self.store.languages()) | set(indexed)):
            truth, held = set(self.store.chunk_ids(language)), self.index.ids(language)
            if truth - held:
                missing[language] = len(truth - held)
            if held - truth:
                extra[language] = len(held - truth)
        return Check(missing=missing, extra=extra)

    def rebuild(self) -> int:
        """Make the vector index anew beside the old one and swap; returns the number of chunks."""
        self._lock.acquire(exclusive=True)
        try:
            count = self._rebuild()
            self.searcher = self.searcher.with_index(self.index)
            return count
        finally:
            self._lock.acquire(exclusive=False)

    def close(self) -> None:
        """Release files and lock; calling it again does nothing."""
        if self._index is not None:
            self._index.close()
            self._index = None
        if self._store is not None:
            self._store.close()
            self._store = None
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> None:
        path = self._folder / "kb.sqlite3"
        wanted = {p.relative_to(self._shipped).with_suffix("").as_posix(): p for p in _shipped_files(self._shipped)}
        hashes = {document_id: content_hash(p) for document_id, p in wanted.items()}
        fresh = self._exclusively(lambda: not path.exists())
        if fresh:
            self._notify("building the knowledge base for the first time")
        store = self._store = Store(path)
        if self._exclusively(lambda: store.hashes("shipped") != hashes):
            known = store.hashes("shipped")
            if not fresh:
                self._notify("the shipped evidence has changed and was read again")
            # Told before it happens, so that a death in between is mended at the next opening.
            store.set_meta("index", "dirty")
            for document_id in (i for i in known if i not in wanted):
                store.remove(document_id)
            changed = [i for i in wanted if known.get(i) != hashes[i]]
            store.put(read_document(wanted[i], root=self._shipped) for i in changed)
            self._rebuild()
        if self._exclusively(lambda: self._index_trouble() is not None):
            self._notify(f"the vector index was rebuilt: {self._index_trouble()}")
            self._rebuild()
        self._lock.acquire(exclusive=False)

    def _exclusively(self, needed: Callable[[], bool]) -> bool:
        """Take the exclusive lock if work is needed; return whether it still is once the lock is held."""
        if not needed():
            return False
        try:
            self._lock.acquire(exclusive=True, brief=True)
        except KnowledgeLocked:
            if needed():
                raise
            return False  # another process did the work, and reads by now
        return needed()

    def _index_trouble(self) -> str | None:
        """Open the index; return why it cannot be used as it is, None if it can."""
        if self._index is not None:
            return None  # just made
        store = self.store
        folder = self._folder / (store.meta("vectors") or "-")
        if store.meta("index") != "clean":
            return "an earlier change was not finished"
        if store.meta("space") != self._embedder.fingerprint:
            return "it was made with another embedder"
        if not folder.is_dir():
            return "its folder is missing"
        try:
            index = VectorIndex(folder)
            # Counting every vector would take a third of the time of opening; the mark `clean` vouches for the
            # number, and a search in each language shows that the files can be read.
            probe = self._embedder.embed(["probe"])[0]
            if not all(index.query(language, probe, 1) for language in store.languages()):
                index.close()
                return "it does not hold what the knowledge base holds"
        except KnowledgeCorrupt as error:
            return str(error)
        self._index = index
        return None

    def _rebuild(self) -> int:
        old = self._index
        folder = self._folder / f"vectors-{space_name(self._embedder)}-{uuid.uuid4().hex[:8]}"
        index = VectorIndex(folder)
        total = 0
        for language in self.store.languages():
            total += self._embed_into(index, language, self.store.chunk_ids(language))
        self.store.set_meta("vectors", folder.name)
        self.store.set_meta("space", self._embedder.fingerprint)
        self.store.set_meta("index", "clean")
        self._index = index
        if old is not None:
            old.close()
        for leftover in self._folder.glob("vectors-*"):
            if leftover != folder:
                shutil.rmtree(leftover, ignore_errors=True)
        return total

    def _embed_into(self, index: VectorIndex, language: str, ids: Sequence[str]) -> int:
        passages = self.store.passages(ids)
        texts = [f"{p.title} {p.section} {p.text}" for p in (passages[i] for i in ids)]
        index.add(language, ids, self._embedder.embed(texts))
        return len(ids)

    def _write(self, documents: Sequence[Document], removed: Sequence[str]) -> None:
        """Change truth and index together; a death in between leaves the mark `dirty`."""
        self.store.set_meta("index", "dirty")
        replaced = [d.id for d in documents if self.store.of_document(d.id)]
        for document_id in [*removed, *replaced]:
            chunks = self.store.remove(document_id)
            for language in {tag for tag, _ in chunks}:
                self.index.delete(language, [i for tag, i in chunks if tag == language])
        self.store.put(documents)
        for document in documents:
            self._embed_into(self.index, document.language, [c.id for c in document.chunks])
        self.store.set_meta("index", "clean")

    def _earlier_versions(self, path: Path) -> list[str]:
        known = str(path.resolve())
        return [str(d["id"]) for d in self.store.documents() if d["origin"] == "user" and d["path"] == known]


def _shipped_files(folder: Path) -> list[Path]:
    files = [p for p in find_files([folder]) if p.name not in _NOT_DOCUMENTS and p.parent != folder]
    if not files:
        raise ResourceError(f"{folder} holds no evidence; install CLARA again or correct CLARA_KB_DIR")
    return files
