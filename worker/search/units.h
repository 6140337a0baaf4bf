/* Hidden layers of a block of edits, for several prefixes. */
#ifndef CELLGEBRA_UNITS_H
#define CELLGEBRA_UNITS_H

#include "lanes.h"
#include "screen.h"

#define CHUNK (LANES * COLUMNS)

/* Sums of max(a, -x) over units, those with a positive weight less those with a negative one, for
 * ROWS prefixes and CHUNK edits: relu(x + a) = max(a, -x) + x, and x is summed by the caller. */
static inline void rectified_rows(
    const float *restrict block, int64_t lanes, const float *restrict x, int64_t stride,
    int64_t positive, int64_t units, float *restrict out, int64_t out_stride)
{
    V sum[ROWS][COLUMNS];
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 8
        for (int c = 0; c < COLUMNS; c++) sum[r][c] = NONE();
    for (int64_t h = 0; h < positive; h++) {
        V a[COLUMNS];
#pragma GCC unroll 8
        for (int c = 0; c < COLUMNS; c++) a[c] = LOAD(block + h * lanes + c * LANES);
#pragma GCC unroll 8
        for (int r = 0; r < ROWS; r++) {
            const V least = ALL(x[r * stride + h]);
#pragma GCC unroll 8
            for (int c = 0; c < COLUMNS; c++) sum[r][c] = ADD(sum[r][c], MAX(a[c], least));
        }
    }
    for (int64_t h = positive; h < units; h++) {
        V a[COLUMNS];
#pragma GCC unroll 8
        for (int c = 0; c < COLUMNS; c++) a[c] = LOAD(block + h * lanes + c * LANES);
#pragma GCC unroll 8
        for (int r = 0; r < ROWS; r++) {
            const V least = ALL(x[r * stride + h]);
#pragma GCC unroll 8
            for (int c = 0; c < COLUMNS; c++) sum[r][c] = SUB(sum[r][c], MAX(a[c], least));
        }
    }
#pragma GCC unroll 8
    for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 8
        for (int c = 0; c < COLUMNS; c++) STORE(out + r * out_stride + c * LANES, sum[r][c]);
}

/* Activations [H, lanes] of a block behind one prefix, from the chunk `begin` on.
 * `out` may be `block`. */
static void activate(
    const float *block, int64_t lanes, const float *x, int64_t units, int64_t is_gelu,
    int64_t begin, float *out)
{
    for (int64_t h = 0; h < units; h++) {
        const V shift = ALL(x[h]);
        for (int64_t k = begin; k < lanes; k += CHUNK)
#pragma GCC unroll 8
            for (int c = 0; c < COLUMNS; c++) {
                const V sum = ADD(LOAD(block + h * lanes + k + c * LANES), shift);
                STORE(out + h * lanes + k + c * LANES, is_gelu ? gelu(sum) : MAX(sum, NONE()));
            }
    }
}

#define DENSE(NAME, COUNT)                                                                         \
    static inline void NAME(                                                                       \
        const float *restrict in, int64_t lanes, const float *restrict weight, int64_t units,      \
        float *restrict out)                                                                       \
    {                                                                                              \
        V sum[COUNT][COLUMNS];                                                                     \
        _Pragma("GCC unroll 8") for (int r = 0; r < COUNT; r++)                                    \
            _Pragma("GCC unroll 8") for (int c = 0; c < COLUMNS; c++) sum[r][c] = NONE();          \
        for (int64_t h = 0; h < units; h++) {                                                      \
            V a[COLUMNS];                                                                          \
            _Pragma("GCC unroll 8") for (int c = 0; c < COLUMNS; c++)                              \
                a[c] = LOAD(in + h * lanes + c * LANES);                                           \
            _Pragma("GCC unroll 8") for (int r = 0; r < COUNT; r++) {                              \
                const V w = ALL(weight[r * units + h]);                                            \
                _Pragma("GCC unroll 8") for (int c = 0; c < COLUMNS; c++)                          \
                    sum[r][c] = FMA(w, a[c], sum[r][c]);                                           \
            }                                                                                      \
        }                                                                                          \
        _Pragma("GCC unroll 8") for (int r = 0; r < COUNT; r++)                                    \
            _Pragma("GCC unroll 8") for (int c = 0; c < COLUMNS; c++)                              \
                STORE(out + r * lanes + c * LANES, sum[r][c]);                                     \
    }

DENSE(dense_rows, ROWS)
DENSE(dense_row, 1)

/* out [O, lanes] = weight [O, H] in [H, lanes], from the chunk `begin` on. */
static void dense(
    const float *in, int64_t lanes, const float *weight, int64_t outputs, int64_t units,
    int64_t begin, float *out)
{
    for (int64_t k = begin; k < lanes; k += CHUNK) {
        int64_t r = 0;
        for (; r + ROWS <= outputs; r += ROWS)
            dense_rows(in + k, lanes, weight + r * units, units, out + r * lanes + k);
        for (; r < outputs; r++)
            dense_row(in + k, lanes, weight + r * units, units, out + r * lanes + k);
    }
}

#endif
