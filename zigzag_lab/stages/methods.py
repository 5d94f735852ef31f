"""Searches of temporal mappings by name, with their options and what they prove; an installed package adds its own."""

from __future__ import annotations

from dataclasses import dataclass

from zigzag_lab.stages.exact import ExactStage
from zigzag_lab.stages.mappers import TemporalMappingGeneratorStage
from zigzag_lab.stages.salsa import SalsaStage
from zigzag_lab.stages.stage import Stage
from zigzag_lab.vocab.options import LPF_LIMIT, SEED, TIME_LIMIT, Option
from zigzag_lab.vocab.registry import Registry


@dataclass(frozen=True)
class SearchMethod:
    """A search of temporal mappings.

    Attributes:
        name: the word that users write.
        stage: the stage that searches; CostModelStage stands below it.
        options: those that it reads.
        objective_keyword: the keyword of the stage for what to minimise; empty where stages above it choose.
        proves: what is known of its results, for the documentation; empty where nothing is.
        without_effect: options that the stage accepts and makes no use of. Records and keys hold them all the same, as
            they always did.
    """

    name: str
    stage: type[Stage]
    options: tuple[Option, ...] = ()
    objective_keyword: str = ""
    proves: str = ""
    without_effect: tuple[Option, ...] = ()


SEARCH_METHODS: Registry[SearchMethod] = Registry(
    "zigzag_lab.search_methods",
    SearchMethod,
    (
        SearchMethod(
            "loma",
            TemporalMappingGeneratorStage,
            (LPF_LIMIT,),
            proves="without a limit, the best of all orders under LOMA's allocation, where merging loses none",
        ),
        SearchMethod(
            "salsa",
            SalsaStage,
            (SEED,),
            objective_keyword="salsa_opt_criterion",
            without_effect=(LPF_LIMIT,),
        ),
        SearchMethod(
            "exact",
            ExactStage,
            (TIME_LIMIT,),
            objective_keyword="exact_objective",
            proves="the best of all uneven mappings, or how far the one found is from it at most",
            without_effect=(LPF_LIMIT,),
        ),
    ),
)
"""Name -> search. Entry points of the group ``zigzag_lab.search_methods`` add to it."""
