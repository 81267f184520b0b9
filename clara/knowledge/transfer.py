"""The user's documents and terms as one file, to keep or to carry to another machine."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clara.errors import KnowledgeCorrupt, KnowledgeError
from clara.knowledge.store import Store

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
def read_export(source: Path, scratch: Path) -> Iterator[tuple[Store, Path | None]]:
    """Open an export: its store, and its glossary if it has one, unpacked below `scratch` and removed afterwards.

    Raises KnowledgeError where the file is not an export or is damaged.
    """
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        try:
            with zipfile.ZipFile(source) as file:
                names = set(file.namelist()) & {_STORE, _GLOSSARY}
                if _STORE not in names or sum(file.getinfo(name).file_size for name in names) > _MAX_BYTES:
                    raise KnowledgeError(f"{source}: not a file that clara kb export wrote")
                for name in names:  # these two only, so that no name can lead out of the folder
                    file.extract(name, folder)
        except zipfile.BadZipFile:
            raise KnowledgeError(f"{source}: not a file that clara kb export wrote, or damaged") from None
        except OSError as error:
            raise KnowledgeError(f"{source}: {error.strerror or error}") from None
        try:
            store = Store(Path(folder) / _STORE)
        except KnowledgeCorrupt:
            raise KnowledgeError(f"{source}: the documents in it are damaged; export them again") from None
        try:
            glossary = Path(folder) / _GLOSSARY
            yield store, glossary if glossary.exists() else None
        finally:
            store.close()
