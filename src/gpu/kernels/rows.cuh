// Layer normalisation over the rows of an activation (R, D), a warp a row.
// D is a multiple of four.

#pragma once
#include "columns.cuh"

// `out = (x - mean) / sqrt(variance + eps) * gamma + beta`, with biased variance. `moments` (R, 2) keeps
// mean and reciprocal standard deviation.
template <class T>
__device__ void norm(const float *x, const float *gamma, const float *beta, float eps, T *out, float *moments,
                     int rows, int width) {
    int warps = blockDim.x / LANES, lane = threadIdx.x % LANES;
    int row = blockIdx.x * warps + threadIdx.x / LANES;
    if (row >= rows) return;
    x += (size_t)row * width;
    out += (size_t)row * width;
    float v[4], sum = 0;
    for (int d = 4 * lane; d < width; d += 4 * LANES) {
        read(x + d, v);
        for (int i = 0; i < 4; i++) sum += v[i];
    }
    float mean = warp_sum(sum) / width;
    sum = 0;
    for (int d = 4 * lane; d < width; d += 4 * LANES) {
        read(x + d, v);
        for (int i = 0; i < 4; i++) sum += (v[i] - mean) * (v[i] - mean);
    }
    float scale = 1.0f / sqrtf(warp_sum(sum) / width + eps);
    if (lane == 0) {
        moments[2 * row] = mean;
        moments[2 * row + 1] = scale;
    }
    for (int d = 4 * lane; d < width; d += 4 * LANES) {
        float g[4], b[4];
        read(x + d, v);
        read(gamma + d, g);
        read(beta + d, b);
        for (int i = 0; i < 4; i++) v[i] = (v[i] - mean) * scale * g[i] + b[i];
        write(out + d, v);
    }
}

// Fours of a row that a lane of `join_norm` has in registers: D is at most 4 * 32 * 8.
constexpr int FOURS = 8;

// `join`, and `norm` of its result, whose row stays in registers.
template <class T>
__device__ void join_norm(const float *x, const T *y, Join join, float *joined, const float *gamma, const float *beta,
                          float eps, T *out, float *moments, int rows, int width) {
    int warps = blockDim.x / LANES, lane = threadIdx.x % LANES;
    int row = blockIdx.x * warps + threadIdx.x / LANES;
    if (row >= rows) return;
    size_t at = (size_t)row * width;
    float v[FOURS][4], sum = 0, branch = join.scale(row);
#pragma unroll
    for (int c = 0; c < FOURS; c++) {
        int d = 4 * (lane + c * LANES);
        if (d >= width) continue;
        read(x + at + d, v[c]);
        join.forward(v[c], y + at + d, d, branch);
        write(joined + at + d, v[c]);
        for (int i = 0; i < 4; i++) sum += v[c][i];
    }
    float mean = warp_sum(sum) / width;
    sum = 0;
#pragma unroll
    for (int c = 0; c < FOURS; c++) {
        if (4 * (lane + c * LANES) >= width) continue;
        for (int i = 0; i < 4; i++) sum += (v[c][i] - mean) * (v[c][i] - mean);
    }
    float scale = 1.0f / sqrtf(warp_sum(sum) / width + eps);
    if (lane == 0) {
        moments[2 * row] = mean;
        moments[2 * row + 1] = scale;
    }
#pragma unroll
    for (int c = 0; c < FOURS; c++) {
        int d = 4 * (lane + c * LANES);
        if (d >= width) continue;
        float g[4], b[4];
        read(gamma + d, g);
        read(beta + d, b);
        for (int i = 0; i < 4; i++) v[c][i] = (v[c][i] - mean) * scale * g[i] + b[i];
        write(out + at + d, v[c]);
    }
}

// `norm` again from kept moments.
template <class T>
__device__ void norm_again(const float *x, const float *gamma, const float *beta, const float *moments, T *out,
                           int rows, int width) {
    int warps = blockDim.x / LANES, lane = threadIdx.x % LANES;
    int row = blockIdx.x * warps + threadIdx.x / LANES;
    if (row >= rows) return;
    x += (size_t)row * width;
    out += (size_t)row * width;
    float mean = moments[2 * row], scale = moments[2 * row + 1];
    for (int d = 4 * lane; d < width; d += 4 * LANES) {
        float v[4], g[4], b[4];
        read(x + d, v);
        read(gamma + d, g);
        read(beta + d, b);
        for (int i = 0; i < 4; i++) v[i] = (v[i] - mean) * scale * g[i] + b[i];
        write(out + d, v);
    }
}

// Columns of four that a thread of `norm_backward` may have: D is at most 4 * 4 * its threads.
constexpr int COLUMNS = 4;

// Sums of two numbers over a block, in every thread. `room` has two floats for each warp.
__device__ inline void block_sums(float &a, float &b, float *room) {
    int warp = threadIdx.x / LANES, warps = blockDim.x / LANES;
    a = warp_sum(a);
    b = warp_sum(b);
    __syncthreads();
    if (threadIdx.x % LANES == 0) {
        room[2 * warp] = a;
        room[2 * warp + 1] = b;
    }
    __syncthreads();
    a = b = 0;
    for (int i = 0; i < warps; i++) {
        a += room[2 * i];
        b += room[2 * i + 1];
    }
}

// A `join` whose result was normalised.
struct Below {
    const void *y;
    void *dy;
    float *of_bias, *of_gamma;
    Join join;
};

// Backward of `norm`: adds the gradient of x to `dx`. Each block takes `each` rows and leaves the sums over
// them of the gradients of gamma and beta, one row (D) of `dgamma` and `dbeta` (blocks, D). If x is what a join gave
// (`JOINS`), that goes back at once, as `join_backward` would, with as many partial sums.
template <class T, bool JOINS>
__device__ void norm_backward(const T *dout, const float *x, const float *moments, const float *gamma, float *dx,
                              float *dgamma, float *dbeta, Below below, int rows, int width, int each) {
    __shared__ float room[2 * 1024 / LANES];
    float sum_gamma[COLUMNS][4] = {}, sum_beta[COLUMNS][4] = {};
    float sum_bias[COLUMNS][4] = {}, sum_scale[COLUMNS][4] = {};
    int first = blockIdx.x * each, step = 4 * blockDim.x;
    int last = first + each < rows ? first + each : rows;
    for (int row = first; row < last; row++) {
        float mean = moments[2 * row], scale = moments[2 * row + 1];
        size_t at = (size_t)row * width;
        float normal[COLUMNS][4], scaled[COLUMNS][4], of_d = 0, of_dn = 0;
#pragma unroll
        for (int c = 0; c < COLUMNS; c++) {
            int d = 4 * threadIdx.x + c * step;
            if (d >= width) continue;
            float g[4], dy[4];
            read(x + at + d, normal[c]);
            read(dout + at + d, dy);
            read(gamma + d, g);
            for (int i = 0; i < 4; i++) {
                normal[c][i] = (normal[c][i] - mean) * scale;
                scaled[c][i] = dy[i] * g[i];
                sum_gamma[c][i] += dy[i] * normal[c][i];
                sum_beta[c][i] += dy[i];
                of_d += scaled[c][i];
                of_dn += scaled[c][i] * normal[c][i];
            }
        }
        block_sums(of_d, of_dn, room);
        of_d /= width;
        of_dn /= width;
        float branch = JOINS ? below.join.scale(row) : 0;
#pragma unroll
        for (int c = 0; c < COLUMNS; c++) {
            int d = 4 * threadIdx.x + c * step;
            if (d >= width) continue;
            float v[4];
            read(dx + at + d, v);
            for (int i = 0; i < 4; i++) v[i] += (scaled[c][i] - of_d - normal[c][i] * of_dn) * scale;
            write(dx + at + d, v);
            if (JOINS) {
                JoinBackward back(below.join, d);
                back.step(v, (const T *)below.y + at + d, (T *)below.dy + at + d, branch);
                for (int i = 0; i < 4; i++) {
                    sum_bias[c][i] += back.of_bias[i];
                    sum_scale[c][i] += back.of_gamma[i];
                }
            }
        }
    }
#pragma unroll
    for (int c = 0; c < COLUMNS; c++) {
        int d = 4 * threadIdx.x + c * step;
        if (d >= width) continue;
        size_t at = (size_t)blockIdx.x * width + d;
        write(dgamma + at, sum_gamma[c]);
        write(dbeta + at, sum_beta[c]);
        if (JOINS) {
            write(below.of_bias + at, sum_bias[c]);
            if (below.join.gamma) write(below.of_gamma + at, sum_scale[c]);
        }
    }
}
