/* Which of the compiled kernels this processor can run. */

/* What this library was compiled from: worker/search/build.py. */
const char *sources(void) { return SOURCES; }

/* 2: AVX-512, 1: AVX2 with FMA, 0: plain. */
int best_variant(void)
{
#if defined(__x86_64__) && defined(__GNUC__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
        return 2;
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return 1;
#endif
    return 0;
}
