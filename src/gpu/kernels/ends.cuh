// Where a Vision Transformer begins and ends: patches, tokens, pooling. D is a multiple of four.

#pragma once
#include "common.cuh"

// Copies every patch of images (B, 3, S, S) into a row, channel by channel: (B G G, 3 P P).
template <class T> __device__ void patches(const float *images, T *out, int side, int patch) {
    int grid = side / patch, inputs = 3 * patch * patch;
    // A block has a patch.
    int place = blockIdx.x % (grid * grid);
    size_t image = blockIdx.x / (grid * grid);
    int top = place / grid * patch, left = place % grid * patch;
    for (int i = threadIdx.x; i < inputs; i += blockDim.x) {
        int line = i / patch, channel = line / patch, y = top + line % patch, x = left + i % patch;
        put(out[(size_t)blockIdx.x * inputs + i], images[((image * 3 + channel) * side + y) * side + x]);
    }
}

// The first block's input (B, N, D): projected patches as tokens, the class token in front, positions
// added, `registers` tokens between.
template <class T>
__device__ void tokens(const T *projected, const float *bias, const float *cls, const float *registers,
                       const float *positions, float *out, int images, int patches, int between, int width) {
    int count = 1 + between + patches;
    Place place(images * count, width);
    if (!place.inside) return;
    int d = place.column, token = place.row % count;
    size_t image = place.row / count;
    float v[4], p[4];
    if (token == 0) {
        read(cls + d, v);
        read(positions + d, p);
        for (int i = 0; i < 4; i++) v[i] += p[i];
    } else if (token <= between) {
        read(registers + (size_t)(token - 1) * width + d, v);
    } else {
        int patch = token - 1 - between;
        float b[4];
        read(projected + (image * patches + patch) * width + d, v);
        read(bias + d, b);
        read(positions + (size_t)(1 + patch) * width + d, p);
        for (int i = 0; i < 4; i++) v[i] += b[i] + p[i];
    }
    write(out + place.at, v);
}

// The tokens from `first` on of every image of x (B, N, D), without those before: (B, N - first, D).
template <class T> __device__ void behind(const float *x, T *out, int images, int count, int first, int width) {
    int kept = count - first;
    Place place(images * kept, width);
    if (!place.inside) return;
    float v[4];
    read(x + ((size_t)(place.row / kept) * count + first + place.row % kept) * width + place.column, v);
    write(out + place.at, v);
}

// Means over the tokens `first` to `last` of every image of x (B, N, D): (B, D).
KERNEL pool(const float *x, float *out, int images, int count, int first, int last, int width) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= images * width) return;
    x += (size_t)(at / width) * count * width + at % width;
    float sum = 0;
    for (int n = first; n < last; n++) sum += x[(size_t)n * width];
    out[at] = sum / (last - first);
}

// Backward of `pool`: fills dx (B, N, D).
KERNEL unpool(const float *dout, float *dx, int images, int count, int first, int last, int width) {
    Place place(images * count, width);
    if (!place.inside) return;
    int n = place.row % count;
    float d[4];
    read(dout + (size_t)(place.row / count) * width + place.column, d);
    for (int i = 0; i < 4; i++) d[i] = n >= first && n < last ? d[i] / (last - first) : 0.0f;
    write(dx + place.at, d);
}
