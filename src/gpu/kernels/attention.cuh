// Softmax and its backward pass between the matrix products of attention, a warp a row. Scores and
// probabilities (rows, N) have `stride` numbers a row, so that products find them aligned.

#pragma once
#include "common.cuh"

// Adds the bias (D) to x (R, D) in place.
template <class T> __device__ void add_bias(T *x, const float *bias, int rows, int width) {
    Place place(rows, width);
    if (!place.inside) return;
    float v[4], b[4];
    read(x + place.at, v);
    read(bias + place.column, b);
    for (int i = 0; i < 4; i++) v[i] += b[i];
    write(x + place.at, v);
}

// Probabilities of scores, and the logarithms of the sums of exponentials (rows). What lies behind a row's N
// is made zero.
template <class T>
__device__ void softmax(const float *scores, T *probabilities, float *logs, int rows, int count, int stride) {
    int warps = blockDim.x / LANES, lane = threadIdx.x % LANES;
    int row = blockIdx.x * warps + threadIdx.x / LANES;
    if (row >= rows) return;
    scores += (size_t)row * stride;
    probabilities += (size_t)row * stride;
    float top = -INFINITY;
    for (int n = lane; n < count; n += LANES) top = fmaxf(top, scores[n]);
    top = warp_max(top);
    float sum = 0;
    for (int n = lane; n < count; n += LANES) sum += expf(scores[n] - top);
    float log = top + logf(warp_sum(sum));
    if (lane == 0) logs[row] = log;
    for (int n = lane; n < stride; n += LANES) put(probabilities[n], n < count ? expf(scores[n] - log) : 0.0f);
}

// From scores S, the logarithms of their sums, and dP = dO V^T: the probabilities P again, and
// dS = P (dP - rowsum(dO O)), where O and dO are (images, N, heads, size), and a row is (image, head, n).
template <class T>
__device__ void softmax_backward(const float *scores, const float *logs, const float *dprobabilities, const T *out,
                                 const T *dout, T *probabilities, T *dscores, int rows, int count, int stride,
                                 int heads, int size) {
    int warps = blockDim.x / LANES, lane = threadIdx.x % LANES;
    int row = blockIdx.x * warps + threadIdx.x / LANES;
    if (row >= rows) return;
    int n = row % count, head = row / count % heads, image = row / count / heads;
    size_t at = (((size_t)image * count + n) * heads + head) * size;
    float mean = 0;
    for (int i = lane; i < size; i += LANES) mean += as_float(out[at + i]) * as_float(dout[at + i]);
    mean = warp_sum(mean);
    float log = logs[row];
    size_t from = (size_t)row * stride;
    for (int i = lane; i < stride; i += LANES) {
        float p = i < count ? expf(scores[from + i] - log) : 0.0f;
        put(probabilities[from + i], p);
        put(dscores[from + i], i < count ? p * (dprobabilities[from + i] - mean) : 0.0f);
    }
}
