"""Datasets by their name on the Hugging Face hub: the published files are fetched once and read like local ones."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from clara.errors import DatasetError
from clara.evaluation.datasets.base import Published
from clara.evaluation.extras import load_extra


def fetch(published: Published, languages: Collection[str] = ()) -> Path:
    """Return the folder of a dataset's files, fetched or from the hub's own cache.

    languages: where given, only the files of these and of English. Raises ConfigError without the extra `datasets`,
    DatasetError where the hub cannot be reached or refuses.
    """
    hub = load_extra("huggingface_hub", extra="datasets")
    names = sorted({*languages, "en"}) if languages else ["*"]
    patterns = [pattern.replace("{language}", name.partition("-")[0]) for pattern in published.files for name in names]
    unreachable = (OSError, ValueError, hub.errors.HTTPError, hub.errors.EntryNotFoundError)
    try:
        return Path(
            hub.snapshot_download(published.hub, repo_type="dataset", allow_patterns=list(dict.fromkeys(patterns)))
        )
    except unreachable as error:
        raise DatasetError(
            f"{published.name}: {published.hub} cannot be fetched from the Hugging Face hub ({type(error).__name__}); "
            f"fetch its files yourself and give {published.name}:PATH"
        ) from None
