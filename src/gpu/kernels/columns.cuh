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

// Adds the rows of a `partial` (chunks, D), in an order that depends on their number alone, to what its `out` (D)
// holds if `add`. A block has LANES columns, and in y the number of a pair: those behind the grid's are not looked at.
KERNEL add_up(const float *partial0, float *out0, const float *partial1, float *out1, const float *partial2, float *out2,
              const float *partial3, float *out3, int chunks, int width, int add) {
    __shared__ float room[ROWS_OF_SUMS][LANES];
    int lane = threadIdx.x % LANES, deep = threadIdx.x / LANES, d = blockIdx.x * LANES + lane;
    const float *partial = blockIdx.y < 2 ? blockIdx.y == 0 ? partial0 : partial1 : blockIdx.y == 2 ? partial2 : partial3;
    float *out = blockIdx.y < 2 ? blockIdx.y == 0 ? out0 : out1 : blockIdx.y == 2 ? out2 : out3;
    int rows = blockDim.x / LANES;
    float sum = 0;
    if (d < width) {
        // So that several are under way at a time.
#pragma unroll 8
        for (int chunk = deep; chunk < chunks; chunk += rows) sum += partial[(size_t)chunk * width + d];
    }
    room[deep][lane] = sum;
    __syncthreads();
    if (deep != 0 || d >= width) return;
    for (int i = 1; i < rows; i++) sum += room[i][lane];
    out[d] = add ? out[d] + sum : sum;
}

// The standard normal distribution function.
__device__ inline float normal_cdf(float x) { return 0.5f * (1.0f + erff(x * 0.70710678118654752f)); }

// Fills `out` with GELU(z + bias), the exact (erf) form; z (R, D), bias (D).
template <class T> __device__ void gelu(const T *z, const float *bias, T *out, int rows, int width) {
    Place place(rows, width);
    if (!place.inside) return;
    float v[4], b[4];
    read(z + place.at, v);
    read(bias + place.column, b);
    for (int i = 0; i < 4; i++) {
        v[i] += b[i];
        v[i] *= normal_cdf(v[i]);
    }
    write(out + place.at, v);
}

// Backward of `gelu`: turns the gradient of its result in `dz` into that of z, fills `out` with GELU(z + bias)
// again, and leaves partial sums of the gradient of the bias.
template <class T>
__device__ void gelu_backward(const T *z, const float *bias, T *dz, T *out, float *partial, int rows, int width,
                              int each) {
    Tile tile(rows, width, each);
    float sum[4] = {};
    if (tile.inside) {
        float b[4];
        read(bias + tile.column, b);
        for (int row = tile.first; row < tile.last; row += DEEP) {
            size_t at = (size_t)row * width + tile.column;
            float v[4], d[4], g[4];
            read(z + at, v);
            read(dz + at, d);
            for (int i = 0; i < 4; i++) {
                v[i] += b[i];
                float cdf = normal_cdf(v[i]);
                g[i] = v[i] * cdf;
                // 0.3989 is 1 / sqrt(2 pi), the density at 0.
                d[i] *= cdf + v[i] * 0.39894228040143268f * expf(-0.5f * v[i] * v[i]);
                sum[i] += d[i];
            }
            write(out + at, g);
            write(dz + at, d);
        }
    }
    leave(tile, sum, partial, width);
}

// How a residual branch joins: `out = x + scale * gamma * (y + bias)`, where `scales` (drop path, one for the
// `tokens` rows of an image) and `gamma` (LayerScale) may be null.
struct Join {
    const float *bias, *gamma, *scales;
    int tokens;
    __device__ float scale(int row) const { return scales ? scales[row / tokens] : 1.0f; }
    // Four of x become four of the result.
    template <class T> __device__ void forward(float (&x)[4], const T *y, int column, float scale) const {
        float v[4], b[4], g[4] = {1, 1, 1, 1};
        read(y, v);
        read(bias + column, b);
        if (gamma) read(gamma + column, g);
        for (int i = 0; i < 4; i++) x[i] = scale * (v[i] + b[i]) * g[i] + x[i];
    }
};

// How it goes back: what becomes the gradient of y, and what is added up for the bias and for gamma.
struct JoinBackward {
    float bias[4], gamma[4], of_bias[4], of_gamma[4];
    bool layer_scale;
    __device__ JoinBackward(const Join &join, int column) : gamma{1, 1, 1, 1}, of_bias{}, of_gamma{} {
        layer_scale = join.gamma != nullptr;
        read(join.bias + column, bias);
        if (layer_scale) read(join.gamma + column, gamma);
    }
    // Four of the gradient of the result.
    template <class T> __device__ void step(float (&d)[4], const T *y, T *dy, float scale) {
        float v[4];
        if (layer_scale) read(y, v);
        for (int i = 0; i < 4; i++) {
            d[i] *= scale;
            if (layer_scale) of_gamma[i] += d[i] * (v[i] + bias[i]);
            d[i] *= gamma[i];
            of_bias[i] += d[i];
        }
        write(dy, d);
    }
};

template <class T> __device__ void join(const float *x, const T *y, Join join, float *out, int rows, int width) {
    Place place(rows, width);
    if (!place.inside) return;
    float v[4];
    read(x + place.at, v);
    join.forward(v, y + place.at, place.column, join.scale(place.row));
    write(out + place.at, v);
}

// Backward of `join`: fills `dy` from the gradient of the result, and leaves partial sums of the gradients of
// the bias and, if there is one, of gamma.
template <class T>
__device__ void join_backward(const float *dout, const T *y, Join join, T *dy, float *of_bias, float *of_gamma,
                              int rows, int width, int each) {
    Tile tile(rows, width, each);
    JoinBackward back(join, tile.inside ? tile.column : 0);
    if (tile.inside)
        for (int row = tile.first; row < tile.last; row += DEEP) {
            size_t at = (size_t)row * width + tile.column;
            float d[4];
            read(dout + at, d);
            back.step(d, y + at, dy + at, join.scale(row));
        }
    leave(tile, back.of_bias, of_bias, width);
    if (join.gamma) leave(tile, back.of_gamma, of_gamma, width);
}
