"""The datasets' own metrics, computed by libraries of the extra `eval` where there is one."""

from collections.abc import Mapping

from clara.evaluation.metrics.base import Score, Scorer
from clara.evaluation.metrics.global_mmlu import GlobalMMLU, rank_changes
from clara.evaluation.metrics.medrect import MedRECT
from clara.evaluation.metrics.multiloko import MultiLoKo
from clara.evaluation.metrics.sc_tc import RegionalNames, RegionalTerms
from clara.evaluation.metrics.trans_env import TransEnv
from clara.evaluation.metrics.xlingeval import Consistency, Correctness, Verifiability

SCORERS: Mapping[str, Scorer] = {
    "global-mmlu": GlobalMMLU(),
    "medrect": MedRECT(),
    "multiloko": MultiLoKo(),
    "sc-tc": RegionalTerms(),
    "sc-tc-names": RegionalNames(),
    "trans-env": TransEnv(),
    "xlinghealth": Consistency(),
    "xlinghealth-correctness": Correctness(),
    "xlinghealth-verify": Verifiability(),
}
"""Name -> scorer, as `Dataset.scorer` names it."""

__all__ = ["SCORERS", "Score", "Scorer", "rank_changes"]
