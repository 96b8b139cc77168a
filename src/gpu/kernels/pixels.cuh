// Images as bytes, which are normalised, mirrored and erased in part where they are read.

#pragma once
#include "common.cuh"

// Of an image: whether left is right, and its regions among those of all.
struct Mark {
    int mirrored, first, last;
};

// A rectangle that has other values (3, height, width), from `at` on.
struct Region {
    int x, y, width, height, at;
};

// Images (B, S, S, 3), with what is done to them.
struct Pixels {
    const unsigned char *rgb;
    const Mark *marks;
    const Region *regions;
    const float *values;
    int side;
    float scale[3], shift[3];

    // The three normalised values of a pixel. Each operation rounds by itself, as on the CPU.
    __device__ void read(size_t image, int y, int x, float (&v)[3]) const {
        Mark mark = marks[image];
        // The last one counts.
        for (int i = mark.last - 1; i >= mark.first; i--) {
            Region region = regions[i];
            int down = y - region.y, right = x - region.x;
            if (down < 0 || down >= region.height || right < 0 || right >= region.width) continue;
            const float *from = values + region.at + down * region.width + right;
            for (int c = 0; c < 3; c++) v[c] = from[c * region.height * region.width];
            return;
        }
        const unsigned char *from = rgb + 3 * ((image * side + y) * side + (mark.mirrored ? side - 1 - x : x));
        for (int c = 0; c < 3; c++) v[c] = __fsub_rn(__fmul_rn((float)from[c], scale[c]), shift[c]);
    }
};

// Every patch of the images from `first` on as a row, channel by channel: (B G G, 3 P P). As `patches`, from bytes.
template <class T> __device__ void patches_of_bytes(const Pixels &pixels, T *out, int first, int patch) {
    int grid = pixels.side / patch, one = patch * patch;
    // A block has a patch, a thread a pixel: neighbours write neighbours.
    int place = blockIdx.x % (grid * grid);
    size_t image = first + blockIdx.x / (grid * grid);
    int top = place / grid * patch, left = place % grid * patch;
    out += (size_t)blockIdx.x * 3 * one;
    for (int i = threadIdx.x; i < one; i += blockDim.x) {
        float v[3];
        pixels.read(image, top + i / patch, left + i % patch, v);
        for (int c = 0; c < 3; c++) put(out[c * one + i], v[c]);
    }
}

// `count` images from `first` on as planes (B, 3, S, S).
KERNEL planes_of_bytes(const unsigned char *rgb, const Mark *marks, const Region *regions, const float *values, int side,
                       float r, float g, float b, float red, float green, float blue, float *out, int first, int count) {
    Pixels pixels{rgb, marks, regions, values, side, {r, g, b}, {red, green, blue}};
    unsigned one = pixels.side * pixels.side, at = blockIdx.x * blockDim.x + threadIdx.x, image = at / one;
    if (image >= (unsigned)count) return;
    int i = at % one;
    float v[3];
    pixels.read((size_t)first + image, i / pixels.side, i % pixels.side, v);
    for (int c = 0; c < 3; c++) out[((size_t)image * 3 + c) * one + i] = v[c];
}
