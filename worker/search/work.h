/* What hidden units add to designs of a block, for a tile of prefixes, and the memory it takes. */
#ifndef CELLGEBRA_WORK_H
#define CELLGEBRA_WORK_H

#include "readings.h"
#include "units.h"
#include <stdlib.h>

typedef struct {
    float *x_first;   /* [N, H] units before the activation, with the first edit alone */
    float *x;         /* [N, TILE, H] with all edits of a prefix */
    float *first;     /* [H, lanes] activations */
    float *second;    /* [G, lanes] */
    float *out;       /* [TILE, M, Y, lanes] */
    float *mean, *sd; /* [Y, lanes] */
    float *rank, *front; /* [lanes], [4, lanes] */
    int32_t *live, *sure; /* [lanes] */
    int is_full;      /* the front had no room */
    Screen near;      /* that of sums of terms: prune.h */
    int64_t term_begin; /* the first prefix whose terms were filled in */
    float *term_x;    /* [PREFIXES, M, Y, terms, H] */
    float *term_base; /* [PREFIXES, M, Y] */
    float *phi;       /* [terms + 1, H] */
} Work;

static const Work NO_WORK;

static int64_t nets(const Screen *s) { return s->is_folded ? s->members * s->labels : s->members; }

static float *floats(int64_t count, int *failed)
{
    const size_t size = ((size_t)(count + 16) * sizeof(float) + 63) / 64 * 64;
    float *found = aligned_alloc(64, size);
    if (found) memset(found, 0, size);
    else *failed = 1;
    return found;
}

static void release(Work *w)
{
    free(w->x_first), free(w->x), free(w->first), free(w->second), free(w->out), free(w->mean);
    free(w->sd), free(w->rank), free(w->front), free(w->live), free(w->sure);
    free(w->term_x), free(w->term_base), free(w->phi);
}

static int reserve(const Screen *s, Work *w)
{
    int failed = 0;
    const int64_t n = nets(s), l = s->lanes, channels = s->members * s->labels;
    w->x_first = floats(n * s->units, &failed);
    w->x = floats(n * TILE * s->units, &failed);
    w->first = floats(s->units * l, &failed);
    w->second = floats(s->second_units * l, &failed);
    w->out = floats(TILE * channels * l, &failed);
    w->mean = floats(s->labels * l, &failed);
    w->sd = floats(s->labels * l, &failed);
    w->rank = floats(l, &failed);
    w->front = floats(4 * l, &failed);
    w->live = (int32_t *)floats(l, &failed);
    w->sure = (int32_t *)floats(l, &failed);
    w->near = *s;
    w->near.single = s->term_single;
    w->term_x = floats(s->terms ? PREFIXES * channels * s->terms * s->units : 0, &failed);
    w->term_base = floats(s->terms ? PREFIXES * channels : 0, &failed);
    w->phi = floats((s->terms + 1) * s->units, &failed);
    return !failed;
}

/* Units of a prefix, from those of its first edit. */
static void shift_units(const Screen *s, Work *w, Prefix p, int64_t row)
{
    const int64_t h = s->units;
    for (int64_t n = 0; n < nets(s); n++) {
        const float *restrict from = w->x_first + n * h;
        float *restrict x = w->x + (n * TILE + row) * h;
        if (p.second < 0) {
            memcpy(x, from, (size_t)h * sizeof(float));
            continue;
        }
        const float *restrict edit = s->unit_edit + (n * s->edits + p.second) * h;
        for (int64_t u = 0; u < h; u++) x[u] = from[u] + edit[u];
    }
}

static void begin_first(const Screen *s, Work *w, int64_t first)
{
    for (int64_t n = 0; n < nets(s); n++)
        for (int64_t u = 0; u < s->units; u++)
            w->x_first[n * s->units + u] =
                s->unit_base[n * s->units + u] +
                (first < 0 ? 0.0f : s->unit_edit[(n * s->edits + first) * s->units + u]);
}

static float share_of(const float *constant, const float *row, int64_t c, int64_t q, Prefix p)
{
    float sum = constant[c];
    if (p.first >= 0) sum += row[c * q + p.first];
    if (p.second >= 0) sum += row[c * q + p.second];
    return sum;
}

static Share shares(const Screen *s, Prefix p, int64_t m, int64_t y)
{
    const int64_t c = m * s->labels + y, q = s->padded;
    Share share = {share_of(s->constant, s->leading, c, q, p), 0.0f, 0.0f, INFINITY};
    if (s->pair[c] && p.second >= 0) share.outside += s->pair[c][p.first * q + p.second];
    if (s->inner_constant) {
        share.inner = share_of(s->inner_constant, s->inner, c, q, p);
        share.size = share_of(s->size_constant, s->size, m, q, p);
    }
    if (s->bound[y] && p.second >= 0) share.bound = s->bound[y][p.first * q + p.second];
    return share;
}

/* What hidden units add, in `out`, from the chunk `from` of the block on. */
static void read_units(const Screen *s, Work *w, int64_t block, int64_t count, int64_t from)
{
    const int64_t l = s->lanes, h = s->units, channels = s->members * s->labels;
    const int64_t blocks = s->padded / l;
    if (!s->layers) {
        memset(w->out, 0, (size_t)(count * channels * l) * sizeof(float));
        return;
    }
    if (s->is_folded) {
        for (int64_t c = 0; c < channels; c++)
            for (int64_t row = 0; row < count; row += ROWS)
                for (int64_t k = from; k < l; k += CHUNK)
                    rectified_rows(
                        s->unit_block + (c * blocks + block) * h * l + k, l,
                        w->x + (c * TILE + row) * h, h, s->positive[c], s->unit_count[c],
                        w->out + (row * channels + c) * l + k, channels * l);
        return;
    }
    for (int64_t m = 0; m < s->members; m++)
        for (int64_t row = 0; row < count; row++) {
            const float *a = s->unit_block + (m * blocks + block) * h * l;
            const float *last = w->first;
            int64_t units = h;
            activate(a, l, w->x + (m * TILE + row) * h, h, s->is_gelu, from, w->first);
            if (s->layers == 2) {
                units = s->second_units;
                dense(w->first, l, s->second_weight + m * units * h, units, h, from, w->second);
                activate(w->second, l, s->second_base + m * units, units, s->is_gelu, from,
                         w->second);
                last = w->second;
            }
            dense(last, l, s->output + m * s->labels * units, s->labels, units, from,
                  w->out + (row * s->members + m) * s->labels * l);
        }
}

#endif
