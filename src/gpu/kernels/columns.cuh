// What is added up over the rows of an activation (R, D), as gradients of biases are, on the way of the
// elementwise work that it comes from. D is a multiple of four.
//
// A block has a tile of 128 columns (LANES threads of four) and `each` rows, of which DEEP are looked at at a
// time. It leaves a row of partial sums; `add_up` adds those.

#pragma once
#include "common.cuh"

// Rows of a tile that are looked at at a time; a block has LANES * DEEP threads.
constexpr int DEEP = 8;

// The rows and columns of a block of threads.
struct Tile {
    int column, deep, first, last;
    bool inside;
    __device__ Tile(int rows, int width, int each) {
        column = 4 * (blockIdx.x * LANES + threadIdx.x % LANES);
        deep = threadIdx.x / LANES;
        first = blockIdx.y * each + deep;
        int end = (blockIdx.y + 1) * each;
        last = end < rows ? end : rows;
        inside = column < width;
    }
};

// Adds the sums of a tile's threads and leaves them in row `blockIdx.y` of `partial` (chunks, D).
__device__ inline void leave(const Tile &tile, const float (&sum)[4], float *partial, int width) {
    __shared__ float room[DEEP][4 * LANES];
    int at = 4 * (threadIdx.x % LANES);
    __syncthreads();
    for (int i = 0; i < 4; i++) room[tile.deep][at + i] = sum[i];
    __syncthreads();
    if (tile.deep != 0 || !tile.inside) return;
    float total[4] = {};
    for (int deep = 0; deep < DEEP; deep++)
        for (int i = 0; i < 4; i++) total[i] += room[deep][at + i];
    write(partial + (size_t)blockIdx.y * width + tile.column, total);
}

// Sums of the columns of x (R, D).
template <class T> __device__ void column_sums(const T *x, float *partial, int rows, int width, int each) {
    Tile tile(rows, width, each);
    float sum[4] = {};
    if (tile.inside)
        for (int row = tile.first; row < tile.last; row += DEEP) {
            float v[4];
            read(x + (size_t)row * width + tile.column, v);
            for (int i = 0; i < 4; i++) sum[i] += v[i];
        }
    leave(tile, sum, partial, width);
}

// The most rows of partial sums that a block of `add_up` looks at at a time; it has LANES threads for each.
constexpr int ROWS_OF_SUMS = 16;

// Adds the rows of `partial` (chunks, D), in an order that depends on their number alone, to what `out` (D) holds if
// `add`. A block has LANES columns.
KERNEL add_up(const float *partial, float *out, int chunks, int width, int add) {
    __shared__ float room[ROWS_OF_SUMS][LANES];
    int lane = threadIdx.x % LANES, deep = threadIdx.x / LANES, d = blockIdx.x * LANES + lane;
    int rows = blockDim.x / LANES;
    float sum = 0;
    if (d < width)
        for (int chunk = deep; chunk < chunks; chunk += rows) sum += partial[(size_t)chunk * width + d];
    room[deep][lane] = sum;
    __syncthreads();
    if (deep != 0 || d >= width) return;
    for (int i = 1; i < rows; i++) sum += room[i][lane];
    out[d] = add ? out[d] + sum : sum;
}

// The standard normal distribution function.
__device__ inline float normal_cdf(float x) { return 0.5f * (1.0f + erff(x * 0.70710678118654752f)); }

// Adds the bias (D) to z (R, D) and fills `out` with GELU(z), the exact (erf) form.
template <class T> __device__ void gelu(T *z, const float *bias, T *out, int rows, int width) {
    Place place(rows, width);
    if (!place.inside) return;
    float v[4], b[4], g[4];
    read(z + place.at, v);
    read(bias + place.column, b);
    for (int i = 0; i < 4; i++) v[i] += b[i];
    write(z + place.at, v);
    // Of what is kept, so that the backward pass sees the same number.
    read(z + place.at, v);
    for (int i = 0; i < 4; i++) g[i] = v[i] * normal_cdf(v[i]);
    write(out + place.at, g);
}

// Backward of `gelu`: turns the gradient of its result in `dz` into that of z, fills `out` with GELU(z)
// again, and leaves partial sums of the gradient of the bias.
template <class T>
__device__ void gelu_backward(const T *z, T *dz, T *out, float *partial, int rows, int width, int each) {
    Tile tile(rows, width, each);
    float sum[4] = {};
    if (tile.inside)
        for (int row = tile.first; row < tile.last; row += DEEP) {
            size_t at = (size_t)row * width + tile.column;
            float v[4], d[4], g[4];
            read(z + at, v);
            read(dz + at, d);
            for (int i = 0; i < 4; i++) {
                float cdf = normal_cdf(v[i]);
                g[i] = v[i] * cdf;
                // 0.3989 is 1 / sqrt(2 pi), the density at 0.
                d[i] *= cdf + v[i] * 0.39894228040143268f * expf(-0.5f * v[i] * v[i]);
                sum[i] += d[i];
            }
            write(out + at, g);
            write(dz + at, d);
        }
    leave(tile, sum, partial, width);
}

// How a residual branch joins: `out = x + scale * gamma * (y + bias)`, where `scales` (drop path, one for the
// `tokens` rows of an image) and `gamma` (LayerScale) may be null.
template <class T>
__device__ void join(const float *x, const T *y, const float *bias, const float *gamma, const float *scales,
                     int tokens, float *out, int rows, int width) {
    Place place(rows, width);
    if (!place.inside) return;
    float scale = scales ? scales[place.row / tokens] : 1.0f;
    float v[4], b[4], g[4] = {1, 1, 1, 1}, from[4];
    read(y + place.at, v);
    read(bias + place.column, b);
    read(x + place.at, from);
    if (gamma) read(gamma + place.column, g);
    for (int i = 0; i < 4; i++) v[i] = scale * (v[i] + b[i]) * g[i] + from[i];
    write(out + place.at, v);
}

// Backward of `join`: fills `dy` from the gradient of the result, and leaves partial sums of the gradients of
// the bias and, if there is one, of gamma.
template <class T>
__device__ void join_backward(const float *dout, const T *y, const float *bias, const float *gamma,
                              const float *scales, int tokens, T *dy, float *of_bias, float *of_gamma, int rows,
                              int width, int each) {
    Tile tile(rows, width, each);
    float sum_bias[4] = {}, sum_gamma[4] = {};
    if (tile.inside) {
        float b[4], g[4] = {1, 1, 1, 1};
        read(bias + tile.column, b);
        if (gamma) read(gamma + tile.column, g);
        for (int row = tile.first; row < tile.last; row += DEEP) {
            size_t at = (size_t)row * width + tile.column;
            float scale = scales ? scales[row / tokens] : 1.0f;
            float d[4], v[4];
            read(dout + at, d);
            if (gamma) read(y + at, v);
            for (int i = 0; i < 4; i++) {
                d[i] *= scale;
                if (gamma) sum_gamma[i] += d[i] * (v[i] + b[i]);
                d[i] *= g[i];
                sum_bias[i] += d[i];
            }
            write(dy + at, d);
        }
    }
    leave(tile, sum_bias, of_bias, width);
    if (gamma) leave(tile, sum_gamma, of_gamma, width);
}
