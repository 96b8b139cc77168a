// How the threads of a block lie on maps (rows, C) whose channels are side by side: `lanes` of them next to each
// other, of four channels each, and as many such groups as there is room for. A block has a tile of 4 * lanes
// channels, and a chunk of rows. C is a multiple of four.

#pragma once
#include "common.cuh"

// The most threads that a block of these kernels has.
constexpr int MOST = 256;

struct Lanes {
    int channel, group, groups;
    unsigned chunk;
    bool inside;
    __device__ Lanes(int channels, int lanes) {
        unsigned fours = channels / 4, tiles = (fours + lanes - 1) / lanes;
        unsigned four = blockIdx.x % tiles * lanes + threadIdx.x % lanes;
        channel = 4 * four;
        group = threadIdx.x / lanes;
        groups = blockDim.x / lanes;
        chunk = blockIdx.x / tiles;
        inside = group < groups && four < fours;
    }
};

// Adds what the groups of a block have, in their order, and leaves it to the first.
__device__ inline void over_groups(const Lanes &at, int lanes, float (&sum)[4]) {
    __shared__ Four<float> room[MOST];
    __syncthreads();
    for (int i = 0; i < 4; i++) room[threadIdx.x].v[i] = sum[i];
    __syncthreads();
    if (at.group != 0) return;
    for (int group = 1; group < at.groups; group++)
        for (int i = 0; i < 4; i++) sum[i] += room[threadIdx.x + group * lanes].v[i];
}

__device__ inline float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }
