/* Designs that cannot be good enough, by a bound that takes a few multiplications a unit.
 *
 * GELU of a prefix's unit p and a last edit's part a is nearly a sum of products,
 *     gelu(p + n_0) + level(a) + sum over r of term_r(a) (gelu(p + n_r) - gelu(p + n_0)),
 * within an error that was proven for each last edit (worker/search/separable.py). So a rank is at
 * most that of the sum and `room`; where that is below `least`, the design is counted as pruned.
 * The others are read as they are without pruning, to the bit.
 */
#ifndef CELLGEBRA_PRUNE_H
#define CELLGEBRA_PRUNE_H

#include "places.h"

/* Sums over terms for ROWS prefixes and CHUNK edits. */
static inline void term_rows(
    const float *restrict block, int64_t lanes, const float *const *x, int64_t terms,
    float *restrict out, int64_t out_stride)
{
    V sum[ROWS][COLUMNS];
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 8
        for (int c = 0; c < COLUMNS; c++) sum[r][c] = NONE();
    for (int64_t t = 0; t < terms; t++) {
        V a[COLUMNS];
#pragma GCC unroll 8
        for (int c = 0; c < COLUMNS; c++) a[c] = LOAD(block + t * lanes + c * LANES);
#pragma GCC unroll 8
        for (int r = 0; r < ROWS; r++) {
            const V factor = ALL(x[r][t]);
#pragma GCC unroll 8
            for (int c = 0; c < COLUMNS; c++) sum[r][c] = FMA(factor, a[c], sum[r][c]);
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 8
        for (int c = 0; c < COLUMNS; c++) STORE(out + r * out_stride + c * LANES, sum[r][c]);
}

/* gelu(p + n_0) of all units of a prefix, and what gelu(p + n_r) are more, in `phi`. */
static void read_nodes(const Screen *s, int64_t m, const float *from, const float *edit, float *phi)
{
    const int64_t h = s->units;
    for (int64_t r = 0; r <= s->terms; r++) {
        const float *node = s->node + (m * (s->terms + 1) + r) * h;
        for (int64_t u = 0; u < h; u += LANES) {
            const V x = ADD(ADD(LOAD(from + u), LOAD(edit + u)), LOAD(node + u));
            const V value = gelu(x);
            STORE(phi + r * h + u, r ? SUB(value, LOAD(phi + u)) : value);
        }
    }
}

/* Factors of the terms of prefixes (`fixed`, e), or (e,), for e from `begin` to `end`. */
static void fill_terms(const Screen *s, Work *w, int64_t fixed, int64_t begin, int64_t end)
{
    const int64_t h = s->units, channels = s->members * s->labels, width = s->terms * h;
    w->term_begin = begin;
    for (int64_t e = begin; e < end; e++)
        for (int64_t m = 0; m < s->members; m++) {
            const float *from = (fixed < 0 ? s->unit_base : w->x_first) + m * h;
            read_nodes(s, m, from, s->unit_edit + (m * s->edits + e) * h, w->phi);
            for (int64_t y = 0; y < s->labels; y++) {
                const float *restrict weight = s->output + (m * s->labels + y) * h;
                const int64_t c = (e - begin) * channels + m * s->labels + y;
                float *restrict factor = w->term_x + c * width, sum = 0.0f;
                for (int64_t u = 0; u < h; u++) sum += weight[u] * w->phi[u];
                w->term_base[c] = sum;
                for (int64_t r = 0; r < s->terms; r++)
                    for (int64_t u = 0; u < h; u++)
                        factor[r * h + u] = weight[u] * w->phi[(r + 1) * h + u];
            }
        }
}

/* Its row among the prefixes whose terms were filled in. */
static int64_t term_row(const Work *w, Prefix p)
{
    return (p.second < 0 ? p.first : p.second) - w->term_begin;
}

/* What the terms add, in `out`, from the chunk `from` of the block on. */
static void read_terms(
    const Screen *s, Work *w, const Prefix *tile, int64_t count, int64_t block, int64_t from)
{
    const int64_t l = s->lanes, channels = s->members * s->labels, width = s->terms * s->units;
    for (int64_t c = 0; c < channels; c++) {
        const float *a = s->term_block + (c / s->labels * (s->padded / l) + block) * width * l;
        for (int64_t row = 0; row < count; row += ROWS) {
            const float *x[ROWS];
            for (int64_t r = 0; r < ROWS; r++) {
                const Prefix p = tile[row + r < count ? row + r : row];
                x[r] = w->term_x + (term_row(w, p) * channels + c) * width;
            }
            for (int64_t k = from; k < l; k += CHUNK)
                term_rows(a + k, l, x, width, w->out + (row * channels + c) * l + k, channels * l);
        }
    }
}

/* Ranks that designs are below or at, in `rank`; what is read at a time is in `out`. */
static void read_bounds(
    const Screen *s, Work *w, Prefix p, int64_t start, int64_t from, int64_t n, float *out)
{
    const int64_t l = s->lanes, q = s->padded;
    const float *base = w->term_base + term_row(w, p) * s->members * s->labels;
    const float *restrict room = s->room + start + from;
    float *restrict rank = w->rank + from;
    if (s->is_simple) {
        const float share = shares(s, p, 0, 0).outside + base[0], weight = s->weight[0];
        const float spread = s->spread[0], center = s->center[0];
        const float *restrict single = s->term_single + start + from;
        for (int64_t k = 0; k < n; k++)
            rank[k] = weight * ((out[k] + (share + single[k])) * spread + center) + room[k];
        return;
    }
    for (int64_t m = 0; m < s->members; m++)
        for (int64_t y = 0; y < s->labels; y++) {
            Share share = shares(s, p, m, y);
            share.outside += base[m * s->labels + y];
            read_channel(&w->near, p, m, y, share, start + from, n, out + (m * s->labels + y) * l);
        }
    for (int64_t y = 0; y < s->labels; y++)
        over_members(out + y * l, s->members, s->labels * l, w->mean + y * l + from,
                     w->sd + y * l + from, n);
    add_up(w->mean + from, w->sd + from, s->weight, s->penalty, s->labels, l, n, rank);
    for (int64_t k = 0; k < n; k++) rank[k] += room[k];
    if (!s->room_share) return;
    for (int64_t y = 0; y < s->labels; y++) {
        const float *restrict share = s->room_share + y * q + start + from;
        const float *restrict mean = w->mean + y * l + from;
        for (int64_t k = 0; k < n; k++) rank[k] += mean[k] * share[k];
    }
}

/* Values of all channels of LANES designs, as `activate` and `dense` read them. */
static void read_vector(const Screen *s, Work *w, Prefix p, int64_t block, int64_t k, float *out)
{
    const int64_t l = s->lanes, h = s->units;
    const int64_t e = p.second < 0 ? p.first : p.second;
    for (int64_t m = 0; m < s->members; m++) {
        const float *from = (p.second < 0 ? s->unit_base : w->x_first) + m * h;
        const float *edit = s->unit_edit + (m * s->edits + e) * h;
        const float *a = s->unit_block + (m * (s->padded / l) + block) * h * l + k;
        for (int64_t u = 0; u < h; u++)
            STORE(w->first + u * LANES, gelu(ADD(LOAD(a + u * l), ALL(from[u] + edit[u]))));
        for (int64_t y = 0; y < s->labels; y++) {
            const float *weight = s->output + (m * s->labels + y) * h;
            V sum = NONE();
            for (int64_t u = 0; u < h; u++)
                sum = FMA(ALL(weight[u]), LOAD(w->first + u * LANES), sum);
            STORE(out + (m * s->labels + y) * l + k, sum);
        }
    }
}

/* What overflows may be anything. */
static int is_below(float rank, float least) { return rank < least && rank >= -FLT_MAX; }

/* How many designs a bound leaves, which `live` says then: they are read, in `out`. */
static int64_t prune(
    const Screen *s, Found *found, Work *w, Prefix p, int64_t block, int64_t from, int64_t n,
    float *out)
{
    const int64_t start = block * s->lanes;
    const float *restrict rank = w->rank + from;
    float least = s->least[0];
    int32_t any = 0;
    for (int64_t t = 1; t < s->strata; t++) least = fminf(least, s->least[t]);
    read_bounds(s, w, p, start, from, n, out);
    for (int64_t k = 0; k < n; k++) any |= is_below(rank[k], least) ? 0 : 1;
    if (!any) {
        found->pruned += count_live(s, w, p, block);
        return 0;
    }
    const int64_t count = find_live(s, w, p, block);
    int64_t left = 0;
    for (int64_t k = 0; k < n; k += LANES) {
        int64_t here = 0;
        for (int64_t lane = k; lane < k + LANES; lane++) {
            int32_t *live = w->live + from + lane;
            *live = *live && !is_below(rank[lane], least) &&
                    !is_below(rank[lane], s->least[stratum_of(s, p, start + from + lane)]);
            here += *live;
        }
        if (here) read_vector(s, w, p, block, from + k, out - from);
        left += here;
    }
    found->pruned += count - left;
    return left;
}

#endif
