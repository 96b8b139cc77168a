// Blocks and threads of a GPU on one thread of the CPU, so that kernels can be compiled by any C++ compiler
// and tested: the threads of a block are fibres that take turns at barriers and shuffles.
//
// Blocks run one after the other, in the order of their numbers or against it: what depends on that is wrong.
// A barrier that not all threads reach, and a shuffle that not all lanes of
// a warp reach, end the process with a message.

#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

struct dim3 {
    unsigned x = 1, y = 1, z = 1;
};

// Of the fibre that runs.
extern thread_local dim3 threadIdx, blockIdx, blockDim, gridDim;

#define __device__
// Blocks follow each other on a thread of the CPU, so they can use one place in turn.
#define __shared__ static thread_local
#define KERNEL static void

namespace emulation {
// Waits until all threads of the block are here.
void barrier();
// Waits until all lanes of the warp are here, and returns the bits that lane `from` brought.
uint32_t exchange(uint32_t bits, unsigned from);

// A kernel with its arguments taken out of an array of pointers to them, as a driver gets them.
typedef void (*Started)(void **);
template <auto kernel, class... A, size_t... I>
void call(void (*)(A...), void **arguments, std::index_sequence<I...>) {
    kernel(*static_cast<A *>(arguments[I])...);
}
template <class... A> constexpr auto places(void (*)(A...)) { return std::index_sequence_for<A...>(); }
template <auto kernel> void start(void **arguments) { call<kernel>(kernel, arguments, places(kernel)); }
// Bytes of each of its parameters.
template <class... A> std::vector<size_t> sizes(void (*)(A...)) { return {sizeof(A)...}; }
} // namespace emulation

inline void __syncthreads() { emulation::barrier(); }

inline float __shfl_xor_sync(unsigned, float v, int other) {
    uint32_t bits;
    std::memcpy(&bits, &v, sizeof(v));
    bits = emulation::exchange(bits, threadIdx.x % 32 ^ other);
    std::memcpy(&v, &bits, sizeof(v));
    return v;
}

// Rounded by themselves, whatever the compiler would make of both.
inline float __fmul_rn(float a, float b) {
    volatile float product = a * b;
    return product;
}
inline float __fsub_rn(float a, float b) {
    volatile float difference = a - b;
    return difference;
}

// The upper half of a float, rounded to nearest, to even where two are as near.
struct bf16 {
    uint16_t bits;
};

inline float as_float(bf16 v) {
    uint32_t bits = (uint32_t)v.bits << 16;
    float value;
    std::memcpy(&value, &bits, sizeof(value));
    return value;
}

inline void put(bf16 &to, float v) {
    uint32_t bits;
    std::memcpy(&bits, &v, sizeof(v));
    // NaN stays NaN.
    if ((bits & 0x7fffffffu) > 0x7f800000u)
        to.bits = 0x7fff;
    else
        to.bits = (bits + 0x7fffu + (bits >> 16 & 1)) >> 16;
}
