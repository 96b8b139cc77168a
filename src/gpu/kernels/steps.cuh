// What moves parameters, over all of them in one launch: they lie one behind the other, each at a multiple of
// PIECE numbers.

#pragma once
#include "common.cuh"

// Numbers that share a learning rate: a parameter begins at a multiple of it.
constexpr int PIECE = 256;

// A step of AdamW (Loshchilov and Hutter 2019, algorithm 2), a block of PIECE threads for each piece.
// `rates` (pieces, 2) has for each a factor on the learning rate, and its weight decay; a factor of 0 leaves the piece
// alone. `correction` is the first moment's bias correction, `root` the reciprocal root of the second's.
KERNEL adamw(float *values, const float *gradient, float *first, float *second, const float *rates, float lr, float correction,
                      float beta1, float beta2, float root, float eps) {
    size_t at = (size_t)blockIdx.x * PIECE + threadIdx.x;
    float factor = rates[2 * blockIdx.x], rate = lr * factor, keep = 1.0f - rate * rates[2 * blockIdx.x + 1];
    // Not where the rate is 0, as when a warm-up begins: moments move then, too.
    if (factor == 0.0f) return;
    float g = gradient[at];
    float m = beta1 * first[at] + (1.0f - beta1) * g;
    float v = beta2 * second[at] + (1.0f - beta2) * g * g;
    values[at] = values[at] * keep - rate / correction * m / (sqrtf(v) * root + eps);
    first[at] = m;
    second[at] = v;
}

// The values in another type.
template <class T> __device__ void cast(const float *values, T *out, long long count) {
    long long at = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (at < count) put(out[at], values[at]);
}

// Sums of squares in f64, one for each block; `each` numbers a block.
KERNEL squares(const float *values, double *partial, long long count, int each) {
    __shared__ double room[PIECE];
    long long first = (long long)blockIdx.x * each, end = first + each;
    double sum = 0;
    for (long long at = first + threadIdx.x; at < end && at < count; at += blockDim.x) sum += (double)values[at] * values[at];
    room[threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.x != 0) return;
    for (int i = 1; i < (int)blockDim.x; i++) sum += room[i];
    partial[blockIdx.x] = sum;
}

// Moves every average to `decay` times itself plus `1 - decay` times the value.
KERNEL move_towards(float *average, const float *values, float decay, long long count) {
    long long at = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (at < count) average[at] = average[at] * decay + values[at] * (1.0f - decay);
}

// Multiplies every number.
KERNEL multiply(float *values, float factor, long long count) {
    long long at = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (at < count) values[at] *= factor;
}

// A step of SGD with momentum as in PyTorch, a block of PIECE threads for each piece: v = momentum v + g + decay w,
// w = w - lr v. `rates` as for `adamw`.
KERNEL sgd(float *values, const float *gradient, float *velocity, const float *rates, float lr, float momentum) {
    size_t at = (size_t)blockIdx.x * PIECE + threadIdx.x;
    float factor = rates[2 * blockIdx.x], rate = lr * factor;
    if (factor == 0.0f) return;
    float v = momentum * velocity[at] + gradient[at] + rates[2 * blockIdx.x + 1] * values[at];
    velocity[at] = v;
    values[at] -= rate * v;
}

// Adds so much of every other number.
KERNEL add_scaled(float *values, const float *others, float factor, long long count) {
    long long at = (long long)blockIdx.x * blockDim.x + threadIdx.x;
    if (at < count) values[at] += factor * others[at];
}
