// cuBLAS and cuRAND, as far as they are used: products of f32, bf16 and f64.
#include "driver.hpp"

static float bf(uint16_t v) {
    uint32_t u = (uint32_t)v << 16;
    float f;
    memcpy(&f, &u, 4);
    return f;
}
static uint16_t to_bf(float v) {
    uint32_t u;
    memcpy(&u, &v, 4);
    if (v != v) return 0x7fff;
    return (uint16_t)((u + 0x7fff + ((u >> 16) & 1)) >> 16);
}
template <class X, class S, class R, class W>
static void gemm(bool ta, bool tb, int m, int n, int k, S alpha, const X *A, int lda, long long sa,
                 const X *B, int ldb, long long sb, S beta, X *C, int ldc, long long sc, int batch, R read,
                 W write) {
    std::vector<S> a((size_t)m * k), b((size_t)k * n);
    for (int p = 0; p < batch; p++, A += sa, B += sb, C += sc) {
        for (int i = 0; i < m; i++)
            for (int l = 0; l < k; l++)
                a[(size_t)i * k + l] = read(ta ? A[l + (size_t)i * lda] : A[i + (size_t)l * lda]);
        for (int j = 0; j < n; j++)
            for (int l = 0; l < k; l++)
                b[(size_t)j * k + l] = read(tb ? B[j + (size_t)l * ldb] : B[l + (size_t)j * ldb]);
        for (int j = 0; j < n; j++)
            for (int i = 0; i < m; i++) {
                S sum = 0;
                for (int l = 0; l < k; l++) sum += a[(size_t)i * k + l] * b[(size_t)j * k + l];
                S old = beta == 0 ? 0 : beta * read(C[i + (size_t)j * ldc]);
                C[i + (size_t)j * ldc] = write(alpha * sum + old);
            }
    }
}
static void checked(const char *what, const void *p, int rows, int cols, int ld, long long stride, int batch,
                    size_t size) {
    if (rows <= 0 || cols <= 0) fail(std::string("cuBLAS: a matrix of no size: ") + what);
    size_t last = (size_t)stride * (batch - 1) + (size_t)(cols - 1) * ld + rows;
    if (ld < rows || !is_live((uint64_t)p, last * size)) fail(std::string("cuBLAS: no such memory: ") + what);
}

#pragma GCC visibility push(default)
extern "C" {
// cuBLAS, cuRAND
int cublasCreate_v2(void **h) {
    *h = (void *)64;
    return 0;
}
int cublasDestroy_v2(void *) { return 0; }
int cublasSetStream_v2(void *, void *) { return 0; }
int cublasSetWorkspace_v2(void *, void *, size_t) { return 0; }
int cublasGemmStridedBatchedEx(void *, int ta, int tb, int m, int n, int k, const void *alpha, const void *A,
                               int at, int lda, long long sa, const void *B, int bt, int ldb, long long sb,
                               const void *beta, void *C, int ct, int ldc, long long sc, int batch, int,
                               int) {
    LOCK if (at != bt || at != ct || (at != 0 && at != 14)) {
        fprintf(stderr, "stand-in GPU: cuBLAS types %d %d %d\n", at, bt, ct);
        return 15;
    }
    size_t size = at == 0 ? 4 : 2;
    checked("A", A, ta ? k : m, ta ? m : k, lda, sa, batch, size);
    checked("B", B, tb ? n : k, tb ? k : n, ldb, sb, batch, size);
    checked("C", C, m, n, ldc, sc, batch, size);
    float x = *(const float *)alpha, y = *(const float *)beta;
    now_or_later("cublasGemm", [=] {
        if (at == 0)
            gemm<float, float>(
                ta, tb, m, n, k, x, (const float *)A, lda, sa, (const float *)B, ldb, sb, y, (float *)C, ldc,
                sc, batch, [](float v) { return v; }, [](float v) { return v; });
        else
            gemm<uint16_t, float>(ta, tb, m, n, k, x, (const uint16_t *)A, lda, sa, (const uint16_t *)B, ldb,
                                  sb, y, (uint16_t *)C, ldc, sc, batch, bf, to_bf);
    });
    return 0;
}
int cublasDgemmStridedBatched(void *, int ta, int tb, int m, int n, int k, const double *alpha,
                              const double *A, int lda, long long sa, const double *B, int ldb, long long sb,
                              const double *beta, double *C, int ldc, long long sc, int batch) {
    LOCK double x = *alpha, y = *beta;
    now_or_later("cublasDgemm", [=] {
        gemm<double, double>(
            ta, tb, m, n, k, x, A, lda, sa, B, ldb, sb, y, C, ldc, sc, batch, [](double v) { return v; },
            [](double v) { return v; });
    });
    return 0;
}
int curandCreateGenerator(void **g, int) {
    *g = (void *)80;
    return 0;
}
int curandDestroyGenerator(void *) { return 0; }
int curandSetPseudoRandomGeneratorSeed(void *, unsigned long long) { return 0; }
int curandSetStream(void *, void *) { return 0; }
}
#pragma GCC visibility pop
