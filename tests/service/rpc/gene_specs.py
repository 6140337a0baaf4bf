"""Hypothesis strategies of what a training uses of a gene table."""

from hypothesis import strategies as st

from service.contract.genes import GenesUse, NetworkUse

_names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
_some_names = st.lists(_names, min_size=1, max_size=3)

network_uses = st.builds(
    NetworkUse,
    name=_names,
    channels=st.none() | _some_names,
    min_score=st.floats(0, 1e6),
)
_networks = st.lists(network_uses, min_size=1, max_size=2, unique_by=lambda use: use.name)
gene_uses = st.builds(
    GenesUse,
    gene_table_id=_names,
    features=st.none() | _some_names,
    evidence_off=st.lists(_names, max_size=2),
    networks=st.just(()) | _networks,
) | st.builds(GenesUse, gene_table_id=_names, use_features=st.just(False), networks=_networks)
