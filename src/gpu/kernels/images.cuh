// Sums over the pixels of each image of maps (B, pixels, C), and what comes of them: means, and the factors of squeeze
// and excitation (Hu et al. 2018). A chunk is `each` pixels of an image, of which there are `chunks`.

#pragma once
#include "lanes.cuh"

// The pixels of a block.
struct Strip {
    int image, chunk, count;
    size_t first;
    __device__ Strip(const Lanes &at, int pixels, int channels, int each) {
        int chunks = (pixels + each - 1) / each;
        image = at.chunk / chunks;
        chunk = at.chunk % chunks;
        count = pixels - chunk * each < each ? pixels - chunk * each : each;
        first = ((size_t)image * pixels + (size_t)chunk * each) * channels + at.channel;
    }
};

// Of each chunk the sum of x, or of x y where there is a y: `partial` (B, chunks, C).
KERNEL image_sums(const float *x, const float *y, float *partial, int pixels, int channels, int lanes, int each) {
    Lanes at(channels, lanes);
    Strip of(at, pixels, channels, each);
    float sum[4] = {};
    if (at.inside)
#pragma unroll 4
        for (int pixel = at.group; pixel < of.count; pixel += at.groups) {
            float v[4], w[4] = {1, 1, 1, 1};
            read(x + of.first + (size_t)pixel * channels, v);
            if (y) read(y + of.first + (size_t)pixel * channels, w);
            for (int i = 0; i < 4; i++) sum[i] += v[i] * w[i];
        }
    over_groups(at, lanes, sum);
    if (at.group == 0 && at.inside) write(partial + (size_t)at.chunk * channels + at.channel, sum);
}

// Sums of chunks (B, chunks, C) times a factor; where there are e (B, C), times the slope of their sigmoids.
KERNEL image_total(const float *partial, const float *e, float *out, int images, int chunks, int channels,
                   float factor) {
    unsigned at = blockIdx.x * blockDim.x + threadIdx.x, image = at / channels, c = at % channels;
    if (image >= (unsigned)images) return;
    float sum = 0;
    for (int chunk = 0; chunk < chunks; chunk++) sum += partial[((size_t)image * chunks + chunk) * channels + c];
    if (e) {
        float s = sigmoid(e[at]);
        factor *= s * (1.0f - s);
    }
    out[at] = sum * factor;
}

// Fills dx (B, pixels, C) with the gradient of means over pixels, given that of the means (B, C); added to what is
// there if `add`.
KERNEL image_spread(const float *dmean, float *dx, int pixels, int channels, int lanes, int each, int add) {
    Lanes at(channels, lanes);
    if (!at.inside) return;
    Strip of(at, pixels, channels, each);
    float d[4];
    read(dmean + (size_t)of.image * channels + at.channel, d);
    for (int pixel = at.group; pixel < of.count; pixel += at.groups) {
        float v[4] = {};
        if (add) read(dx + of.first + (size_t)pixel * channels, v);
        for (int i = 0; i < 4; i++) v[i] += d[i] / pixels;
        write(dx + of.first + (size_t)pixel * channels, v);
    }
}

// x (B, pixels, C) times the sigmoids of e (B, C).
KERNEL gate(const float *x, const float *e, float *out, int pixels, int channels, int lanes, int each) {
    Lanes at(channels, lanes);
    if (!at.inside) return;
    Strip of(at, pixels, channels, each);
    float s[4];
    read(e + (size_t)of.image * channels + at.channel, s);
    for (int i = 0; i < 4; i++) s[i] = sigmoid(s[i]);
#pragma unroll 4
    for (int pixel = at.group; pixel < of.count; pixel += at.groups) {
        float v[4];
        read(x + of.first + (size_t)pixel * channels, v);
        for (int i = 0; i < 4; i++) v[i] *= s[i];
        write(out + of.first + (size_t)pixel * channels, v);
    }
}

// The gradient of x where e are made of its means over pixels: by `gate`, given the gradient of its result, and by
// those means, given theirs (B, C). Added to what is there if `add`.
KERNEL gate_backward(const float *dout, const float *e, const float *dmean, float *dx, int pixels, int channels,
                     int lanes, int each, int add) {
    Lanes at(channels, lanes);
    if (!at.inside) return;
    Strip of(at, pixels, channels, each);
    float s[4], mean[4];
    size_t there = (size_t)of.image * channels + at.channel;
    read(e + there, s);
    read(dmean + there, mean);
    for (int i = 0; i < 4; i++) {
        s[i] = sigmoid(s[i]);
        mean[i] /= pixels;
    }
#pragma unroll 4
    for (int pixel = at.group; pixel < of.count; pixel += at.groups) {
        float d[4], v[4] = {};
        read(dout + of.first + (size_t)pixel * channels, d);
        if (add) read(dx + of.first + (size_t)pixel * channels, v);
        for (int i = 0; i < 4; i++) v[i] += d[i] * s[i] + mean[i];
        write(dx + of.first + (size_t)pixel * channels, v);
    }
}

// Adds the bias (D) to z (B, D) and fills `out` with SiLU(z). D may be any number.
KERNEL bias_silu(float *z, const float *bias, float *out, int rows, int width) {
    unsigned at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= (unsigned)rows * width) return;
    float v = z[at] + bias[at % width];
    z[at] = v;
    out[at] = v * sigmoid(v);
}

// Turns the gradient of SiLU(z) in `d` into that of z.
KERNEL silu_backward(const float *z, float *d, int count) {
    unsigned at = blockIdx.x * blockDim.x + threadIdx.x;
    if (at >= (unsigned)count) return;
    float s = sigmoid(z[at]);
    d[at] *= s * (1.0f + z[at] * (1.0f - s));
}
