/* From sums over hidden units to labels, ranks and what is feasible, for the lanes of one block. */
#ifndef CELLGEBRA_READINGS_H
#define CELLGEBRA_READINGS_H

#include "lanes.h"
#include "screen.h"
#include <float.h>

/* What the edits of a prefix add to every lane of a channel. */
typedef struct {
    float outside, inner, size, bound;
} Share;

static void add_pair(float *restrict v, const float *restrict row, int64_t n)
{
    for (int64_t k = 0; k < n; k++) v[k] += row[k];
}

static void add_pairs(
    float *restrict v, const float *restrict row, const float *restrict other, int64_t n)
{
    for (int64_t k = 0; k < n; k++) v[k] += row[k] + other[k];
}

static void cap(float *restrict v, const float *restrict row, int64_t n)
{
    for (int64_t k = 0; k < n; k++) v[k] = row[k] < v[k] ? row[k] : v[k];
}

/* Bounds of whole triples; `from` is the edit of the first lane. */
static void cap_triples(
    const Screen *s, Prefix p, int64_t label, int64_t from, int64_t n, float *restrict v)
{
    const int64_t begin = (p.first * s->edits + p.second) * s->edits;
    const int64_t end = begin + (from + n < s->edits ? from + n : s->edits);
    int64_t low = s->triple_start[label], high = s->triple_start[label + 1];
    const int64_t last = high;
    while (low < high) { /* the first that is not before these lanes */
        const int64_t middle = (low + high) / 2;
        if (s->triple_key[middle] < begin + from) low = middle + 1;
        else high = middle;
    }
    for (; low < last && s->triple_key[low] < end; low++) {
        float *lane = v + (s->triple_key[low] - begin - from);
        *lane = s->triple_value[low] < *lane ? s->triple_value[low] : *lane;
    }
}

/* Levels of the first `steps` sizes: a number that the compiler knows, so that it unrolls them. */
static inline void add_levels(
    float *restrict v, const float *restrict size, float other, const float *restrict step,
    int64_t n, const int steps)
{
    for (int64_t k = 0; k < n; k++) {
        const float count = other + size[k];
        float level = 0.0f;
        for (int place = 0; place < steps; place++) {
            float part = count - (float)place;
            part = part > 0.0f ? part : 0.0f;
            level += step[place] * (part < 1.0f ? part : 1.0f);
        }
        v[k] += level;
    }
}

/* count^-exponent; roots where the exponent is so many quarters (0: some other one). */
static inline float gain_of(float count, float exponent, const int quarters)
{
    if (quarters == 1) return 1.0f / sqrtf(sqrtf(count));
    if (quarters == 2) return 1.0f / sqrtf(count);
    if (quarters == 3) return 1.0f / (sqrtf(count) * sqrtf(sqrtf(count)));
    if (quarters == 4) return 1.0f / count;
    return exponential(-exponent * logarithm(count));
}

static inline void add_gained(
    float *restrict v, const float *restrict inner, const float *restrict size, Share share,
    float exponent, int64_t n, const int quarters)
{
    for (int64_t k = 0; k < n; k++) {
        const float count = share.size + size[k];
        const float gain = gain_of(count > 1.0f ? count : 1.0f, exponent, quarters);
        v[k] += gain * (share.inner + inner[k]);
    }
}

/* max(n, 1)^-exponent times what adds up, and a level for each size. */
static void saturate(
    float *restrict v, const float *restrict inner, const float *restrict size, Share share,
    float exponent, const float *restrict step, int64_t steps, int64_t n)
{
    if (steps <= STEPS / 2) add_levels(v, size, share.size, step, n, STEPS / 2);
    else add_levels(v, size, share.size, step, n, STEPS);
    if (exponent == 0.0f)
        for (int64_t k = 0; k < n; k++) v[k] += share.inner + inner[k];
    else if (exponent == 0.25f) add_gained(v, inner, size, share, exponent, n, 1);
    else if (exponent == 0.5f) add_gained(v, inner, size, share, exponent, n, 2);
    else if (exponent == 0.75f) add_gained(v, inner, size, share, exponent, n, 3);
    else if (exponent == 1.0f) add_gained(v, inner, size, share, exponent, n, 4);
    else add_gained(v, inner, size, share, exponent, n, 0);
}

static void in_unit(float *restrict v, float spread, float center, int64_t is_log, int64_t n)
{
    for (int64_t k = 0; k < n; k++) v[k] = v[k] * spread + center;
    if (is_log)
        for (int64_t k = 0; k < n; k++) v[k] = exponential(v[k]);
}

/* One channel of one prefix: v holds what its hidden units add. */
static void read_channel(
    const Screen *s, Prefix p, int64_t member, int64_t label, Share share, int64_t from,
    int64_t n, float *restrict v)
{
    const int64_t c = member * s->labels + label, q = s->padded;
    const float *restrict single = s->single + c * q + from;
    if (!s->pair[c] && !s->inner_constant && !s->bound[label] && !s->is_log[label]) {
        const float spread = s->spread[label], center = s->center[label];
        for (int64_t k = 0; k < n; k++)
            v[k] = (v[k] + (share.outside + single[k])) * spread + center;
        return;
    }
    for (int64_t k = 0; k < n; k++) v[k] += share.outside + single[k];
    if (s->pair[c] && p.second >= 0)
        add_pairs(v, s->pair[c] + p.first * q + from, s->pair[c] + p.second * q + from, n);
    else if (s->pair[c] && p.first >= 0)
        add_pair(v, s->pair[c] + p.first * q + from, n);
    if (s->inner_constant)
        saturate(v, s->inner + c * q + from, s->size + member * q + from, share, s->exponent[c],
                 s->step + c * STEPS, s->steps, n);
    if (s->bound[label]) {
        cap(v, s->bound[label] + (p.first < 0 ? 0 : p.first) * q + from, n);
        if (p.second >= 0) {
            cap(v, s->bound[label] + p.second * q + from, n);
            for (int64_t k = 0; k < n; k++) v[k] = share.bound < v[k] ? share.bound : v[k];
        }
    }
    if (s->triple_start && p.second >= 0) cap_triples(s, p, label, from, n, v);
    in_unit(v, s->spread[label], s->center[label], s->is_log[label], n);
}

/* Mean and sd over members; `v` [M, Y, lanes] starts at the label. */
static void over_members(
    const float *restrict v, int64_t members, int64_t stride, float *restrict mean,
    float *restrict sd, int64_t n)
{
    memcpy(mean, v, (size_t)n * sizeof(float));
    memset(sd, 0, (size_t)n * sizeof(float));
    if (members == 1) return;
    for (int64_t m = 1; m < members; m++)
        for (int64_t k = 0; k < n; k++) mean[k] += v[m * stride + k];
    for (int64_t k = 0; k < n; k++) mean[k] /= (float)members;
    for (int64_t m = 0; m < members; m++)
        for (int64_t k = 0; k < n; k++) {
            const float distance = v[m * stride + k] - mean[k];
            sd[k] += distance * distance;
        }
    for (int64_t k = 0; k < n; k++) sd[k] = sqrtf(sd[k] / (float)(members - 1));
}

/* sum over labels of weight * mean - penalty * sd. */
static void add_up(
    const float *restrict mean, const float *restrict sd, const float *weight,
    const float *penalty, int64_t labels, int64_t lanes, int64_t n, float *restrict out)
{
    for (int64_t k = 0; k < n; k++) out[k] = 0.0f;
    for (int64_t y = 0; y < labels; y++) {
        if (weight[y] != 0.0f)
            for (int64_t k = 0; k < n; k++) out[k] += weight[y] * mean[y * lanes + k];
        if (penalty[y] != 0.0f) /* 0 times infinity would be no number */
            for (int64_t k = 0; k < n; k++) out[k] -= penalty[y] * sd[y * lanes + k];
    }
}

/* What has no finite rank is no design to compare. */
static void drop_unranked(const float *restrict rank, int64_t n, int32_t *restrict live)
{
    for (int64_t k = 0; k < n; k++) live[k] &= fabsf(rank[k]) <= FLT_MAX ? 1 : 0;
}

static void drop_infeasible(
    const float *restrict mean, const float *restrict sd, float sign, float factor, float least,
    int64_t n, int32_t *restrict live)
{
    if (factor == 0.0f)
        for (int64_t k = 0; k < n; k++) live[k] &= sign * mean[k] >= least ? 1 : 0;
    else
        for (int64_t k = 0; k < n; k++)
            live[k] &= sign * mean[k] - factor * sd[k] >= least ? 1 : 0;
}

#endif
