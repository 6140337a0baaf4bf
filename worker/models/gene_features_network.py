"""What a gene network says of two genes: a diffusion kernel, and coordinates whose product it is.

    K = (I - a S)^-1,  S = D^-1/2 A D^-1/2

sums all walks between two genes, one of k edges with weight a^k.

Source: Kondor and Lafferty 2002 (diffusion kernels on graphs); Smola and Kondor 2003,
doi:10.1007/978-3-540-45167-9_12 (this one, the regularised Laplacian).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix

from worker.data.gene_table import Network

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

_TOLERANCE = 1e-6
_MOST_STEPS = 300
_COLUMNS = 256  # solved at once
_LEAST_VALUE = 1e-8  # of the greatest eigenvalue


def normalized_adjacency(network: Network, node_count: int) -> csr_matrix:
    """S [G, G], symmetric, from the greatest score of each edge; 0 for isolated genes."""
    edge_2M, score_M = network.chosen()
    rows, columns = np.concatenate([edge_2M, edge_2M[::-1]], axis=1)
    scores = np.concatenate([score_M, score_M])
    matrix = coo_matrix((scores, (rows, columns)), shape=(node_count, node_count)).tocsr()
    degree_G = np.asarray(matrix.sum(axis=1)).ravel()
    root_G = np.sqrt(np.where(degree_G > 0, degree_G, 1.0))
    scaled = matrix.multiply(1.0 / root_G[:, None]).multiply(1.0 / root_G[None, :])
    return csr_matrix(scaled)


def _solve(matrix: csr_matrix, right_GT: Floats, reach: float) -> Floats:
    """(I - reach S)^-1 by conjugate gradients, each column for itself."""
    found_GT = np.zeros_like(right_GT)
    left_GT, way_GT = right_GT.copy(), right_GT.copy()
    size_T = (left_GT**2).sum(axis=0)
    least_T = _TOLERANCE**2 * size_T
    for _ in range(_MOST_STEPS):
        step_GT = way_GT - reach * (matrix @ way_GT)
        share_T = size_T / np.maximum((way_GT * step_GT).sum(axis=0), 1e-300)
        found_GT += share_T * way_GT
        left_GT -= share_T * step_GT
        now_T = (left_GT**2).sum(axis=0)
        if (now_T <= least_T).all():
            break
        way_GT = left_GT + (now_T / np.maximum(size_T, 1e-300)) * way_GT
        size_T = now_T
    return found_GT


def diffusion_columns(matrix: csr_matrix, rows_T: Codes, reach: float) -> Floats:
    """Columns of K for some genes [G, T].

    Args:
        matrix: S, from `normalized_adjacency`.
        rows_T: the genes.
        reach: a, from 0 to below 1: how far a walk goes.
    """
    parts = [np.zeros((matrix.shape[0], 0))]
    for start in range(0, len(rows_T), _COLUMNS):
        chunk = rows_T[start : start + _COLUMNS]
        right_GT = np.zeros((matrix.shape[0], len(chunk)))
        right_GT[chunk, np.arange(len(chunk))] = 1.0
        parts.append(_solve(matrix, right_GT, reach))
    return np.concatenate(parts, axis=1)


def coordinates(kernel_GT: Floats, rows_T: Codes, rank: int) -> Floats:
    """Z [G, R] with Z_t.Z_u = K_tu among the known genes T, and Z_g.Z_t = K_gt for all others.

    Of the greatest eigenvalues only. Source: Williams and Seeger 2001 (Nystrom).
    """
    known_TT = kernel_GT[rows_T]
    value_R, vector_TR = np.linalg.eigh(0.5 * (known_TT + known_TT.T))
    kept_R = np.argsort(-value_R, kind="stable")[:rank]
    kept_R = kept_R[value_R[kept_R] > _LEAST_VALUE * max(float(value_R[-1]), 1e-300)]
    found_GR: Floats = kernel_GT @ (vector_TR[:, kept_R] / np.sqrt(value_R[kept_R]))
    return found_GR
