// Attention in bf16 with heads of 64 numbers, whose scores never leave the registers (Dao 2023, algorithms 1 and 2).
// From q, k and v, packed as (images, N, 3, heads, 64) without their bias, which is added as they are read.
//
// A warp has 16 queries, or in `flash_keys` 16 keys, and goes over all others in tiles of 64, which the block's warps
// share. The gradients of queries and of keys are two kernels, so that each sum has one order.

#pragma once
#include "tiles.cuh"

constexpr int HEAD = 64;
// Rows of a tile in shared memory, and numbers from row to row: eight rows lie in different banks.
constexpr int TILE_ROWS = 64, TILE_STRIDE = HEAD + 8;
constexpr float LOG2_E = 1.44269504088896340736f;

struct alignas(16) Eight {
    bf16 v[8];
};

typedef Eight Staged[TILE_ROWS][TILE_STRIDE / 8];

// Eight neighbours with their bias.
__device__ inline Eight with_bias(Eight x, const float *bias) {
    if (bias) {
        float b[4];
        for (int half = 0; half < 8; half += 4) {
            read(bias + half, b);
            for (int i = 0; i < 4; i++) put(x.v[half + i], as_float(x.v[half + i]) + b[i]);
        }
    }
    return x;
}

// Rows `first`.. of (count, 64) into a tile, zero behind the last.
__device__ inline void fill(Staged &tile, const bf16 *from, size_t stride, const float *bias, int first, int count) {
    for (int i = threadIdx.x; i < TILE_ROWS * HEAD / 8; i += blockDim.x) {
        int row = i / (HEAD / 8), column = i % (HEAD / 8) * 8;
        Eight x;
        if (first + row < count) {
            x = *reinterpret_cast<const Eight *>(from + (first + row) * stride + column);
            x = with_bias(x, bias ? bias + column : nullptr);
        } else {
            for (int j = 0; j < 8; j++) put(x.v[j], 0.0f);
        }
        tile[row][column / 8] = x;
    }
}

// The warp's rows `first`.. of (count, 64) as four left factors side by side, zero behind the last.
__device__ inline void own_rows(unsigned (&a)[4][4], const bf16 *from, size_t stride, const float *bias, int first,
                                int count) {
    int lane = threadIdx.x % LANES;
    for (int k = 0; k < 4; k++) {
        for (int part = 0; part < 4; part++) {
            int row = first + lane / 4 + part % 2 * 8, column = 16 * k + part / 2 * 8 + lane % 4 * 2;
            a[k][part] = 0;
            if (row < count) {
                Two two = *reinterpret_cast<const Two *>(from + row * stride + column);
                if (bias) two = two_of(as_float(two.v[0]) + bias[column], as_float(two.v[1]) + bias[column + 1]);
                a[k][part] = as_register(two);
            }
        }
    }
}

// c (16, 16) = a (16, 64) times rows `first`..+16 of a tile, transposed.
__device__ inline void against_rows(float (&c)[2][4], const unsigned (&a)[4][4], const Staged &tile, int first) {
    int lane = threadIdx.x % LANES;
    const bf16 *row = tile[first + lane / 16 * 8 + lane % 8][lane / 8 % 2].v;
    for (int half = 0; half < 2; half++)
        for (int i = 0; i < 4; i++) c[half][i] = 0;
    for (int k = 0; k < 4; k++) {
        unsigned b[4];
        load_tiles(b, row + 16 * k);
        add_product(c[0], a[k], b[0], b[1]);
        add_product(c[1], a[k], b[2], b[3]);
    }
}

// c (16, 64) += a (16, 16) times rows `first`..+16 of a tile.
__device__ inline void times_rows(float (&c)[8][4], const unsigned (&a)[4], const Staged &tile, int first) {
    int lane = threadIdx.x % LANES;
    const bf16 *row = tile[first + lane % 16][lane / 16].v;
    for (int k = 0; k < 4; k++) {
        unsigned b[4];
        load_transposed(b, row + 16 * k);
        add_product(c[2 * k], a, b[0], b[1]);
        add_product(c[2 * k + 1], a, b[2], b[3]);
    }
}

// Writes the warp's rows of c (16, 64), times a factor for each of a lane's two rows.
__device__ inline void write_rows(bf16 *to, size_t stride, const float (&c)[8][4], const float (&factors)[2], int first,
                                  int count) {
    int lane = threadIdx.x % LANES;
    for (int half = 0; half < 2; half++) {
        int row = first + lane / 4 + 8 * half;
        if (row >= count) continue;
        for (int n = 0; n < 8; n++) {
            Two two = two_of(c[n][2 * half] * factors[half], c[n][2 * half + 1] * factors[half]);
            *reinterpret_cast<Two *>(to + row * stride + 8 * n + lane % 4 * 2) = two;
        }
    }
}

// Sum and largest over the four lanes that share a row.
__device__ inline float row_sum(float v) {
    for (int other = 2; other > 0; other /= 2) v += __shfl_xor_sync(0xffffffffu, v, other);
    return v;
}

__device__ inline float row_max(float v) {
    for (int other = 2; other > 0; other /= 2) v = fmaxf(v, __shfl_xor_sync(0xffffffffu, v, other));
    return v;
}

// Where an image's head lies: blocks go over rows in x, and over heads of images in y.
struct OfHead {
    int width, first;
    size_t stride, packed, plain, row;
    __device__ OfHead(int count, int heads) {
        int image = blockIdx.y / heads, head = blockIdx.y % heads;
        width = heads * HEAD;
        stride = 3 * (size_t)width;
        packed = image * (size_t)count * stride + head * HEAD;
        plain = image * (size_t)count * width + head * HEAD;
        row = blockIdx.y * (size_t)count;
        first = (blockIdx.x * (blockDim.x / LANES) + threadIdx.x / LANES) * 16;
    }
    // The bias of q (0), k (1) or v (2).
    __device__ const float *bias(const float *all, int part, int heads) const {
        return all + part * width + blockIdx.y % heads * HEAD;
    }
};

// Scores in the base of two are s `scale`; `logs` (images, heads, N) are the logarithms of their sums of powers of two.
__device__ inline void attend(const bf16 *qkv, const float *bias, bf16 *out, float *logs, int count, int heads,
                             float scale) {
    __shared__ Staged keys;
    __shared__ Staged values;
    OfHead at(count, heads);
    int lane = threadIdx.x % LANES;
    qkv += at.packed;
    unsigned q[4][4];
    own_rows(q, qkv, at.stride, at.bias(bias, 0, heads), at.first, count);
    float top[2] = {-INFINITY, -INFINITY}, sum[2] = {0, 0}, o[8][4];
    for (int n = 0; n < 8; n++)
        for (int i = 0; i < 4; i++) o[n][i] = 0;
    scale *= LOG2_E;
    for (int from = 0; from < count; from += TILE_ROWS) {
        __syncthreads();
        fill(keys, qkv + at.width, at.stride, at.bias(bias, 1, heads), from, count);
        fill(values, qkv + 2 * at.width, at.stride, at.bias(bias, 2, heads), from, count);
        __syncthreads();
        if (at.first >= count) continue;
        float s[4][2][4], before[2] = {top[0], top[1]};
#pragma unroll
        for (int j = 0; j < 4; j++) {
            if (from + 16 * j < count) against_rows(s[j], q, keys, 16 * j);
#pragma unroll
            for (int i = 0; i < 8; i++) {
                bool inside = from + 16 * j + i / 4 * 8 + lane % 4 * 2 + i % 2 < count;
                float &v = s[j][i / 4][i % 4];
                v = inside ? v * scale : -INFINITY;
                top[i % 4 / 2] = fmaxf(top[i % 4 / 2], v);
            }
        }
        for (int half = 0; half < 2; half++) {
            top[half] = row_max(top[half]);
            float factor = exp2f(before[half] - top[half]);
            sum[half] *= factor;
            for (int n = 0; n < 8; n++)
                for (int i = 0; i < 2; i++) o[n][2 * half + i] *= factor;
        }
#pragma unroll
        for (int j = 0; j < 4; j++) {
            if (from + 16 * j >= count) continue;
#pragma unroll
            for (int i = 0; i < 8; i++) {
                float &v = s[j][i / 4][i % 4];
                v = exp2f(v - top[i % 4 / 2]);
                sum[i % 4 / 2] += v;
            }
            unsigned p[4];
            as_factor(p, s[j][0], s[j][1]);
            times_rows(o, p, values, 16 * j);
        }
    }
    if (at.first >= count) return;
    float factors[2];
    for (int half = 0; half < 2; half++) {
        sum[half] = row_sum(sum[half]);
        factors[half] = 1.0f / sum[half];
        int row = at.first + lane / 4 + 8 * half;
        if (lane % 4 == 0 && row < count) logs[at.row + row] = top[half] + log2f(sum[half]);
    }
    write_rows(out + at.plain, at.width, o, factors, at.first, count);
}

// The gradient of the queries, and `means` (images, heads, N): rowsum(dO O), for `flash_keys`.
__device__ inline void attend_queries(const bf16 *qkv, const float *bias, const bf16 *out, const bf16 *dout,
                                     const float *logs, float *means, bf16 *dqkv, int count, int heads, float scale) {
    __shared__ Staged keys;
    __shared__ Staged values;
    OfHead at(count, heads);
    int lane = threadIdx.x % LANES;
    qkv += at.packed;
    unsigned q[4][4], d[4][4];
    own_rows(q, qkv, at.stride, at.bias(bias, 0, heads), at.first, count);
    own_rows(d, dout + at.plain, at.width, nullptr, at.first, count);
    float log[2], mean[2] = {0, 0}, dq[8][4];
    for (int half = 0; half < 2; half++) {
        int row = at.first + lane / 4 + 8 * half;
        if (row < count)
            for (int k = 0; k < 4; k++)
                for (int side = 0; side < 2; side++) {
                    size_t from = at.plain + row * (size_t)at.width + 16 * k + 8 * side + lane % 4 * 2;
                    Two o = *reinterpret_cast<const Two *>(out + from);
                    Two g = as_two(d[k][2 * side + half]);
                    for (int i = 0; i < 2; i++) mean[half] += as_float(o.v[i]) * as_float(g.v[i]);
                }
        mean[half] = row_sum(mean[half]);
        log[half] = row < count ? logs[at.row + row] : INFINITY;
        if (lane % 4 == 0 && row < count) means[at.row + row] = mean[half];
    }
    for (int n = 0; n < 8; n++)
        for (int i = 0; i < 4; i++) dq[n][i] = 0;
    for (int from = 0; from < count; from += TILE_ROWS) {
        __syncthreads();
        fill(keys, qkv + at.width, at.stride, at.bias(bias, 1, heads), from, count);
        fill(values, qkv + 2 * at.width, at.stride, at.bias(bias, 2, heads), from, count);
        __syncthreads();
        if (at.first >= count) continue;
        for (int j = 0; j < TILE_ROWS && from + j < count; j += 16) {
            float s[2][4], dp[2][4];
            against_rows(s, q, keys, j);
            against_rows(dp, d, values, j);
            for (int i = 0; i < 8; i++) {
                bool inside = from + j + i / 4 * 8 + lane % 4 * 2 + i % 2 < count;
                int half = i % 4 / 2;
                float &v = s[i / 4][i % 4];
                v = inside ? exp2f(v * (scale * LOG2_E) - log[half]) * (dp[i / 4][i % 4] - mean[half]) : 0.0f;
            }
            unsigned ds[4];
            as_factor(ds, s[0], s[1]);
            times_rows(dq, ds, keys, j);
        }
    }
    if (at.first >= count) return;
    float factors[2] = {scale, scale};
    write_rows(dqkv + at.packed, at.stride, dq, factors, at.first, count);
}

// The gradients of keys and values, from transposed scores.
__device__ inline void attend_keys(const bf16 *qkv, const float *bias, const bf16 *dout, const float *logs,
                                  const float *means, bf16 *dqkv, int count, int heads, float scale) {
    __shared__ Staged queries;
    __shared__ Staged douts;
    __shared__ float of_rows[2][TILE_ROWS];
    OfHead at(count, heads);
    int lane = threadIdx.x % LANES;
    qkv += at.packed;
    unsigned k[4][4], v[4][4];
    own_rows(k, qkv + at.width, at.stride, at.bias(bias, 1, heads), at.first, count);
    own_rows(v, qkv + 2 * at.width, at.stride, at.bias(bias, 2, heads), at.first, count);
    float dk[8][4], dv[8][4];
    for (int n = 0; n < 8; n++)
        for (int i = 0; i < 4; i++) dk[n][i] = dv[n][i] = 0;
    for (int from = 0; from < count; from += TILE_ROWS) {
        __syncthreads();
        fill(queries, qkv, at.stride, at.bias(bias, 0, heads), from, count);
        fill(douts, dout + at.plain, at.width, nullptr, from, count);
        for (int i = threadIdx.x; i < TILE_ROWS; i += blockDim.x) {
            bool inside = from + i < count;
            of_rows[0][i] = inside ? logs[at.row + from + i] : 0.0f;
            of_rows[1][i] = inside ? means[at.row + from + i] : 0.0f;
        }
        __syncthreads();
        if (at.first >= count) continue;
        for (int j = 0; j < TILE_ROWS && from + j < count; j += 16) {
            float p[2][4], ds[2][4];
            against_rows(p, k, queries, j);
            against_rows(ds, v, douts, j);
            for (int i = 0; i < 8; i++) {
                int row = j + i / 4 * 8 + lane % 4 * 2 + i % 2;
                float &of = p[i / 4][i % 4], &d = ds[i / 4][i % 4];
                of = exp2f(of * (scale * LOG2_E) - of_rows[0][row]);
                d = of * (d - of_rows[1][row]);
            }
            unsigned factor[4];
            as_factor(factor, p[0], p[1]);
            times_rows(dv, factor, douts, j);
            as_factor(factor, ds[0], ds[1]);
            times_rows(dk, factor, queries, j);
        }
    }
    if (at.first >= count) return;
    float of_keys[2] = {scale, scale}, of_values[2] = {1, 1};
    write_rows(dqkv + at.packed + at.width, at.stride, dk, of_keys, at.first, count);
    write_rows(dqkv + at.packed + 2 * at.width, at.stride, dv, of_values, at.first, count);
}
