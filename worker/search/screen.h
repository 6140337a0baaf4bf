/* What a screen reads and writes: `worker/search/kernel_c.py` has the same fields in ctypes.
 *
 * Letters: C channels (a label of a member, label-major), M members, Y labels, E edits, Q edits
 * padded to whole blocks, H units, G units of a second layer, R rows of a pair table (E; 1 for
 * order 1). Arrays may be NULL where the screen has no such part.
 */
#ifndef CELLGEBRA_SCREEN_H
#define CELLGEBRA_SCREEN_H

#include <stdint.h>
#include <string.h>

#define STEPS 8
#define PREFIXES 240 /* whose terms are in the cache together */
#define TILE 12 /* prefixes that are read together; a multiple of ROWS of every variant */

typedef struct {
    int64_t order, edits, padded, lanes; /* lanes: edits of a block, a multiple of 96 */
    int64_t labels, members;
    int64_t layers, units, second_units, is_gelu, is_folded;
    int64_t limits, strata, bins, has_front;
    int64_t steps;                    /* of sizes that some design reaches */
    int64_t is_simple;                /* one channel in its unit, and nothing but ranks */

    const float *constant;            /* [C] */
    const float *single;              /* [C, Q] of a last edit */
    const float *leading;             /* [C, Q] of others: folded units add to it */
    const float *const *pair;         /* C tables [E, Q] or NULL each */
    const float *const *bound;        /* Y tables [R, Q] or NULL each */
    /* Triples that are bounded as a whole, (i E + j) E + k, rising in each label; or NULL. */
    const int64_t *triple_start;      /* [Y + 1] */
    const int64_t *triple_key;        /* [triple_start[Y]] */
    const float *triple_value;

    const float *inner_constant;      /* [C]; NULL where nothing saturates */
    const float *inner;               /* [C, Q] */
    const float *size_constant;       /* [M] */
    const float *size;                /* [M, Q] */
    const float *exponent;            /* [C] */
    const float *step;                /* [C, STEPS] */

    /* Hidden layer. Folded: |w| is multiplied into each channel's units, of which those with w > 0
       stand first, there is no `output`, and base and edits are negated, but not blocks:
       relu(x + a) = max(a, -x) + x. N is C then, otherwise M. */
    const float *unit_base;           /* [N, H] */
    const float *unit_edit;           /* [N, E, H] */
    const float *unit_block;          /* [N, Q / lanes, H, lanes] */
    const int64_t *positive;          /* [N] units with w > 0, folded only */
    const int64_t *unit_count;        /* [N] units with w != 0, folded only */
    const float *second_base;         /* [M, G] */
    const float *second_weight;       /* [M, G, H] */
    const float *output;              /* [M, Y, H or G] */

    const float *spread, *center;     /* [Y] */
    const int64_t *is_log;            /* [Y] */

    /* Rank: the sum over labels of weight * mean - penalty * sd. */
    const float *weight, *penalty;    /* [Y] */
    /* Feasible: sign * mean - factor * sd >= least, for each limit. */
    const int64_t *limit_label;
    const float *limit_sign, *limit_factor, *limit_least;
    /* The same, for what is feasible whatever float32 is off: the rest beats nothing. */
    const float *sure_sign, *sure_least;
    /* Front: what two values are at least, and at most, as `rank` and a slack: [4, Y], [4]. */
    const float *front_weight, *front_penalty, *front_slack;

    const uint8_t *allowed;           /* [E, Q]: may two edits stand together? */
    const uint8_t *is_open;           /* [E, Q / lanes]: may it with all of a block? */
    const int64_t *stratum;           /* [Q] */
    float bin_start, bins_per_unit;

    /* What a design has to be able to reach, see prune.h; no terms: all are evaluated. */
    int64_t terms;
    const float *node;                /* [M, terms + 1, H] */
    const float *term_block;          /* [M, Q / lanes, terms, H, lanes] of a last edit */
    const float *term_single;         /* [C, Q]: `single`, and the levels of the last edit's units */
    const float *room;                /* [Q] */
    const float *room_share;          /* [Y, Q]: of a label's mean; or NULL */
    const float *least;               /* [strata] */
} Screen;

typedef struct {
    int64_t kept;                     /* capacity of each stratum */
    int64_t evaluated, pruned, infeasible;
    float *value;                     /* [strata, kept]: heaps, the worst first */
    int32_t *edit;                    /* [strata, kept, 3] */
    int64_t *filled;                  /* [strata] */
    int64_t *histogram;               /* [bins + 2]: below, bins, above */
    int64_t front_capacity, front_count;
    float *front_value;               /* [capacity, 2] */
    int32_t *front_edit;              /* [capacity, 3] */
    int64_t rival_capacity, rival_count, lost_rivals;
    float *rival_value;               /* [capacity, 2] */
    int32_t *rival_edit;              /* [capacity, 3] */
} Found;

/* A place in the enumeration: the edits before the last one; -1 where there is none. */
typedef struct {
    int64_t first, second;
    int64_t begin, end;               /* last edits */
} Prefix;

#endif
