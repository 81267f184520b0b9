"""What the evaluation offers."""

from __future__ import annotations

import inspect
import subprocess
import sys

import clara.evaluation


def test_the_surface_is_sorted_and_documented() -> None:
    assert clara.evaluation.__all__ == sorted(clara.evaluation.__all__)
    for name in clara.evaluation.__all__:
        assert inspect.getdoc(getattr(clara.evaluation, name)), name


def test_packages_of_the_extra_are_imported_only_when_needed() -> None:
    heavy = "{'ir_measures', 'matplotlib', 'pyarrow', 'chromadb', 'scipy'}"
    modules = "clara.evaluation, clara.evaluation.replay.run, clara.evaluation.tables"
    code = f"import sys, {modules}; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
