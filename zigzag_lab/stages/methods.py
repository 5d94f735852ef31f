"""Searches of temporal mappings by name, with their options and what they prove; an installed package adds its own."""

from __future__ import annotations

from dataclasses import dataclass, replace

from zigzag_lab.keys.engine import digest_of_package
from zigzag_lab.stages.exact import ExactStage
from zigzag_lab.stages.stage import Stage
from zigzag_lab.stages.temporal import SalsaStage, TemporalMappingGeneratorStage
from zigzag_lab.vocab.options import LPF_LIMIT, OBJECTIVE, PIPELINE_OPTIONS, SEARCH, SEED, TIME_LIMIT, Option
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
        is_greedy: whether it fills the lowest memories first, and so may find nothing that fits where something does:
            exact search is then asked as well.
        without_effect: options that the stage accepts and makes no use of, for searches older than this field, as
            records and keys hold these options; a new search leaves it empty.
    """

    name: str
    stage: type[Stage]
    options: tuple[Option, ...] = ()
    objective_keyword: str = ""
    proves: str = ""
    is_greedy: bool = False
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
            is_greedy=True,
        ),
        SearchMethod(
            "salsa",
            SalsaStage,
            (SEED,),
            objective_keyword="salsa_opt_criterion",
            is_greedy=True,
            without_effect=(LPF_LIMIT,),
        ),
        SearchMethod(
            "exact",
            ExactStage,
            (TIME_LIMIT, LPF_LIMIT),
            objective_keyword="exact_objective",
            proves="the best of all mappings, uneven or even, or how far the one found is from it at most",
        ),
    ),
)
"""Name -> search. Entry points of the group ``zigzag_lab.search_methods`` add to it."""


def run_options() -> tuple[Option, ...]:
    """Every option of a run: the objective, the search, those of each search, and those of every pipeline."""
    of_searches: dict[str, Option] = {}
    for method in SEARCH_METHODS.values():
        for option in method.options:
            of_searches.setdefault(option.name, option)
    return OBJECTIVE, replace(SEARCH, words=tuple(SEARCH_METHODS)), *of_searches.values(), *PIPELINE_OPTIONS


def code_of_search(name: str) -> str:
    """Return the digest of the package that adds a search; empty where it is ours, or unknown here."""
    method = SEARCH_METHODS.get(name)
    return "" if method is None or SEARCH_METHODS.is_ours(name) else digest_of_package(method.stage.__module__)


def code_of_added_searches() -> dict[str, str]:
    """Return the digests of all searches that installed packages add."""
    return {name: code_of_search(name) for name in SEARCH_METHODS if not SEARCH_METHODS.is_ours(name)}
