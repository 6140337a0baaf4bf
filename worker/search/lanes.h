/* Vectors of floats of the instruction set that this file is compiled for, and functions of them.
 *
 * GELU is max(x, 0) - g(|x|) with g(t) = t P(N > t), which is smooth for t >= 0 and below 1e-7 from
 * 5.5 on: a polynomial of degree 14 there, fitted at Chebyshev nodes, within 6.3e-7 in float32.
 */
#ifndef CELLGEBRA_LANES_H
#define CELLGEBRA_LANES_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX512F__)
#include <immintrin.h>
#define LANES 16
#define ROWS 4
#define COLUMNS 3
typedef __m512 V;
#define LOAD(p) _mm512_loadu_ps(p)
#define STORE(p, v) _mm512_storeu_ps(p, v)
#define ALL(x) _mm512_set1_ps(x)
#define MAX(a, b) _mm512_max_ps(a, b)
#define MIN(a, b) _mm512_min_ps(a, b)
#define FMA(a, b, c) _mm512_fmadd_ps(a, b, c)
#define ADD(a, b) _mm512_add_ps(a, b)
#define SUB(a, b) _mm512_sub_ps(a, b)
#define NONE() _mm512_setzero_ps()
#define SIZE(v) _mm512_abs_ps(v)
#elif defined(__AVX2__) && defined(__FMA__)
#include <immintrin.h>
#define LANES 8
#define ROWS 3
#define COLUMNS 3
typedef __m256 V;
#define LOAD(p) _mm256_loadu_ps(p)
#define STORE(p, v) _mm256_storeu_ps(p, v)
#define ALL(x) _mm256_set1_ps(x)
#define MAX(a, b) _mm256_max_ps(a, b)
#define MIN(a, b) _mm256_min_ps(a, b)
#define FMA(a, b, c) _mm256_fmadd_ps(a, b, c)
#define ADD(a, b) _mm256_add_ps(a, b)
#define SUB(a, b) _mm256_sub_ps(a, b)
#define NONE() _mm256_setzero_ps()
#define SIZE(v) _mm256_andnot_ps(_mm256_set1_ps(-0.0f), v)
#else
/* Four lanes in plain C: what the compiler has vectors for becomes vectors. */
#define LANES 4
#define ROWS 2
#define COLUMNS 2
typedef struct { float lane[LANES]; } V;
#define EACH(result, expression)                                                                   \
    V result;                                                                                      \
    for (int l = 0; l < LANES; l++) result.lane[l] = (expression);                                 \
    return result;
static inline V LOAD(const float *p) { EACH(v, p[l]) }
static inline V ALL(float x) { EACH(v, x) }
static inline V NONE(void) { EACH(v, 0.0f) }
static inline V MAX(V a, V b) { EACH(v, a.lane[l] > b.lane[l] ? a.lane[l] : b.lane[l]) }
static inline V MIN(V a, V b) { EACH(v, a.lane[l] < b.lane[l] ? a.lane[l] : b.lane[l]) }
static inline V FMA(V a, V b, V c) { EACH(v, a.lane[l] * b.lane[l] + c.lane[l]) }
static inline V ADD(V a, V b) { EACH(v, a.lane[l] + b.lane[l]) }
static inline V SUB(V a, V b) { EACH(v, a.lane[l] - b.lane[l]) }
static inline V SIZE(V a) { EACH(v, fabsf(a.lane[l])) }
static inline void STORE(float *p, V v) { memcpy(p, v.lane, sizeof v.lane); }
#endif

#define GELU_END 5.5f
static const float GELU[15] = {
    -8.194849292e-03f, 6.057845849e-02f, -1.912020417e-01f, 3.086630609e-01f,
    -1.802354490e-01f, -2.602256243e-01f, 6.386255522e-01f, -4.606147442e-01f,
    -1.918572854e-01f, 5.475190941e-01f, -1.858717924e-01f, -2.353381758e-01f,
    1.548701871e-01f, 3.941794646e-02f, -3.613482761e-02f,
};

/* GELU of all lanes. */
static inline V gelu(V x)
{
    const V t = MIN(SIZE(x), ALL(GELU_END));
    const V u = FMA(t, ALL(2.0f / GELU_END), ALL(-1.0f));
    V sum = ALL(GELU[14]);
#pragma GCC unroll 14
    for (int n = 13; n >= 0; n--) sum = FMA(sum, u, ALL(GELU[n]));
    return ADD(MAX(x, NONE()), sum);
}

static inline float bits_to_float(int32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline int32_t float_to_bits(float value)
{
    int32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* e^x within 2 units in the last place; x is held between -87 and 88 (Cephes' polynomial). */
static inline float exponential(float x)
{
    x = x < -87.0f ? -87.0f : x;
    x = x > 88.0f ? 88.0f : x;
    const float shifted = x * 1.44269504f + 12582912.0f; /* 1.5 * 2^23: rounds to an integer */
    const float n = shifted - 12582912.0f;
    const float r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    const float scale = bits_to_float(((int32_t)n + 127) << 23);
    return (p * r * r + r + 1.0f) * scale;
}

/* ln x for x >= 1. */
static inline float logarithm(float x)
{
    const int32_t bits = float_to_bits(x);
    const int32_t exponent = (bits - 0x3f3504f3) >> 23; /* mantissa from sqrt(1/2) to sqrt(2) */
    const float m = bits_to_float(bits - exponent * 8388608) - 1.0f;
    const float s = m / (2.0f + m);
    const float q = s * s;
    const float series = 0.66666666f + q * (0.4f + q * (0.28571429f + q * (0.22222222f + q * 0.2f)));
    return (float)exponent * 0.69314718f + (2.0f * s + s * q * series);
}

#endif
