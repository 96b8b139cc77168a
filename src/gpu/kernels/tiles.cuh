// Products of small tiles in bf16 by a warp, on the tensor cores of a GPU (PTX ISA, mma.m16n8k16 and
// ldmatrix). Of a tile, lane L has these numbers, two neighbours in a register where they are in bf16:
//
//   a, the left factor (16, 16):    rows L / 4 and L / 4 + 8, columns 2 (L % 4) and the next, and 8 further:
//                                   registers (row, column) in the order (0, 0), (8, 0), (0, 8), (8, 8)
//   b, the right factor (16, 8):    rows 2 (L % 4) and the next, and 8 further; column L / 4
//   c, sums in f32 (16, 8):         rows L / 4 and L / 4 + 8, columns 2 (L % 4) and the next

#pragma once
#include "common.cuh"

#ifdef __CUDACC__
// c += a b.
__device__ inline void add_product(float (&c)[4], const unsigned (&a)[4], unsigned b0, unsigned b1) {
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
                 "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                 : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Four tiles (8, 8) of shared memory, a register each: lane L gives where row L % 8 of tile L / 8 begins, and gets
// of each the numbers at row L / 4, columns 2 (L % 4) and the next.
__device__ inline void load_tiles(unsigned (&to)[4], const bf16 *row) {
    unsigned at = (unsigned)__cvta_generic_to_shared(row);
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(at)
                 : "memory");
}

// The same of their transposes: rows 2 (L % 4) and the next, column L / 4.
__device__ inline void load_transposed(unsigned (&to)[4], const bf16 *row) {
    unsigned at = (unsigned)__cvta_generic_to_shared(row);
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
                 : "r"(at)
                 : "memory");
}
#endif

// Two neighbours, and the register that has both.
struct alignas(4) Two {
    bf16 v[2];
};

__device__ inline unsigned as_register(Two two) {
    unsigned bits;
    memcpy(&bits, &two, sizeof(bits));
    return bits;
}

__device__ inline Two as_two(unsigned bits) {
    Two two;
    memcpy(&two, &bits, sizeof(bits));
    return two;
}

__device__ inline Two two_of(float first, float second) {
    Two two;
    put(two.v[0], first);
    put(two.v[1], second);
    return two;
}

// As a left factor: two sums (16, 8) that lie side by side.
__device__ inline void as_factor(unsigned (&a)[4], const float (&left)[4], const float (&right)[4]) {
    a[0] = as_register(two_of(left[0], left[1]));
    a[1] = as_register(two_of(left[2], left[3]));
    a[2] = as_register(two_of(right[0], right[1]));
    a[3] = as_register(two_of(right[2], right[3]));
}
