"""`clara eval calibrate`: fitting the reconciler to answers whose truth is known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clara.cli.evaluation import ExcludeDamaged, Languages, Seed, load_recorded, show_written

if TYPE_CHECKING:
    from clara.evaluation.calibrate import Calibration


def calibrate(
    folder: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="The folder of a run.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write the profile there.")] = None,
    method: Annotated[str, typer.Option(help="Whose drafts, of the run's methods.")] = "clara",
    risk: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="Share of given answers that may be wrong: fits thresholds "
                                   "under which no answer is given, a language each, that hold it with 90% "
                                   "confidence.")
    ] = None,
    data: Annotated[
        str | None, typer.Option("--data", metavar="NAME:PATH", help="Instead of a run: published or own questions.")
    ] = None,
    record: Annotated[str | None, typer.Option("--record", metavar="RUN", help="A recorded run of --data.")] = None,
    languages: Languages = None,
    seed: Seed = 0,
    exclude_damaged: ExcludeDamaged = False,
) -> None:  # fmt: skip
    """Fit the reconciler's constants to a run, and say what that is worth on questions not fitted to.

    The profile is for the model and the knowledge base of the run: use it with the setting profile = "FILE".
    With --data and --record the fit is to recorded answers; such a profile is replayed with --methods profile:FILE.
    """
    from clara.errors import ConfigError

    recorded = data is not None and record is not None
    if recorded != (folder is None) or (folder is not None and (data or record)):
        raise ConfigError("calibrate on DIR, the folder of a run, or on recorded answers with --data and --record")
    if folder is not None and (languages is not None or exclude_damaged):
        raise ConfigError("a run is calibrated on what it asked; --languages and --exclude-damaged are for --record")
    if recorded and risk is not None:
        raise ConfigError("recorded answers say no confidence, so --risk needs DIR, the folder of a run")
    if folder is not None:
        _calibrate_run(folder, out, method, risk, seed)
    else:
        _calibrate_recorded(str(data), str(record), out, languages, seed, exclude_damaged)


def _calibrate_run(folder: Path, out: Path | None, method: str, risk: float | None, seed: int) -> None:
    from dataclasses import asdict

    from clara.config import load_settings
    from clara.evaluation.calibrate import calibrate as fit_to
    from clara.evaluation.calibrate import read_labelled
    from clara.profile import write_profile

    labelled, tags, about = read_labelled(folder, method)
    found = fit_to(labelled, tags, load_settings().reconcile, risk=risk, seed=seed)
    _show_calibration(found)
    if out is not None:
        worth = asdict(found.cross_validated)
        write_profile(out, found.languages, {**about, "risk": risk, "cross_validated": worth})
        show_written([out])


def _show_calibration(found: Calibration) -> None:
    from clara.cli.base import show
    from clara.evaluation.report.tables import number

    show("fitted: " + ", ".join(f"{name} = {value:g}" for name, value in found.fitted.items()), "bold")
    worth = found.cross_validated
    show("On questions it was not fitted to (five folds), in points:")
    for name, change in (("English", worth.change_english), ("the others", worth.lift_others)):
        low, high = (number(bound) for bound in change.interval)
        show(f"  {name} {number(change.value, signed=True)} [{low}, {high}]")
    for tag, reason in found.kept_off.items():
        show(f"  {tag}: kept as it is, {reason}", "yellow")
    thresholds = {tag: c["abstain_below"] for tag, c in found.languages.items() if "abstain_below" in c}
    for tag, threshold in thresholds.items():
        never = "; no threshold reaches the risk, so nothing would be answered" if threshold >= 1 else ""
        show(f"  {tag}: answers from a confidence of {threshold:.2f}{never}")


def _calibrate_recorded(
    data: str, record: str, out: Path | None, languages: str | None, seed: int, exclude_damaged: bool
) -> None:
    from clara.config import load_settings
    from clara.evaluation.replay.calibrate import write_profiles
    from clara.evaluation.replay.run import calibrate_runs

    dataset, runs = load_recorded(data, record, languages, exclude_damaged)
    profiles, found = calibrate_runs(dataset, runs, settings=load_settings(), seed=seed)
    if out is not None:
        write_profiles(profiles, out)
    for replayed in found:
        _show_profile(profiles.runs[replayed.run], replayed.results)
    show_written([] if out is None else [out])


def _show_profile(profile: Any, results: dict[str, Any]) -> None:
    from clara.cli.base import print_rich, show
    from clara.evaluation.tables import comparison_table, level_table, profile_table

    show(f"{profile.run}: fitted to all questions", "bold")
    show(", ".join(f"{name} = {value:g}" for name, value in profile.reconcile.items()))
    print_rich(profile_table(profile))
    show("On questions it was not fitted to (five folds):", "bold")
    print_rich(level_table(results))
    print_rich(comparison_table(results))
