// What all kernels stand on. The same source is compiled by nvcc for GPUs and, with `emulate.hpp`
// before it, by any C++ compiler for the CPU, where tests run it.
//
// Sums are always added in one order, with no atomics: the same input gives the same bytes.

#pragma once

#ifdef __CUDACC__
#include <cuda_bf16.h>
#define KERNEL extern "C" __global__ void
// One whose blocks have at most so many threads, so many of which are to fit on a processor.
#define KERNEL_WITHIN(THREADS, BLOCKS) KERNEL __launch_bounds__(THREADS, BLOCKS)
typedef __nv_bfloat16 bf16;
__device__ inline float as_float(bf16 v) { return __bfloat162float(v); }
__device__ inline void put(bf16 &to, float v) { to = __float2bfloat16_rn(v); }
#endif

__device__ inline float as_float(float v) { return v; }
__device__ inline void put(float &to, float v) { to = v; }

// Lanes of a warp.
constexpr int LANES = 32;

// Four neighbours, which are read and written at once.
template <class T> struct alignas(4 * sizeof(T)) Four {
    T v[4];
};

template <class T> __device__ inline void read(const T *from, float (&to)[4]) {
    Four<T> four = *reinterpret_cast<const Four<T> *>(from);
    for (int i = 0; i < 4; i++) to[i] = as_float(four.v[i]);
}

template <class T> __device__ inline void write(T *to, const float (&from)[4]) {
    Four<T> four;
    for (int i = 0; i < 4; i++) put(four.v[i], from[i]);
    *reinterpret_cast<Four<T> *>(to) = four;
}

// Sum over a warp, in every lane.
__device__ inline float warp_sum(float v) {
    for (int other = LANES / 2; other > 0; other /= 2) v += __shfl_xor_sync(0xffffffffu, v, other);
    return v;
}

// Largest over a warp, in every lane.
__device__ inline float warp_max(float v) {
    for (int other = LANES / 2; other > 0; other /= 2) v = fmaxf(v, __shfl_xor_sync(0xffffffffu, v, other));
    return v;
}

// The four neighbours of a matrix (rows, width) that a thread has.
struct Place {
    unsigned row;
    int column;
    size_t at;
    bool inside;
    __device__ Place(unsigned rows, int width) {
        // In 32 bits, in which a division costs a tenth.
        unsigned four = blockIdx.x * blockDim.x + threadIdx.x, fours = width / 4;
        row = four / fours;
        column = 4 * (four % fours);
        at = 4 * (size_t)four;
        inside = row < rows;
    }
};
