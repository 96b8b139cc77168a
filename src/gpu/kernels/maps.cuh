// Maps (B, side, side, C) as they are taken apart and put together: windows as rows, pooling, ReLU, branches that
// join, dropout. Windows are `kernel` pixels wide, `stride` apart, with `before` pixels around, in front and above.

#pragma once
#include "common.cuh"

// Rows that a block of `windows`, and pixels that one of `windows_backward` has.
constexpr int WINDOWS = 16;

// The windows around the output pixels as rows (B outs outs, C kernel kernel), channel by channel, as a weight lies.
// From one channel to the next, and from one pixel to the next, are so many numbers.
KERNEL windows(const float *x, float *out, int rows, int channels, int side, int outs, int kernel, int stride,
               int before, int channel_step, int pixel_step) {
    int columns = channels * kernel * kernel;
    for (int i = threadIdx.x; i < WINDOWS * columns; i += blockDim.x) {
        int row = blockIdx.x * WINDOWS + i / columns, place = i % columns;
        if (row >= rows) return;
        int channel = place / kernel / kernel, from = row / outs;
        int y = from % outs * stride + place / kernel % kernel - before;
        int left = row % outs * stride + place % kernel - before;
        bool inside = y >= 0 && y < side && left >= 0 && left < side;
        size_t image = (size_t)(from / outs) * channels * side * side;
        size_t at = image + (size_t)channel * channel_step + (size_t)(y * side + left) * pixel_step;
        out[(size_t)row * columns + place] = inside ? x[at] : 0.0f;
    }
}

// The output at which place k of a window meets an input, or -1.
__device__ inline int meets(int input, int k, int stride, int before, int outs) {
    int from = input + before - k, place = from / stride;
    return from >= 0 && from % stride == 0 && place < outs ? place : -1;
}

// The gradient of x (B, side, side, C), given that of its windows; added to what is there if `add`.
KERNEL windows_backward(const float *dwindows, float *dx, int pixels, int channels, int side, int outs, int kernel,
                        int stride, int before, int add) {
    int columns = channels * kernel * kernel;
    for (int i = threadIdx.x; i < WINDOWS * channels; i += blockDim.x) {
        int pixel = blockIdx.x * WINDOWS + i / channels, channel = i % channels;
        if (pixel >= pixels) return;
        int line = pixel / side;
        size_t image = line / side;
        float sum = 0;
        for (int ky = 0; ky < kernel; ky++) {
            int y = meets(line % side, ky, stride, before, outs);
            if (y < 0) continue;
            for (int kx = 0; kx < kernel; kx++) {
                int left = meets(pixel % side, kx, stride, before, outs);
                if (left < 0) continue;
                sum += dwindows[((image * outs + y) * outs + left) * columns + (channel * kernel + ky) * kernel + kx];
            }
        }
        float *to = dx + (size_t)pixel * channels + channel;
        *to = add ? *to + sum : sum;
    }
}

// The largest value of each channel in the windows of x (B, side, side, C): `out` (B, outs, outs, C), and the place of
// the window where it is. Of equal values it is the first; what is no number is larger than all.
KERNEL max_pool(const float *x, float *out, float *places, int images, int channels, int side, int outs, int kernel,
                int stride, int before) {
    Place at(images * outs * outs, channels);
    if (!at.inside) return;
    unsigned line = at.row / outs;
    int top = (int)(line % outs) * stride - before, left = (int)(at.row % outs) * stride - before;
    const float *image = x + (size_t)(line / outs) * side * side * channels + at.column;
    float largest[4] = {-INFINITY, -INFINITY, -INFINITY, -INFINITY}, place[4] = {};
    for (int ky = 0; ky < kernel; ky++)
        for (int kx = 0; kx < kernel; kx++) {
            int row = top + ky, column = left + kx;
            if (row < 0 || row >= side || column < 0 || column >= side) continue;
            float v[4];
            read(image + ((size_t)row * side + column) * channels, v);
            for (int i = 0; i < 4; i++)
                if (v[i] > largest[i] || v[i] != v[i]) {
                    largest[i] = v[i];
                    place[i] = ky * kernel + kx;
                }
        }
    write(out + at.at, largest);
    write(places + at.at, place);
}

// Backward of `max_pool`: the gradient of x; added to what is there if `add`.
KERNEL max_pool_backward(const float *dout, const float *places, float *dx, int images, int channels, int side,
                         int outs, int kernel, int stride, int before, int add) {
    Place at(images * side * side, channels);
    if (!at.inside) return;
    unsigned line = at.row / side;
    float sum[4] = {};
    if (add) read(dx + at.at, sum);
    for (int ky = 0; ky < kernel; ky++) {
        int y = meets(line % side, ky, stride, before, outs);
        if (y < 0) continue;
        for (int kx = 0; kx < kernel; kx++) {
            int left = meets(at.row % side, kx, stride, before, outs);
            if (left < 0) continue;
            size_t from = (((size_t)(line / side) * outs + y) * outs + left) * channels + at.column;
            float d[4], place[4];
            read(dout + from, d);
            read(places + from, place);
            for (int i = 0; i < 4; i++) sum[i] += place[i] == ky * kernel + kx ? d[i] : 0.0f;
        }
    }
    write(dx + at.at, sum);
}

// x where it is above 0, else 0; what is no number stays that. `fours` numbers by four.
KERNEL relu(const float *x, float *out, int fours) {
    size_t at = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= (size_t)fours) return;
    float v[4];
    read(x + 4 * at, v);
    for (int i = 0; i < 4; i++) v[i] = v[i] < 0 ? 0.0f : v[i];
    write(out + 4 * at, v);
}

// Backward of `relu`: the gradient of x; added to what is there if `add`.
KERNEL relu_backward(const float *dout, const float *x, float *dx, int fours, int add) {
    size_t at = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= (size_t)fours) return;
    float d[4], v[4], sum[4] = {};
    read(dout + 4 * at, d);
    read(x + 4 * at, v);
    if (add) read(dx + 4 * at, sum);
    for (int i = 0; i < 4; i++) sum[i] += v[i] > 0 ? d[i] : 0.0f;
    write(dx + 4 * at, sum);
}

// `out = x + scale y`, where x may be null, for 0, and so may `scales`, for 1: one for each image, which is `image`
// numbers by four. `out` may be x.
KERNEL join_images(const float *x, const float *y, const float *scales, float *out, int image, int fours) {
    unsigned four = blockIdx.x * blockDim.x + threadIdx.x;
    if (four >= (unsigned)fours) return;
    size_t at = 4 * (size_t)four;
    float scale = scales ? scales[four / image] : 1.0f, v[4], from[4] = {};
    read(y + at, v);
    if (x) read(x + at, from);
    for (int i = 0; i < 4; i++) from[i] += scale * v[i];
    write(out + at, from);
}

// Every number times another.
KERNEL times(const float *x, const float *factors, float *out, int count) {
    int at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at < count) out[at] = x[at] * factors[at];
}
