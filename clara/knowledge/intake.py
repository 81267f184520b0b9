"""Taking files in: what is new, what changed, what failed, in steps that survive being killed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from clara.errors import KnowledgeCorrupt, KnowledgeError, KnowledgeLocked
from clara.knowledge.documents import Document
from clara.knowledge.ingest import content_hash, make_document, printable
from clara.knowledge.readers import read_records
from clara.knowledge.space import VectorSpace
from clara.knowledge.store import Store

ReadProgress = Callable[[Path, int, int, int], None]
"""Called with the file being read, its place among the files (from 0), their number, and its documents so far."""

_BATCH_CHUNKS = 512
_REPORTED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What an intake did.

    stored: ids of documents written; unchanged: files, or documents in them, that were left as they were.
    failed: (file, reason in one line); the rest went on.
    removed: ids of documents that their file no longer holds; gone: files that no longer exist.
    quarantined: chunks not searched, since they hold text that looks meant for a model.
    hidden: characters that a reader would not have seen, and that were left out.
    problem: why vectors could not be made, if so; the text is stored, and the next opening tries again.
    """

    stored: tuple[str, ...] = ()
    unchanged: int = 0
    failed: tuple[tuple[str, str], ...] = ()
    removed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    quarantined: int = 0
    hidden: int = 0
    problem: str = ""


class Intake:
    """Reads files into `store` and `space`.

    writing: called before the first change, to take the lock and mark the index unfinished; None reads without
        writing. A file is noted as read only when all of it is stored, so that one interrupted is read again;
        what was stored of it already is recognised by its hash.
    """

    def __init__(self, store: Store, space: VectorSpace, writing: Callable[[], None] | None) -> None:
        self._store, self._space, self._writing = store, space, writing
        self._waiting: list[Document] = []
        self._chunks = 0
        self._finished: list[tuple[str, str, str | None]] = []
        self._files = {path: sha256 for path, (sha256, _) in store.files().items()}
        self._holding: dict[str, list[str]] = {}
        for path, sha256 in self._files.items():
            self._holding.setdefault(sha256, []).append(path)
        self._stored: list[str] = []
        self._failed: list[tuple[str, str]] = []
        self._removed: list[str] = []
        self._unchanged = self._quarantined = self._hidden = 0
        self._problem = ""

    def read(
        self,
        files: Sequence[tuple[Path, str | None]],
        progress: ReadProgress = lambda *_: None,
        gone: Iterable[str] = (),
    ) -> Added:
        """Read (file, language or None) pairs in."""
        for number, (path, language) in enumerate(files):
            told = partial(progress, path, number, len(files))
            told(0)
            try:
                self._read_file(path, language, told)
            except (KnowledgeCorrupt, KnowledgeLocked):
                raise  # of the base, not of the file
            except KnowledgeError as error:
                self._failed.append((printable(path), str(error)))
        return self.finish(gone)

    def take(self, document: Document) -> None:
        """Write a document, with others, soon."""
        self._waiting.append(document)
        self._chunks += len(document.chunks)
        self._stored.append(document.id)
        self._quarantined += sum(bool(chunk.flags) for chunk in document.chunks)
        self._hidden += document.hidden
        if self._chunks >= _BATCH_CHUNKS:
            self._flush()

    def forget(self, paths: Iterable[str]) -> None:
        """Remove everything that these files gave."""
        for path in paths:
            self.drop(list(self._store.hashes("user", path)))
            self._files.pop(path, None)
            if self._writing is not None:
                self._writing()
                self._store.forget_file(path)

    def drop(self, document_ids: Sequence[str]) -> None:
        """Remove documents."""
        self._removed += document_ids
        if self._writing is None or not document_ids:
            return
        self._writing()
        for document_id in document_ids:
            self._unindex(self._store.remove(document_id))

    def release(self, chunk_ids: Iterable[str]) -> None:
        """Let chunks be searched. KnowledgeError for one that does not wait in quarantine."""
        for chunk_id in chunk_ids:
            self._embed(self._store.release(chunk_id), [chunk_id])

    def finish(self, gone: Iterable[str] = ()) -> Added:
        """Write what waits and return what was done."""
        self._flush()
        return Added(
            stored=tuple(self._stored), unchanged=self._unchanged, failed=tuple(self._failed),
            removed=tuple(self._removed), gone=tuple(gone), quarantined=self._quarantined, hidden=self._hidden,
            problem=self._problem,
        )  # fmt: skip

    def _read_file(self, path: Path, language: str | None, progress: Callable[[int], None]) -> None:
        sha, where = content_hash(path, language), str(path.resolve())
        if self._files.get(where) == sha:
            self._unchanged += 1
            return
        for twin in [p for p in self._holding.get(sha, ()) if self._files.get(p) == sha]:
            if Path(twin).exists():
                self._unchanged += 1
                if where in self._files:
                    self.forget([where])  # what it held before
                return
            self.forget([twin])  # the file was moved
        earlier = self._store.hashes("user", where)
        seen: set[str] = set()
        failures = 0
        for number, record in enumerate(read_records(path), 1):
            try:
                document = make_document(record, path=path, language=language)
                if document.id in seen:
                    raise KnowledgeError(f"{path}: {record.key} stands there twice; the first was kept")
            except KnowledgeError as error:
                if not record.key:
                    raise
                failures += 1
                if failures <= _REPORTED:
                    self._failed.append((str(path), str(error)))
                continue
            seen.add(document.id)
            if earlier.get(document.id) == document.sha256:
                self._unchanged += 1
            else:
                self.take(document)
            progress(number)
        if failures > _REPORTED:
            self._failed.append((str(path), f"{path}: {failures - _REPORTED} more like these"))
        self.drop([i for i in earlier if i not in seen])
        self._finished.append((where, sha, language))
        self._files[where] = sha
        self._holding.setdefault(sha, []).append(where)

    def _flush(self) -> None:
        if self._writing is not None and (self._waiting or self._finished):
            self._writing()
            self._unindex(self._store.put(self._waiting))
            for language in dict.fromkeys(d.language for d in self._waiting):
                written = [d.id for d in self._waiting if d.language == language]
                self._embed(language, self._store.chunk_ids_of(written))
            for where, sha, language_given in self._finished:
                self._store.set_file(where, sha, language_given)
            self._finished.clear()
        self._waiting.clear()
        self._chunks = 0

    def _embed(self, language: str, chunk_ids: Sequence[str]) -> None:
        if self._problem:
            return
        try:
            self._space.embed(language, chunk_ids)
        except KnowledgeCorrupt:
            raise
        except KnowledgeError as error:  # an embedding server that is away must not lose the documents
            self._problem = str(error)

    def _unindex(self, chunks: Sequence[tuple[str, str]]) -> None:
        try:
            self._space.delete(chunks)
        except KnowledgeCorrupt:
            raise
        except KnowledgeError as error:
            self._problem = str(error)
