"""What is known of genes beside the measurements: features, other names, networks.

Rows are loci. A locus is what edits name; an alias is another name of it, and may be that of
several loci.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from service.contract.errors import (
    AmbiguousGeneError,
    InvalidArgumentError,
    Offender,
    UnknownGeneError,
)

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Network:
    """Undirected edges between loci, each once, scored by channels of evidence.

    `edge_2M` points into the loci of the table; a score of 0 is no evidence.
    """

    name: str
    channels: tuple[str, ...]
    edge_2M: Codes
    score_MC: Floats

    def __post_init__(self) -> None:
        """Check the shapes.

        Raises:
            ValueError: they do not fit each other.
        """
        edges = self.edge_2M.shape[-1]
        if self.edge_2M.shape != (2, edges) or self.score_MC.shape != (edges, len(self.channels)):
            raise ValueError(
                f"network {self.name}: edges {self.edge_2M.shape} and scores "
                f"{self.score_MC.shape} of {len(self.channels)} channels do not fit"
            )

    def chosen(
        self, channels: Sequence[str] | None = None, min_score: float = 0.0
    ) -> tuple[Codes, Floats]:
        """Edges [2, M] that some of the channels support, and their scores [M].

        The score of an edge is the greatest among the channels; edges that reach `min_score` and
        are above 0 are kept, loops are not.

        Raises:
            InvalidArgumentError: the network has no such channel.
        """
        wanted = self.channels if channels is None else tuple(channels)
        _require(wanted, self.channels, f"network {self.name}", "channel")
        places = [self.channels.index(channel) for channel in wanted]
        score_M = self.score_MC[:, places].max(axis=1, initial=0.0)
        is_loop_M = self.edge_2M[0] == self.edge_2M[1]
        kept_M = (score_M > 0) & (score_M >= min_score) & ~is_loop_M
        return self.edge_2M[:, kept_M], score_M[kept_M]


@dataclass(frozen=True)
class GeneTable:
    """Features of genes and networks between them; NaN is a missing feature.

    `aliases` maps a name to the rows of the loci that have it.
    """

    loci: tuple[str, ...]
    aliases: Mapping[str, frozenset[int]] = field(default_factory=dict)
    feature_names: tuple[str, ...] = ()
    feature_GF: Floats = field(default_factory=lambda: np.empty((0, 0)))
    networks: Mapping[str, Network] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Check the shapes, and that each locus is there once.

        Raises:
            ValueError: they do not fit each other.
        """
        if not self.feature_names:
            object.__setattr__(self, "feature_GF", np.empty((len(self.loci), 0)))
        if self.feature_GF.shape != (len(self.loci), len(self.feature_names)):
            raise ValueError(
                f"features {self.feature_GF.shape} do not fit {len(self.loci)} loci and "
                f"{len(self.feature_names)} names"
            )
        rows = {locus: row for row, locus in enumerate(self.loci)}
        if len(rows) < len(self.loci):
            raise ValueError("a locus is in the gene table twice")
        object.__setattr__(self, "_rows", rows)

    def __len__(self) -> int:
        return len(self.loci)

    def __contains__(self, name: object) -> bool:
        """Whether `name` is a locus or an unambiguous alias."""
        return name in self._locus_rows() or len(self.aliases.get(str(name), ())) == 1

    def _locus_rows(self) -> dict[str, int]:
        rows: dict[str, int] = self.__dict__["_rows"]
        return rows

    def resolve(self, name: str) -> int:
        """Row of a gene: a locus first, then an alias.

        Raises:
            AmbiguousGeneError: the alias belongs to several loci; they are named.
            UnknownGeneError: neither a locus nor an alias; close names are suggested.
        """
        row = self._locus_rows().get(name)
        if row is not None:
            return row
        found = sorted(self.aliases.get(name, ()))
        if len(found) == 1:
            return found[0]
        if found:
            loci = [self.loci[place] for place in found]
            message = f"{name} is an alias of {', '.join(loci)}; name the one that is meant"
            raise AmbiguousGeneError(
                f"gene table: {message}",
                [Offender(message=message, value=name, suggestions=loci)],
            )
        message = f"the gene table has no locus or alias {name}"
        close = get_close_matches(name, [*self.loci, *self.aliases], n=3)
        raise UnknownGeneError(message, [Offender(message=message, value=name, suggestions=close)])

    def features(self, names: Sequence[str] | None = None) -> Floats:
        """Some of the features [G, F], all of them without names.

        Raises:
            InvalidArgumentError: there is no such feature.
        """
        if names is None:
            return self.feature_GF
        _require(names, self.feature_names, "the gene table", "feature")
        return self.feature_GF[:, [self.feature_names.index(name) for name in names]]

    def network(self, name: str) -> Network:
        """A network by name.

        Raises:
            InvalidArgumentError: there is no such network.
        """
        _require([name], tuple(self.networks), "the gene table", "network")
        return self.networks[name]


def _require(wanted: Sequence[str], known: Sequence[str], owner: str, noun: str) -> None:
    lacking = [name for name in wanted if name not in known]
    if not lacking:
        return
    offenders = [
        Offender(
            message=f"no such {noun}", value=name, suggestions=get_close_matches(name, known, n=3)
        )
        for name in lacking
    ]
    raise InvalidArgumentError(
        f"{owner} has no {noun} {', '.join(lacking)}; it has {', '.join(known) or 'none'}",
        offenders,
    )
