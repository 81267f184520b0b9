"""Where shipped data files lie: in a wheel, an editable install or a plain checkout alike."""

from __future__ import annotations

from pathlib import Path

from clara.errors import ConfigError, ResourceError

_PACKAGE = Path(__file__).parent


def data_folder(name: str, override: Path | None = None) -> Path:
    """Return the folder `prompts` or `knowledge_base`.

    `override` (from the settings) wins; then the copy inside an installed wheel; then the
    folder beside the package in a checkout. Raises ConfigError where the settings name none, ResourceError
    where an installation lacks it.
    """
    if override is not None:
        if not override.is_dir():
            raise ConfigError(f"no such folder: {override}; correct the setting that names it")
        return override
    for folder in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise ResourceError(f"the folder {name}/ is missing from this installation; install CLARA again")
