"""Registries: what ships with the package by name, and what installed packages add through entry points."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from importlib.metadata import EntryPoint, entry_points
from operator import attrgetter
from typing import Generic, TypeVar, cast

from zigzag_lab.vocab.errors import InputError, nearest

log = logging.getLogger(__name__)


T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """Name -> what is registered by it: ours in the order of use, then what installed packages add by entry points.

    Entry points are loaded at the first look-up, so that a package may import this one while it is being loaded itself.
    One that cannot be loaded, is of another kind, or takes a name that is in use is left out with a warning. The name
    is the attribute ``name_by``: the word that users write.
    """

    def __init__(self, group: str, kind: type, ours: Iterable[T] = (), *, name_by: str = "name") -> None:
        self.group, self.kind, self.name_of = group, kind, attrgetter(name_by)
        self.ours: dict[str, T] = {self.name_of(one): one for one in ours}

    def add(self, one: T) -> None:
        """Add what ships with the package, before the first look-up."""
        self.ours[self.name_of(one)] = one

    @cached_property
    def _all(self) -> dict[str, T]:
        found = dict(self.ours)
        for entry in sorted(entry_points(group=self.group), key=lambda entry: entry.name):
            added = self._loaded(entry)
            if added is None:
                continue
            name = self.name_of(added)
            if name in found:
                log.warning("%s of %s is left out: the name '%s' is in use", self.group, _origin(entry), name)
            else:
                found[name] = added
        return found

    def _loaded(self, entry: EntryPoint) -> T | None:
        try:
            added = entry.load()
        except Exception as error:
            log.warning("%s of %s cannot be loaded: %r", self.group, _origin(entry), error)
            return None
        if not isinstance(added, self.kind):
            log.warning("%s of %s is no %s: %r", self.group, _origin(entry), self.kind.__name__, added)
            return None
        return cast(T, added)

    def __getitem__(self, name: str) -> T:
        return self._all[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def named(self, name: object, where: str) -> T:
        """Return what a name, in any case, stands for; ``where`` is the place, for the message.

        Raises:
            InputError: nothing is registered by that name.
        """
        found = self._all.get(str(name).lower())
        if found is None:
            raise InputError(where, f"'{name}'", f"one of {', '.join(self._all)}", nearest(str(name), self._all))
        return found

    def is_ours(self, name: str) -> bool:
        """Whether a name ships with the package."""
        return name in self.ours


def _origin(entry: EntryPoint) -> str:
    package = entry.dist.name if entry.dist is not None else "an installed package"
    return f"{package} ({entry.value})"
