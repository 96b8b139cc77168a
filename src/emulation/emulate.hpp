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
#define KERNEL_WITHIN(THREADS, BLOCKS) KERNEL

namespace emulation {
// Ends the process with what the kernel does wrong.
[[noreturn]] void die(const char *what);
// Waits until all threads of the block are here.
void barrier();
// What each lane of a warp brings.
constexpr unsigned BROUGHT = 6;
typedef uint32_t Brought[BROUGHT];
// Waits until all lanes of the warp are here, and returns what each brought: theirs until the next exchange.
const Brought *exchange(const Brought &own);

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
    emulation::Brought own = {};
    std::memcpy(own, &v, sizeof(v));
    const emulation::Brought *all = emulation::exchange(own);
    std::memcpy(&v, all[threadIdx.x % 32 ^ other], sizeof(v));
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

// What `tiles.cuh` has from the tensor cores of a GPU.
inline bf16 half_of(uint32_t two, unsigned which) { return {(uint16_t)(two >> 16 * which)}; }

inline void add_product(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
    emulation::Brought own = {a[0], a[1], a[2], a[3], b0, b1};
    const emulation::Brought *all = emulation::exchange(own);
    unsigned lane = threadIdx.x % 32;
    for (unsigned i = 0; i < 4; i++) {
        unsigned row = lane / 4 + 8 * (i / 2), column = 2 * (lane % 4) + i % 2;
        for (unsigned k = 0; k < 16; k++) {
            const auto &left = all[row % 8 * 4 + k % 8 / 2], &right = all[column * 4 + k % 8 / 2];
            float x = as_float(half_of(left[row / 8 + 2 * (k / 8)], k % 2));
            c[i] += x * as_float(half_of(right[4 + k / 8], k % 2));
        }
    }
}

// The numbers at a row and a column of the tile whose rows the lanes gave.
inline uint32_t of_tile(const emulation::Brought *all, unsigned tile, unsigned row, unsigned column) {
    uintptr_t from;
    std::memcpy(&from, all[8 * tile + row], sizeof(from));
    return reinterpret_cast<const bf16 *>(from)[column].bits;
}

inline const emulation::Brought *rows_of_tiles(const bf16 *row) {
    // The GPU reads 16 bytes at once.
    if (reinterpret_cast<uintptr_t>(row) % 16 != 0) emulation::die("a row of a tile is not at a multiple of 16 bytes");
    emulation::Brought own = {};
    std::memcpy(own, &row, sizeof(row));
    return emulation::exchange(own);
}

inline void load_tiles(unsigned (&to)[4], const bf16 *row) {
    const emulation::Brought *all = rows_of_tiles(row);
    unsigned lane = threadIdx.x % 32, column = 2 * (lane % 4);
    for (unsigned i = 0; i < 4; i++)
        to[i] = of_tile(all, i, lane / 4, column) | of_tile(all, i, lane / 4, column + 1) << 16;
}

inline void load_transposed(unsigned (&to)[4], const bf16 *row) {
    const emulation::Brought *all = rows_of_tiles(row);
    unsigned lane = threadIdx.x % 32, first = 2 * (lane % 4);
    for (unsigned i = 0; i < 4; i++)
        to[i] = of_tile(all, i, first, lane / 4) | of_tile(all, i, first + 1, lane / 4) << 16;
}
