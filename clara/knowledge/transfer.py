"""The user's documents and terms as one file, to keep or to carry to another machine."""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clara.errors import KnowledgeError, ResourceError
from clara.knowledge.documents import Document
from clara.knowledge.glossary import Concept, read_concepts
from clara.knowledge.store import KnowledgeNewer, Store

_STORE, _GLOSSARY = "kb.sqlite3", "glossary.tsv"
_MAX_BYTES = 20_000_000_000


def write_export(store: Store, glossary: Path, target: Path) -> None:
    """Write a zip of the documents and the user's glossary; the vectors are made anew where it is read.

    Raises KnowledgeError.
    """
    unfinished = target.with_name(f"{target.name}.part")
    try:
        with tempfile.TemporaryDirectory(dir=store.path.parent) as folder:
            copy = Path(folder) / _STORE
            store.copy_to(copy)
            with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as file:
                file.write(copy, _STORE)
                if glossary.exists():
                    file.write(glossary, _GLOSSARY)
        unfinished.replace(target)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise KnowledgeError(f"cannot write {target}: {error.strerror}; name another file or free some space") from None


@contextmanager
def read_export(source: Path, scratch: Path) -> Iterator[tuple[Store, tuple[Concept, ...]]]:
    """Open an export: its store, unpacked below `scratch` and removed afterwards, and the concepts of its glossary.

    Raises KnowledgeError where the file is not an export, is damaged, or holds what no export holds.
    """
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        try:
            with zipfile.ZipFile(source) as file:
                names = set(file.namelist()) & {_STORE, _GLOSSARY}
                if _STORE not in names:
                    raise KnowledgeError(f"{source}: not a file that clara kb export wrote")
                if sum(file.getinfo(name).file_size for name in names) > _MAX_BYTES:
                    raise KnowledgeError(f"{source}: unpacks to more than {_MAX_BYTES // 10**9} GB; it is not read")
                for name in names:  # these two only, so that no name can lead out of the folder
                    file.extract(name, folder)
        except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError):  # the last: encrypted, or packed otherwise
            raise KnowledgeError(f"{source}: not a file that clara kb export wrote, or damaged") from None
        except OSError as error:
            raise KnowledgeError(f"{source}: {error.strerror or error}") from None
        try:
            store = Store(Path(folder) / _STORE)
        except KnowledgeNewer:
            raise KnowledgeError(f"{source}: written by a newer CLARA; upgrade this one") from None
        except KnowledgeError:
            raise KnowledgeError(f"{source}: the documents in it are damaged; export them again") from None
        try:
            if not all(_is_users(document) for document in _documents(source, store)):
                raise KnowledgeError(f"{source}: holds documents that clara kb export would not write; it is not read")
            glossary = Path(folder) / _GLOSSARY
            yield store, _concepts(source, glossary) if glossary.exists() else ()
        finally:
            store.close()


def _concepts(source: Path, glossary: Path) -> tuple[Concept, ...]:
    try:
        return tuple(read_concepts(glossary))
    except ResourceError:
        raise KnowledgeError(f"{source}: the terms in it are damaged; export them again") from None


def _documents(source: Path, store: Store) -> Iterator[Document]:
    """Yield the user's documents in an export, which shows that everything in it can be read."""
    try:
        store.files(), store.released()
        for document_id in store.hashes("user"):
            yield store.document(document_id)
    except (KnowledgeError, ValueError, TypeError):
        raise KnowledgeError(f"{source}: the documents in it are damaged; export them again") from None


def _is_users(document: Document) -> bool:
    """Whether a document has the trust and the groups that a user's own gets: another's would pass for evidence."""
    groups = [document.group, *(chunk.group for chunk in document.chunks)]
    return document.trust == "user" and all(g.startswith(("user:", document.id)) for g in groups)
