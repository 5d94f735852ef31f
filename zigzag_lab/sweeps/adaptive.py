"""Searching a design space with Optuna: designs are proposed in batches, priced as any points, and reported to it.

What is proposed follows from the seed and from what was reported, whoever priced it and however long it took: a
search that was killed proposes the same designs again, finds them answered in the database, and goes on from there.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zigzag_lab.sweeps.axes import Axis
from zigzag_lab.sweeps.expansion import PointMaker, Values
from zigzag_lab.sweeps.plan import LARGE, Adaptive, DesignPoint, Figures, SweepSpec, check_are_known, summed_up
from zigzag_lab.vocab import InputError

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import Trial

POPULATION = 20
"""Of NSGA-II: a few hundred trials are then a dozen generations or more."""

_TRIES_TO_PROPOSE = 10
_TRIES_AT_RANDOM = 200


@dataclass(frozen=True)
class ProposedDesign:
    """A design that was proposed: a point for each network of the sweep."""

    trial: Trial
    points: tuple[DesignPoint, ...]


class AdaptiveSearch:
    """Proposes designs, of a sweep whose sampling is adaptive, that no batch before held.

    Raises:
        InputError: Optuna is not installed.
    """

    def __init__(self, sweep: SweepSpec) -> None:
        if sweep.sampling.adaptive is None:
            raise ValueError("the sweep asks for no search")
        self.sweep, self.adaptive = sweep, sweep.sampling.adaptive
        self._study = _study(sweep.where, self.adaptive, sweep.sampling.seed)
        self._make, self._draw = PointMaker(sweep), random.Random(sweep.sampling.seed)
        (self._networks,) = (axis.values for axis in sweep.axes if axis.names == ("workload",))
        self._axes = [axis for axis in sweep.axes if axis.names != ("workload",)]
        self._seen: set[str] = set()
        self._n_asked = 0

    @property
    def n_networks(self) -> int:
        """Points that each design has."""
        return len(self._networks)

    def ask(self) -> list[ProposedDesign]:
        """The next batch; empty when all trials have been proposed, or the space holds no more designs.

        Raises:
            InputError: the constraints exclude all that was tried.
        """
        batch: list[ProposedDesign] = []
        n_wanted = min(self.adaptive.batch, self.adaptive.n_trials - self._n_asked)
        while len(batch) < n_wanted:
            design = self._proposed() or self._random()
            if design is None:
                break
            self._seen.add(design.points[0].key)
            batch.append(design)
            self._n_asked += 1
        if not self._n_asked:
            expected = "constraints that some points meet"
            raise InputError(f"{self.sweep.where}: constraints", "no point meets all of them", expected)
        return batch

    def tell(self, batch: Sequence[ProposedDesign], figures: Mapping[str, Figures]) -> None:
        """Report what the points of a batch came to, by their keys; a design not priced on every network failed.

        Raises:
            InputError: points that were priced have no figure for an objective, as their files lack what it needs.
        """
        for design in batch:
            priced = [figures.get(point.key, {}) for point in design.points]
            summed = [summed_up(name, priced) for name in self.adaptive.objectives]
            if all(priced):
                check_are_known(
                    f"{self.sweep.where}: sampling", dict(zip(self.adaptive.objectives, summed, strict=True))
                )
            values = [value for value in summed if value is not None]
            if len(values) == len(summed):
                self._study.tell(design.trial, values)
            else:
                self._fail(design.trial)

    # -- designs -------------------------------------------------------------------------------------------------------

    def _proposed(self) -> ProposedDesign | None:
        """One that the sampler proposes; None where it proposes only what is known or excluded."""
        for _ in range(_TRIES_TO_PROPOSE):
            trial = self._study.ask()
            points = self._points(self._values_at(trial))
            if points is not None:
                return ProposedDesign(trial, points)
            self._fail(trial)
        return None

    def _random(self) -> ProposedDesign | None:
        """One that is drawn, and enqueued in the sampler as if it had proposed it; None where none is left."""
        for _ in range(_TRIES_AT_RANDOM):
            steps = {_name(axis): self._draw.randrange(len(axis)) for axis in self._axes}
            points = self._points(self._values_at(steps))
            if points is not None:
                self._study.enqueue_trial(steps)
                trial = self._study.ask()
                self._values_at(trial)
                return ProposedDesign(trial, points)
        return None

    def _points(self, values: Values) -> tuple[DesignPoint, ...] | None:
        """The points of a design, one for each network; None where it is known, or excluded for a network."""
        points = [self._make.point({**values, "workload": network}) for (network,) in self._networks]
        if any(point is None or point.key in self._seen for point in points):
            return None
        return tuple(point for point in points if point is not None)

    def _values_at(self, choice: Trial | Mapping[str, int]) -> Values:
        """The values that a trial suggests, or that stand at given steps."""
        values: Values = {}
        for axis in self._axes:
            if axis.when is None or axis.when.value(self._make.lookup(values)):
                step = choice[_name(axis)] if isinstance(choice, Mapping) else _suggested_step(choice, axis)
                values.update(zip(axis.names, axis.values[step], strict=True))
        return values

    def _fail(self, trial: Trial) -> None:
        from optuna.trial import TrialState

        self._study.tell(trial, state=TrialState.FAIL)


# -- Optuna ------------------------------------------------------------------------------------------------------------


def _study(where: str, adaptive: Adaptive, seed: int) -> Study:
    try:
        import optuna
    except ImportError as error:
        hint = "Install it with: pip install 'zigzag-lab[optuna]'."
        raise InputError(f"{where}: sampling.optuna", "Optuna is not installed", hint=hint) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    direction = optuna.study.StudyDirection
    directions = [direction.MAXIMIZE if name in LARGE else direction.MINIMIZE for name in adaptive.objectives]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # before Optuna 5, some of these settings count as experimental
        sampler: object
        if adaptive.sampler == "tpe":
            sampler = optuna.samplers.TPESampler(seed=seed, constant_liar=True)
        else:
            sampler = optuna.samplers.NSGAIISampler(seed=seed, population_size=POPULATION)
    return optuna.create_study(directions=directions, sampler=sampler)


def _name(axis: Axis) -> str:
    return ", ".join(axis.names)


def _suggested_step(trial: Trial, axis: Axis) -> int:
    if len(axis) == 1:
        return 0
    # neighbours are alike where the steps rise or fall
    values = [step[0] for step in axis.values]
    numbers = [value for value in values if isinstance(value, (int, float)) and not isinstance(value, bool)]
    if len(numbers) == len(values) and numbers in (sorted(numbers), sorted(numbers, reverse=True)):
        return trial.suggest_int(_name(axis), 0, len(axis) - 1)
    return int(trial.suggest_categorical(_name(axis), list(range(len(axis)))))
