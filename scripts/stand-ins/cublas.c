// A stand-in for cuBLAS, beside that for the driver: products as the library's manual defines them, column by column,
// in f64, carried out when somebody waits for them. What the manual does not allow is refused.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef int Status;
enum { SUCCESS = 0, INVALID_VALUE = 7, NOT_SUPPORTED = 15 };
enum { F32 = 0, BF16 = 14, COMPUTE_32F = 68, COMPUTE_TF32 = 77, DEFAULT_ALGORITHM = -1 };

void stand_in_later(void *stream, void (*run)(void *), void *what);

struct Handle { void *stream, *workspace; };

Status cublasCreate_v2(void **handle) { *handle = calloc(1, sizeof(struct Handle)); return SUCCESS; }
Status cublasDestroy_v2(void *handle) { free(handle); return SUCCESS; }
Status cublasSetStream_v2(void *handle, void *stream) {
    // As the library does, which takes up its own workspace again.
    *(struct Handle *)handle = (struct Handle){stream, NULL};
    return SUCCESS;
}
Status cublasSetWorkspace_v2(void *handle, void *workspace, size_t length) {
    if ((uintptr_t)workspace % 256 || !length) return INVALID_VALUE;
    ((struct Handle *)handle)->workspace = workspace;
    return SUCCESS;
}
Status cublasSetMathMode(void *handle, int mode) { (void)handle; return mode == 16 ? SUCCESS : INVALID_VALUE; }
Status cublasSetAtomicsMode(void *handle, int mode) { (void)handle; return mode == 0 ? SUCCESS : INVALID_VALUE; }
Status cublasSetPointerMode_v2(void *handle, int mode) { (void)handle; return mode == 0 ? SUCCESS : INVALID_VALUE; }

// Matrices lie evenly from `at` on, or where `listed` says, which is read on the device.
struct Matrix { char *at; char *const *listed; long long stride; int kind, leading, transposed; };
struct Gemm { int m, n, k, count, tf32; float alpha, beta; struct Matrix a, b, c; };

static size_t bytes(int kind) { return kind == F32 ? 4 : 2; }

static float get(const char *at, int kind) {
    float value;
    uint32_t bits = 0;
    uint16_t half;
    if (kind == F32) return memcpy(&value, at, 4), value;
    memcpy(&half, at, 2);
    bits = (uint32_t)half << 16;
    return memcpy(&value, &bits, 4), value;
}

static void put(char *at, int kind, float value) {
    uint32_t bits;
    if (kind == F32) {
        memcpy(at, &value, 4);
        return;
    }
    memcpy(&bits, &value, 4);
    uint16_t half = (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1)) >> 16);
    memcpy(at, &half, 2);
}

static char *place(const struct Matrix *matrix, long long of, int row, int column) {
    char *from = matrix->listed ? matrix->listed[of] : matrix->at + of * matrix->stride * (long long)bytes(matrix->kind);
    long long number = matrix->transposed ? (long long)row * matrix->leading + column : (long long)column * matrix->leading + row;
    return from + number * (long long)bytes(matrix->kind);
}

static double factor(const struct Gemm *gemm, const struct Matrix *matrix, long long of, int row, int column) {
    float value = get(place(matrix, of, row, column), matrix->kind);
    uint32_t bits;
    memcpy(&bits, &value, 4);
    // Ten bits behind the point; infinity and what is no number stay.
    if (gemm->tf32 && (bits >> 23 & 255) != 255) bits = (bits + 0x1000u) & ~0x1fffu;
    return memcpy(&value, &bits, 4), value;
}

static void run(void *what) {
    const struct Gemm *gemm = what;
    for (int of = 0; of < gemm->count; of++)
        for (int column = 0; column < gemm->n; column++)
            for (int row = 0; row < gemm->m; row++) {
                double sum = 0;
                for (int i = 0; i < gemm->k; i++)
                    sum += factor(gemm, &gemm->a, of, row, i) * factor(gemm, &gemm->b, of, i, column);
                char *to = place(&gemm->c, of, row, column);
                sum *= gemm->alpha;
                // What is not added to is not read, either.
                if (gemm->beta != 0) sum += (double)gemm->beta * get(to, gemm->c.kind);
                put(to, gemm->c.kind, (float)sum);
            }
}

static int leads(const struct Matrix *matrix, int rows, int columns) {
    int height = matrix->transposed ? columns : rows;
    return matrix->leading >= (height > 1 ? height : 1);
}

static Status ask(const struct Handle *handle, struct Gemm gemm, const void *alpha, const void *beta, int compute, int algorithm) {
    int from = gemm.a.kind, to = gemm.c.kind;
    if (!handle->stream || !handle->workspace || algorithm != DEFAULT_ALGORITHM) return INVALID_VALUE;
    if (gemm.m < 0 || gemm.n < 0 || gemm.k < 0 || gemm.count < 0) return INVALID_VALUE;
    if (!leads(&gemm.a, gemm.m, gemm.k) || !leads(&gemm.b, gemm.k, gemm.n) || !leads(&gemm.c, gemm.m, gemm.n)) return INVALID_VALUE;
    if (from != gemm.b.kind || !((from == F32 && to == F32) || (from == BF16 && (to == F32 || to == BF16)))) return NOT_SUPPORTED;
    if (compute != COMPUTE_32F && !(compute == COMPUTE_TF32 && from == F32)) return NOT_SUPPORTED;
    gemm.tf32 = compute == COMPUTE_TF32;
    memcpy(&gemm.alpha, alpha, sizeof gemm.alpha);
    memcpy(&gemm.beta, beta, sizeof gemm.beta);
    struct Gemm *what = malloc(sizeof *what);
    *what = gemm;
    stand_in_later(handle->stream, run, what);
    return SUCCESS;
}

Status cublasGemmEx(void *handle, int ta, int tb, int m, int n, int k, const void *alpha, const void *a, int ak, int lda,
                    const void *b, int bk, int ldb, const void *beta, void *c, int ck, int ldc, int compute, int algorithm) {
    struct Gemm gemm = {m, n, k, 1, 0, 0, 0, {(char *)a, NULL, 0, ak, lda, ta}, {(char *)b, NULL, 0, bk, ldb, tb}, {c, NULL, 0, ck, ldc, 0}};
    return ask(handle, gemm, alpha, beta, compute, algorithm);
}

Status cublasGemmStridedBatchedEx(void *handle, int ta, int tb, int m, int n, int k, const void *alpha, const void *a,
                                  int ak, int lda, long long sa, const void *b, int bk, int ldb, long long sb,
                                  const void *beta, void *c, int ck, int ldc, long long sc, int count, int compute,
                                  int algorithm) {
    struct Gemm gemm = {m, n, k, count, 0, 0, 0, {(char *)a, NULL, sa, ak, lda, ta}, {(char *)b, NULL, sb, bk, ldb, tb}, {c, NULL, sc, ck, ldc, 0}};
    return ask(handle, gemm, alpha, beta, compute, algorithm);
}

Status cublasGemmBatchedEx(void *handle, int ta, int tb, int m, int n, int k, const void *alpha, const void *const *a,
                           int ak, int lda, const void *const *b, int bk, int ldb, const void *beta, void *const *c,
                           int ck, int ldc, int count, int compute, int algorithm) {
    struct Gemm gemm = {m, n, k, count, 0, 0, 0, {NULL, (char *const *)a, 0, ak, lda, ta}, {NULL, (char *const *)b, 0, bk, ldb, tb}, {NULL, (char *const *)c, 0, ck, ldc, 0}};
    return ask(handle, gemm, alpha, beta, compute, algorithm);
}
