// Convolution of each channel with a window of its own, of K by K pixels, S apart: maps x (B, side, side, C), weights
// (C, K, K), maps out (B, outs, outs, C). `before` pixels of zeros are around x, in front and above.
//
// A thread has four channels and a strip of STRIP neighbours in a line, so that what it reads serves several sums.

#pragma once
#include "lanes.cuh"

constexpr int STRIP = 4;
// Strips that each group of threads of a block has, one behind the other.
constexpr int STRIPS = 4;

// The weights of a block's channels, place by place.
template <int K> struct Weights {
    // A row is longer than it need be, so that those who write to several rows do so to several banks.
    Four<float> of[K * K][LANES + 1];
    __device__ void fetch(const float *weight, int channels, int lanes, int first) {
        for (int i = threadIdx.x; i < 4 * lanes * K * K; i += blockDim.x) {
            int c = i / (K * K);
            if (first + c < channels) of[i % (K * K)][c / 4].v[c % 4] = weight[(size_t)first * K * K + i];
        }
        __syncthreads();
    }
};

// The first channel of a block.
__device__ inline int first_of_tile(int channels, int lanes) {
    int tiles = (channels / 4 + lanes - 1) / lanes;
    return blockIdx.x % tiles * 4 * lanes;
}

template <int K, int S>
__device__ void depthwise(const float *x, const float *weight, float *out, int images, int side, int outs, int before,
                          int channels, int lanes) {
    __shared__ Weights<K> weights;
    Lanes at(channels, lanes);
    weights.fetch(weight, channels, lanes, first_of_tile(channels, lanes));
    if (!at.inside) return;
    unsigned wide = (outs + STRIP - 1) / STRIP, strips = (unsigned)images * outs * wide;
    for (int n = 0; n < STRIPS; n++) {
        unsigned strip = (at.chunk * STRIPS + n) * at.groups + at.group;
        if (strip >= strips) return;
        int left = strip % wide * STRIP;
        unsigned line = strip / wide, y = line % outs, image = line / outs;
        float sum[STRIP][4] = {};
        for (int ky = 0; ky < K; ky++) {
            int from = (int)y * S + ky - before;
            if (from < 0 || from >= side) continue;
            const float *row = x + ((size_t)image * side + from) * side * channels + at.channel;
            Four<float> w[K];
#pragma unroll
            for (int k = 0; k < K; k++) w[k] = weights.of[ky * K + k][threadIdx.x % lanes];
#pragma unroll
            for (int c = 0; c < (STRIP - 1) * S + K; c++) {
                int column = left * S - before + c;
                if (column < 0 || column >= side) continue;
                float v[4];
                read(row + (size_t)column * channels, v);
#pragma unroll
                for (int o = 0; o < STRIP; o++) {
                    int k = c - o * S;
                    if (k < 0 || k >= K) continue;
                    for (int i = 0; i < 4; i++) sum[o][i] += w[k].v[i] * v[i];
                }
            }
        }
        float *to = out + ((size_t)line * outs + left) * channels + at.channel;
#pragma unroll
        for (int o = 0; o < STRIP; o++)
            if (left + o < outs) write(to + (size_t)o * channels, sum[o]);
    }
}

// The gradient of x, given that of the result; added to what is there if `add`. A strip of x begins where the
// window's first column meets it at a whole step.
template <int K, int S>
__device__ void depthwise_x(const float *dout, const float *weight, float *dx, int images, int side, int outs,
                            int before, int channels, int lanes, int add) {
    __shared__ Weights<K> weights;
    Lanes at(channels, lanes);
    weights.fetch(weight, channels, lanes, first_of_tile(channels, lanes));
    if (!at.inside) return;
    int over = before % S;
    unsigned wide = (side + over + STRIP - 1) / STRIP, strips = (unsigned)images * side * wide;
    for (int n = 0; n < STRIPS; n++) {
        unsigned strip = (at.chunk * STRIPS + n) * at.groups + at.group;
        if (strip >= strips) return;
        int left = (int)(strip % wide) * STRIP - over, base = (left + before) / S;
        unsigned line = strip / wide, y = line % side, image = line / side;
        float sum[STRIP][4] = {};
        for (int ky = 0; ky < K; ky++) {
            int below = (int)y + before - ky, from = below / S;
            if (below < 0 || below % S != 0 || from >= outs) continue;
            const float *row = dout + ((size_t)image * outs + from) * outs * channels + at.channel;
            Four<float> w[K];
#pragma unroll
            for (int k = 0; k < K; k++) w[k] = weights.of[ky * K + k][threadIdx.x % lanes];
#pragma unroll
            for (int d = -((K - 1) / S); d <= (STRIP - 1) / S; d++) {
                int column = base + d;
                if (column < 0 || column >= outs) continue;
                float v[4];
                read(row + (size_t)column * channels, v);
#pragma unroll
                for (int o = 0; o < STRIP; o++) {
                    int k = o - d * S;
                    if (k < 0 || k >= K) continue;
                    for (int i = 0; i < 4; i++) sum[o][i] += w[k].v[i] * v[i];
                }
            }
        }
        float *to = dx + (size_t)line * side * channels + at.channel;
#pragma unroll
        for (int o = 0; o < STRIP; o++) {
            int column = left + o;
            if (column < 0 || column >= side) continue;
            float before_it[4] = {};
            if (add) read(to + (size_t)column * channels, before_it);
            for (int i = 0; i < 4; i++) sum[o][i] += before_it[i];
            write(to + (size_t)column * channels, sum[o]);
        }
    }
}

// Partial sums (chunks, C, K, K) of the gradient of the weights. A thread has four channels and a row of the window,
// a chunk `each` lines of the result.
template <int K, int S>
__device__ void depthwise_w(const float *x, const float *dout, float *partial, int images, int side, int outs,
                            int before, int channels, int lanes, int each) {
    __shared__ Four<float> room[MOST];
    Lanes at(channels, lanes);
    int ky = at.group % K, slot = at.group / K, slots = at.groups / K;
    bool inside = at.inside && slot < slots;
    unsigned lines = (unsigned)images * outs, first = at.chunk * each;
    unsigned last = first + each < lines ? first + each : lines;
    float sum[K][4] = {};
    if (inside)
        for (unsigned line = first + slot; line < last; line += slots) {
            unsigned image = line / outs;
            int from = (int)(line % outs) * S + ky - before;
            if (from < 0 || from >= side) continue;
            const float *row = x + ((size_t)image * side + from) * side * channels + at.channel;
            const float *of_out = dout + (size_t)line * outs * channels + at.channel;
            for (int left = 0; left < outs; left += STRIP) {
                float d[STRIP][4] = {};
#pragma unroll
                for (int o = 0; o < STRIP; o++)
                    if (left + o < outs) read(of_out + (size_t)(left + o) * channels, d[o]);
#pragma unroll
                for (int c = 0; c < (STRIP - 1) * S + K; c++) {
                    int column = left * S - before + c;
                    if (column < 0 || column >= side) continue;
                    float v[4];
                    read(row + (size_t)column * channels, v);
#pragma unroll
                    for (int o = 0; o < STRIP; o++) {
                        int k = c - o * S;
                        if (k < 0 || k >= K) continue;
                        for (int i = 0; i < 4; i++) sum[k][i] += d[o][i] * v[i];
                    }
                }
            }
        }
#pragma unroll
    for (int k = 0; k < K; k++) {
        __syncthreads();
        for (int i = 0; i < 4; i++) room[threadIdx.x].v[i] = sum[k][i];
        __syncthreads();
        if (!inside || slot != 0) continue;
        for (int other = 1; other < slots; other++)
            for (int i = 0; i < 4; i++) sum[k][i] += room[threadIdx.x + other * K * lanes].v[i];
        for (int i = 0; i < 4; i++)
            partial[(((size_t)at.chunk * channels + at.channel + i) * K + ky) * K + k] = sum[k][i];
    }
}
