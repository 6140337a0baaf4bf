/* Vectors of floats of the instruction set that this file is compiled for, and functions of them.
 *
 * GELU is max(x, 0) - g(|x|) with g(t) = t P(N > t), which is smooth for t >= 0 and below 2e-7 from
 * 5.5 on. Below that g is a polynomial of degree 14, or 16 of degree 4 where they can be looked up;
 * fitted at Chebyshev nodes, within 6.3e-7 and 2.4e-7 in float32.
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

#if defined(__AVX512F__)
/* Of degree 4 on each of 16 parts, looked up in a register: half the multiplications. */
static const float GELU_PART[5][16] = {
    {8.52270908e-08f, -1.25646312e-01f, -1.69044952e-01f, -1.55937087e-01f,
     -1.16277902e-01f, -7.36140626e-02f, -4.03839824e-02f, -1.93910769e-02f,
     -8.19435376e-03f, -3.05729815e-03f, -1.00908908e-03f, -2.95013930e-04f,
     -7.64619093e-05f, -1.75788303e-05f, -3.58636612e-06f, -6.49481301e-07f},
    {-1.71879098e-01f, -8.12207643e-02f, -1.00952965e-02f, 3.11138284e-02f,
     4.41996382e-02f, 3.90947494e-02f, 2.69878390e-02f, 1.54790115e-02f,
     7.57222646e-03f, 3.20204970e-03f, 1.17955698e-03f, 3.80372305e-04f,
     1.07723336e-04f, 2.68541157e-05f, 5.90244183e-06f, 1.14528142e-06f},
    {4.71714474e-02f, 4.18932215e-02f, 2.85021737e-02f, 1.30053484e-02f,
     9.90001741e-04f, -5.16726950e-03f, -6.36106749e-03f, -4.95387532e-03f,
     -2.99086721e-03f, -1.48727938e-03f, -6.25642093e-04f, -2.25841674e-04f,
     -7.05619456e-05f, -1.91899798e-05f, -4.56053460e-06f, -9.49790946e-07f},
    {-7.69245826e-05f, -3.62416536e-03f, -5.39676383e-03f, -4.91023229e-03f,
     -3.01577277e-03f, -1.01728825e-03f, 2.49999004e-04f, 6.84300400e-04f,
     6.10731299e-04f, 3.81615888e-04f, 1.88621618e-04f, 7.71330579e-05f,
     2.66780795e-05f, 7.90408248e-06f, 2.02230713e-06f, 4.49307924e-07f},
    {-8.62130869e-04f, -4.47340360e-04f, 9.74820583e-05f, 4.50203467e-04f,
     4.90095424e-04f, 3.20042375e-04f, 1.16235477e-04f, -1.26782619e-05f,
     -5.50384480e-05f, -4.81917527e-05f, -2.84732670e-05f, -1.31181844e-05f,
     -4.95916109e-06f, -1.57671778e-06f, -4.27610868e-07f, -9.98156457e-08f},
};

/* GELU of all lanes. */
static inline V gelu(V x)
{
    const V t = MIN(_mm512_mul_ps(SIZE(x), ALL(16.0f / GELU_END)), ALL(15.999999f));
    const __m512i part = _mm512_cvttps_epi32(t);
    const V u = SUB(t, _mm512_cvtepi32_ps(part));
    V sum = _mm512_permutexvar_ps(part, LOAD(GELU_PART[4]));
#pragma GCC unroll 4
    for (int n = 3; n >= 0; n--)
        sum = FMA(sum, u, _mm512_permutexvar_ps(part, LOAD(GELU_PART[n])));
    return ADD(MAX(x, NONE()), sum);
}
#else
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
#endif

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
