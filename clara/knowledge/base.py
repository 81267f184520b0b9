"""The knowledge base as a whole: the truth in SQLite, its vector index, the shipped evidence, and the lock."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from clara.config import Settings
from clara.errors import KnowledgeCorrupt, KnowledgeError, KnowledgeLocked, ResourceError
from clara.knowledge.documents import Quarantined
from clara.knowledge.embedders import Embedder, build_embedder
from clara.knowledge.glossary import Concept, Glossary, load_glossary, read_concepts, write_concepts
from clara.knowledge.importers import merge, read_terms
from clara.knowledge.ingest import content_hash, find_files, read_documents
from clara.knowledge.intake import Added, Intake, ReadProgress
from clara.knowledge.lock import FolderLock
from clara.knowledge.rerank import Reranker, build_reranker
from clara.knowledge.search import Lexicon, Searcher, SearchResult, load_stopwords
from clara.knowledge.space import EmbedderChanged, Progress, VectorSpace
from clara.knowledge.store import Store
from clara.knowledge.transfer import read_export, write_export
from clara.resources import data_folder
from clara.types import Passage

Notify = Callable[[str], None]
_CHECKED = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What `verify` found, per language: chunks without a vector, vectors without a chunk, and chunks whose vector
    cannot be read or, of a sample, is not found by a search for it."""

    missing: Mapping[str, int]
    extra: Mapping[str, int]
    unfindable: Mapping[str, int]

    @property
    def sound(self) -> bool:
        """Whether truth and index agree."""
        return not self.missing and not self.extra and not self.unfindable


class KnowledgeBase:
    """Documents to search. Opening brings the shipped evidence up to date and mends a damaged index.

    folder: where everything is kept, e.g. `<home>/knowledge`. One process writes at a time; readers share.
    shipped: the folder `knowledge_base/`; None for a base without shipped evidence.
    embedder: instead of the one that the settings name; closed with the base.
    rebuilding: open even where the index was made with another embedder, to make it anew.
    notify: told, in one sentence each, what opening had to build or mend.
    Raises KnowledgeLocked, KnowledgeCorrupt or KnowledgeError.
    """

    def __init__(
        self,
        folder: Path,
        shipped: Path | None,
        *,
        settings: Settings | None = None,
        embedder: Embedder | None = None,
        purpose: str = "clara",
        rebuilding: bool = False,
        notify: Notify = lambda _: None,
    ) -> None:
        settings = settings or Settings()
        self._folder, self._shipped, self._notify = folder, shipped, notify
        self._rebuilding = rebuilding
        self._reranker: Reranker | None = None
        self._space: VectorSpace | None = None
        self._store: Store | None = None
        self._lock = FolderLock(folder, purpose)
        self.own_glossary = folder / "glossary.tsv"
        self._lock.acquire(exclusive=False, brief=True)
        try:
            own = self.own_glossary if self.own_glossary.exists() else None
            data = shipped or data_folder("knowledge_base", settings.kb_dir)
            self.glossary: Glossary = load_glossary(data / "glossary.tsv", own)
            stopwords = load_stopwords(data / "stopwords.tsv")
            embedder = embedder or build_embedder(settings.embed)
            self._open(embedder, settings)
            self.lexicon = Lexicon(self.store, stopwords)
            self._reranker = build_reranker(settings.rerank)
            self.searcher = Searcher(
                self.store, self.space, self.lexicon, self.glossary, settings.search, self._reranker,
                settings.rerank.candidates,
            )  # fmt: skip
        except BaseException:
            self.close()
            raise

    @classmethod
    def from_settings(
        cls, settings: Settings, *, purpose: str, rebuilding: bool = False, notify: Notify = lambda _: None
    ) -> Self:
        """Open the user's own base."""
        shipped = data_folder("knowledge_base", settings.kb_dir)
        folder = settings.home / "knowledge"
        return cls(folder, shipped, settings=settings, purpose=purpose, rebuilding=rebuilding, notify=notify)

    @property
    def store(self) -> Store:
        """The truth. KnowledgeError once closed."""
        if self._store is None:
            raise KnowledgeError("the knowledge base is closed")
        return self._store

    @property
    def space(self) -> VectorSpace:
        """The vectors. KnowledgeError once closed."""
        if self._space is None:
            raise KnowledgeError("the knowledge base is closed")
        return self._space

    def search(self, query: str, language: str, **options: Any) -> SearchResult:
        """Find evidence; `options` are those of `Searcher.search`."""
        return self.searcher.search(query, language, **options)

    def add(
        self,
        paths: Sequence[Path],
        *,
        language: str | None = None,
        dry_run: bool = False,
        progress: ReadProgress = lambda *_: None,
    ) -> Added:
        """Read files and folders in; what was read before and has not changed is left as it is.

        A file that fails is reported and the rest goes on. dry_run: read everything, write nothing. Killed, it is
        called again and goes on where it stopped.
        """
        files = [(path, language) for path in find_files([Path(p) for p in paths])]
        if dry_run:
            return Intake(self.store, self.space, None).read(files, progress)
        with self._changing() as begin:
            return Intake(self.store, self.space, begin).read(files, progress)

    def update(self, *, prune: bool = False, progress: ReadProgress = lambda *_: None) -> Added:
        """Read the user's changed files again. Those that are gone are reported; `prune` removes what they gave."""
        known = self.store.files()
        gone = [path for path in known if not Path(path).exists()]
        files = [(Path(path), given) for path, (_, given) in known.items() if path not in gone]
        with self._changing() as begin:
            intake = Intake(self.store, self.space, begin)
            if prune:
                intake.forget(gone)
            return intake.read(files, progress, gone)

    def remove(self, document_id: str) -> None:
        """Delete a document. KnowledgeError for an unknown id, or for shipped evidence, which would come back."""
        document = self.store.document(document_id)
        if document.origin == "shipped":
            raise KnowledgeError(f"{document_id} ships with CLARA; set CLARA_KB_DIR to a folder without it")
        with self._changing() as begin:
            begin()
            self.store.forget_file(document.path)  # so that adding it again reads it
            intake = Intake(self.store, self.space, begin)
            intake.drop([document_id])
            self._tell(intake.finish())

    def quarantined(self) -> list[Quarantined]:
        """Return the chunks that are not searched, since they hold text that looks meant for a model."""
        return self.store.quarantined()

    def release(self, chunk_id: str) -> None:
        """Let a quarantined chunk be searched. KnowledgeError for one that does not wait there."""
        with self._changing() as begin:
            if any(chunk.id == chunk_id for chunk in self.store.quarantined()):
                begin()
            intake = Intake(self.store, self.space, begin)
            intake.release([chunk_id])
            self._tell(intake.finish())

    def write_export(self, target: Path) -> None:
        """Write the user's documents and terms into one file. KnowledgeError."""
        write_export(self.store, self.own_glossary, target)

    def read_export(self, source: Path) -> Added:
        """Take in the user's documents and terms of another base; what was released there is released here.

        KnowledgeError where the file is not an export, before anything is changed.
        """
        with read_export(source, self._folder) as (other, concepts), self._changing() as begin:
            if taken := set(other.hashes("user")) & set(self.store.hashes("shipped")):
                raise KnowledgeError(f"{source}: {min(taken)} has the id of shipped evidence; it is not read")
            begin()
            intake = Intake(self.store, self.space, begin)
            held = self.store.hashes("user")
            for document_id, sha256 in other.hashes("user").items():
                if held.get(document_id) != sha256:
                    intake.take(other.document(document_id))
            intake.finish()
            waiting = {chunk.id for chunk in self.store.quarantined()}
            intake.release(i for i in other.released() if i in waiting)
            for path, (sha256, language) in other.files().items():
                self.store.set_file(path, sha256, language)
            if concepts:
                self._merge_terms(concepts)
            return intake.finish()

    def add_terms(self, paths: Sequence[Path]) -> int:
        """Read terminologies into the user's glossary; returns its number of concepts. KnowledgeError: none is added.

        They count from the next opening on.
        """
        read = [concept for path in paths for concept in read_terms(Path(path))]
        self._lock.acquire(exclusive=True)
        try:
            return self._merge_terms(read)
        finally:
            self._lock.acquire(exclusive=False)

    def document(self, document_id: str) -> list[Passage]:
        """Return a document's passages in order. KnowledgeError for an unknown id."""
        passages = self.store.of_document(document_id)
        if not passages:
            raise KnowledgeError(f"no document {document_id!r}; clara kb ls lists them")
        return passages

    def verify(self) -> Check:
        """Compare truth and index, id by id, read every vector, and search for a sample of them."""
        missing, extra, unfindable = {}, {}, {}
        index = self.space.index
        for language in sorted(set(self.store.languages()) | set(index.counts())):
            truth, held = self.store.chunk_ids(language), index.ids(language)
            if lacking := set(truth) - held:
                missing[language] = len(lacking)
            if surplus := held - set(truth):
                extra[language] = len(surplus)
            if lost := index.unfindable(language, [i for i in truth if i in held], _CHECKED):
                unfindable[language] = len(lost)
        return Check(missing=missing, extra=extra, unfindable=unfindable)

    def rebuild(self, progress: Progress = lambda *_: None) -> int:
        """Make the vector index anew beside the old one and swap; returns the number of chunks.

        Other processes go on reading the old one meanwhile. KnowledgeLocked where another rebuild is under way.
        """
        building = FolderLock(self._folder / "building", "clara kb rebuild")
        building.acquire(exclusive=True)
        try:
            count = self.space.rebuild(progress)
            self._sweep()
            return count
        finally:
            building.release()

    def close(self) -> None:
        """Release files and lock; calling it again does nothing."""
        if self._reranker is not None:
            self._reranker.close()
            self._reranker = None
        if self._space is not None:
            self._space.close()
            self._space = None
        if self._store is not None:
            self._store.close()
            self._store = None
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _changing(self) -> Iterator[Callable[[], None]]:
        """Yield what begins a change: it takes the exclusive lock and marks the index unfinished, at first need.

        A change that ends in an error, or without its vectors, leaves the mark for the next opening to mend.
        """
        begun = clean = False

        def begin() -> None:
            nonlocal begun, clean
            if not begun:
                self._lock.acquire(exclusive=True)
                begun, clean = True, self.store.meta("index") == "clean"
                self.store.set_notes({"index": "dirty", "building": ""})  # an unfinished build would miss the change

        try:
            yield begin
            if clean and self.space.is_complete():  # else an earlier change waits to be mended
                self.space.settle()
        finally:
            if begun:
                self._lock.acquire(exclusive=False)

    def _open(self, embedder: Embedder, settings: Settings) -> None:
        path = self._folder / "kb.sqlite3"
        fresh = self._exclusively(lambda: not path.exists())
        if fresh:
            self._notify("building the knowledge base for the first time")
        store = self._store = Store(path)
        self._space = VectorSpace(store, embedder, self._folder, url=settings.chroma_url, token=settings.chroma_token)
        reread = self._read_shipped(fresh)
        try:
            self._mend(reread=reread)
        except EmbedderChanged:
            if not self._rebuilding:
                raise
        except (KnowledgeLocked, KnowledgeCorrupt):
            raise
        except KnowledgeError as error:
            self._notify(f"only words are searched, not vectors: {error}")
        self._lock.acquire(exclusive=False)

    def _read_shipped(self, fresh: bool) -> bool:
        """Bring the shipped evidence up to date by content; returns whether anything was read."""
        if self._shipped is None:
            return False
        store, root = self.store, self._shipped
        files = {p.relative_to(root).with_suffix("").as_posix(): p for p in _shipped_files(root)}
        stamp = hashlib.sha256("".join(content_hash(p) for p in files.values()).encode()).hexdigest()
        if not self._exclusively(lambda: store.meta("shipped") != stamp):
            return False
        if not fresh:
            self._notify("the shipped evidence has changed and was read again")
        known = store.hashes("shipped")
        # Told before it happens, so that a death in between is mended at the next opening.
        store.set_notes({"index": "dirty", "building": ""})
        documents = [document for path in files.values() for document in read_documents(path, root=root)]
        for document_id in set(known) - {d.id for d in documents}:
            store.remove(document_id)
        store.put(d for d in documents if known.get(d.id) != d.sha256)
        store.set_meta("shipped", stamp)
        return True

    def _mend(self, *, reread: bool) -> None:
        """Open the index; make it anew, or bring it into step, where that is needed."""
        space, store = self.space, self.store
        reasons: list[str | None] = []

        def in_trouble() -> bool:
            reasons.append(space.trouble())
            return reasons[-1] is not None

        if self._exclusively(in_trouble):
            if store.meta("space") is not None:
                self._notify(f"the vector index was rebuilt: {reasons[-1]}")
            space.rebuild()
            self._sweep()
        if self._exclusively(lambda: store.meta("index") != "clean"):
            if not reread:
                self._notify("an earlier change was not finished; the vector index was brought into step")
            try:
                space.reconcile()
            except KnowledgeCorrupt as error:
                self._notify(f"the vector index was rebuilt: {error}")
                space.rebuild()
                self._sweep()

    def _tell(self, done: Added) -> None:
        if done.problem:
            self._notify(f"the vector index waits for the next opening: {done.problem}")

    def _sweep(self) -> None:
        try:
            self._lock.acquire(exclusive=True)
        except KnowledgeLocked:
            return  # others still read the old index; a later rebuild removes it
        try:
            self.space.sweep()
        finally:
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

    def _merge_terms(self, read: Iterable[Concept]) -> int:
        known = read_concepts(self.own_glossary) if self.own_glossary.exists() else ()
        merged = merge([*known, *read])
        write_concepts(self.own_glossary, merged)
        load_glossary.cache_clear()
        return len(merged)


def _shipped_files(folder: Path) -> list[Path]:
    files = [p for p in find_files([folder]) if p.suffix == ".md" and p.parent != folder]
    if not files:
        raise ResourceError(f"{folder} holds no evidence; install CLARA again or correct CLARA_KB_DIR")
    return files
