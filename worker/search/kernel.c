/* Every set of one, two or three edits, read through the heads of an ensemble: see
 * `worker/search/kernel.py`. The last edit of a set stands in the lanes of vectors, in blocks of
 * `lanes` edits whose hidden units stay in the nearest cache while all prefixes pass by.
 *
 * The value of a design depends on nothing but its edits: not on the prefixes beside it, nor on
 * where a shard begins. Compiled once per instruction set, as run_VARIANT.
 */
#include "found.h"
#include "prune.h"

#define JOINED(a, b) a##b
#define NAMED(a, b) JOINED(a, b)

static void count_bins(const Screen *s, Found *found, const Work *w, int64_t from, int64_t n)
{
    int32_t bin[96];
    for (int64_t begin = 0; begin < n; begin += 96) {
        const int64_t part = n - begin < 96 ? n - begin : 96;
        const float *restrict rank = w->rank + from + begin;
        for (int64_t k = 0; k < part; k++) {
            float place = (rank[k] - s->bin_start) * s->bins_per_unit;
            place = place >= -1.0f ? place : -1.0f; /* no number either */
            place = place > (float)s->bins ? (float)s->bins : place;
            bin[k] = (int32_t)(place + 1.0f);
        }
        for (int64_t k = 0; k < part; k++) found->histogram[bin[k]] += w->live[from + begin + k];
    }
}

/* Keep what is good enough, by the order of designs. */
static void keep_best(
    const Screen *s, Found *found, const Work *w, Prefix p, int64_t start, int64_t from, int64_t n)
{
    float least = threshold(found, 0);
    for (int64_t t = 1; t < s->strata; t++) least = fminf(least, threshold(found, t));
    int32_t any = 0;
    const float *restrict rank = w->rank + from;
    const int32_t *restrict live = w->live + from;
    for (int64_t k = 0; k < n; k++) any |= live[k] & (rank[k] >= least ? 1 : 0);
    if (!any) return;
    for (int64_t k = 0; k < n; k++) {
        if (!live[k] || !(rank[k] >= least)) continue;
        const int64_t stratum = stratum_of(s, p, start + from + k);
        if (rank[k] >= threshold(found, stratum))
            keep(found, stratum, rank[k], edits_of(p, start + from + k));
    }
}

/* One member and label in its unit, no limit and nothing to count: a rank in one pass. */
static void keep_simple(
    const Screen *s, Found *found, Work *w, Prefix p, int64_t start, int64_t from, int64_t n,
    const float *restrict out)
{
    const float share = shares(s, p, 0, 0).outside, spread = s->spread[0], center = s->center[0];
    const float weight = s->weight[0], least = threshold(found, 0);
    const float *restrict single = s->single + start + from;
    float *restrict rank = w->rank + from;
    int32_t any = 0;
    for (int64_t k = 0; k < n; k++) {
        rank[k] = weight * ((out[k] + (share + single[k])) * spread + center);
        any |= rank[k] >= least ? 1 : 0;
    }
    if (any) keep_best(s, found, w, p, start, from, n);
}

static void keep_front(
    const Screen *s, Found *found, Work *w, Prefix p, int64_t start, int64_t from, int64_t n)
{
    const int64_t l = s->lanes;
    for (int side = 0; side < 4; side++) {
        float *restrict value = w->front + side * l + from;
        add_up(w->mean + from, w->sd + from, s->front_weight + side * s->labels,
               s->front_penalty + side * s->labels, s->labels, l, n, value);
        for (int64_t k = 0; k < n; k++) value[k] += s->front_slack[side];
    }
    const float *value = w->front; /* at least: rows 0 and 1; at most: 2 and 3 */
    for (int64_t k = from; k < from + n; k++) {
        if (!w->live[k] || is_beaten(found, value[2 * l + k], value[3 * l + k])) continue;
        const Edits e = edits_of(p, start + k);
        add_rival(found, value[2 * l + k], value[3 * l + k], e);
        if (w->sure[k] && !keep_on_front(found, value[k], value[l + k], e)) w->is_full = 1;
    }
}

/* Whether designs may stand on the front whatever float32 is off. */
static void find_sure(const Screen *s, Work *w, int64_t from, int64_t n)
{
    memcpy(w->sure + from, w->live + from, (size_t)n * sizeof(int32_t));
    for (int64_t t = 0; t < s->limits; t++) {
        const int64_t place = s->limit_label[t] * s->lanes + from;
        drop_infeasible(w->mean + place, w->sd + place, s->sure_sign[t], s->limit_factor[t],
                        s->sure_least[t], n, w->sure + from);
    }
}

static void finish(const Screen *s, Found *found, Work *w, Prefix p, int64_t row, int64_t block)
{
    const int64_t l = s->lanes, start = block * l, channels = s->members * s->labels;
    const int64_t from = p.begin > start ? (p.begin - start) / CHUNK * CHUNK : 0, n = l - from;
    float *out = w->out + row * channels * l + from;
    const int64_t count =
        s->terms ? prune(s, found, w, p, block, from, n, out) : find_live(s, w, p, block);
    if (!count) return;
    if (s->is_simple) {
        found->evaluated += count;
        keep_simple(s, found, w, p, start, from, n, out);
        return;
    }
    for (int64_t m = 0; m < s->members; m++)
        for (int64_t y = 0; y < s->labels; y++)
            read_channel(s, p, m, y, shares(s, p, m, y), start + from, n,
                         out + (m * s->labels + y) * l);
    for (int64_t y = 0; y < s->labels; y++)
        over_members(out + y * l, s->members, s->labels * l, w->mean + y * l + from,
                     w->sd + y * l + from, n);
    add_up(w->mean + from, w->sd + from, s->weight, s->penalty, s->labels, l, n, w->rank + from);
    found->evaluated += count;
    drop_unranked(w->rank + from, n, w->live + from);
    for (int64_t t = 0; t < s->limits; t++) {
        const int64_t place = s->limit_label[t] * l + from;
        drop_infeasible(w->mean + place, w->sd + place, s->limit_sign[t], s->limit_factor[t],
                        s->limit_least[t], n, w->live + from);
    }
    found->infeasible += count;
    for (int64_t k = from; k < l; k++) found->infeasible -= w->live[k];
    if (s->bins) count_bins(s, found, w, from, n);
    keep_best(s, found, w, p, start, from, n);
    if (!s->has_front) return;
    find_sure(s, w, from, n);
    keep_front(s, found, w, p, start, from, n);
}

/* All designs of some prefixes whose last edit stands in a block. */
static void read_tile(
    const Screen *s, Found *found, Work *w, const Prefix *tile, int64_t count, int64_t block)
{
    const int64_t start = block * s->lanes;
    int64_t from = s->lanes;
    for (int64_t row = 0; row < count; row++) {
        const int64_t begin = tile[row].begin > start ? tile[row].begin - start : 0;
        from = begin < from ? begin : from;
        if (!s->layers || s->terms) continue;
        if (tile[row].second < 0) begin_first(s, w, tile[row].first);
        shift_units(s, w, tile[row], row);
    }
    if (s->terms) read_terms(s, w, tile, count, block, from / CHUNK * CHUNK);
    else read_units(s, w, block, count, from / CHUNK * CHUNK);
    for (int64_t row = 0; row < count; row++) finish(s, found, w, tile[row], row, block);
}

static int is_allowed(const Screen *s, int64_t a, int64_t b)
{
    return !s->allowed || s->allowed[a * s->padded + b];
}

/* Prefixes (first,) from `begin` to `end`, or (`fixed`, second), in tiles, past one block. */
static void pass_block(
    const Screen *s, Found *found, Work *w, int64_t fixed, int64_t begin, int64_t end,
    int64_t block)
{
    Prefix tile[TILE];
    int64_t count = 0;
    for (int64_t e = begin; e < end; e++) {
        if (fixed >= 0 && !is_allowed(s, fixed, e)) continue;
        const Prefix p = fixed >= 0 ? (Prefix){fixed, e, e + 1, s->edits}
                                    : (Prefix){e, -1, e + 1, s->edits};
        tile[count++] = p;
        if (count == TILE) read_tile(s, found, w, tile, count, block), count = 0;
    }
    if (count) read_tile(s, found, w, tile, count, block);
}

static int64_t least_of(int64_t a, int64_t b) { return a < b ? a : b; }

/* The same, past all blocks. */
static void pass_blocks(
    const Screen *s, Found *found, Work *w, int64_t fixed, int64_t begin, int64_t end)
{
    const int64_t l = s->lanes, step = s->terms ? PREFIXES : s->edits;
    const int64_t stop = least_of(end, s->edits - 1);
    for (int64_t e = begin; e < stop; e += step) {
        const int64_t last = least_of(e + step, stop);
        if (s->terms) fill_terms(s, w, fixed, e, last);
        for (int64_t b = (e + 1) / l; b * l < s->edits; b++)
            pass_block(s, found, w, fixed, e, least_of(last, (b + 1) * l - 1), b);
    }
}

/* Designs whose first edit is from `begin` to `end`. Returns 0, 1 out of memory, 2 front full. */
int NAMED(run_, VARIANT)(const Screen *s, Found *found, int64_t begin, int64_t end)
{
    Work w = NO_WORK;
    const int64_t l = s->lanes;
    if (!reserve(s, &w)) {
        release(&w);
        return 1;
    }
    if (s->order == 1) {
        const Prefix none = {-1, -1, begin, end};
        for (int64_t b = begin / l; b * l < end; b++) read_tile(s, found, &w, &none, 1, b);
    }
    if (s->order == 2) pass_blocks(s, found, &w, -1, begin, end);
    if (s->order == 3)
        for (int64_t i = begin; i < end; i++) {
            if (s->layers) begin_first(s, &w, i);
            pass_blocks(s, found, &w, i, i + 1, s->edits);
        }
    release(&w);
    return w.is_full ? 2 : 0;
}
