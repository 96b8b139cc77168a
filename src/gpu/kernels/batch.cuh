// Batch normalisation over the rows of maps (R, C), with the activation behind it, forward and backward.
//
// `moments` (3, C) are mean, biased variance, and reciprocal standard deviation. A chunk is `each` rows.

#pragma once
#include "lanes.cuh"

// The rows of a block: how many, and where its channels begin.
struct Rows {
    int count;
    size_t first;
    __device__ Rows(const Lanes &at, int rows, int channels, int each) {
        int begin = (int)at.chunk * each;
        count = rows - begin < each ? rows - begin : each;
        first = (size_t)begin * channels + at.channel;
    }
};

// What is behind a norm.
constexpr int SILU = 1, RELU = 2;

__device__ inline float activated(float n, int activation) {
    if (activation == SILU) return n * sigmoid(n);
    // What is no number stays that.
    return activation == RELU && n < 0 ? 0.0f : n;
}

// The gradient of n, given that of `activated`.
__device__ inline float passed(float d, float n, int activation) {
    if (activation == SILU) {
        float s = sigmoid(n);
        return d * (s * (1.0f + n * (1.0f - s)));
    }
    return activation == RELU && !(n > 0) ? 0.0f : d;
}

// The numbers of a norm for four channels.
struct Norm {
    float mean[4], scale[4], factor[4], beta[4];
    __device__ Norm(const float *moments, const float *gamma, const float *beta_of, int channels, int channel) {
        float g[4];
        read(moments + channel, mean);
        read(moments + 2 * channels + channel, scale);
        read(gamma + channel, g);
        read(beta_of + channel, beta);
        for (int i = 0; i < 4; i++) factor[i] = g[i] * scale[i];
    }
    __device__ float of(float v, int i) const { return (v - mean[i]) * factor[i] + beta[i]; }
};

// Of each chunk the means, and the sums of squares about them: `partial` (chunks, 2, C). Sums are of differences to
// the chunk's first row, so that squares do not drown what is looked for.
KERNEL batch_moments(const float *x, float *partial, int rows, int channels, int lanes, int each) {
    Lanes at(channels, lanes);
    Rows of(at, rows, channels, each);
    float shift[4] = {}, sum[4] = {}, squares[4] = {};
    x += of.first;
    if (at.inside) {
        read(x, shift);
#pragma unroll 4
        for (int row = at.group; row < of.count; row += at.groups) {
            float v[4];
            read(x + (size_t)row * channels, v);
            for (int i = 0; i < 4; i++) {
                float d = v[i] - shift[i];
                sum[i] += d;
                squares[i] += d * d;
            }
        }
    }
    over_groups(at, lanes, sum);
    over_groups(at, lanes, squares);
    if (at.group != 0 || !at.inside) return;
    for (int i = 0; i < 4; i++) {
        float mean = sum[i] / of.count;
        squares[i] -= sum[i] * mean;
        sum[i] = shift[i] + mean;
    }
    float *to = partial + (size_t)at.chunk * 2 * channels + at.channel;
    write(to, sum);
    write(to + channels, squares);
}

// The most rows of partial results that a block of totals looks at at a time; it has LANES channels, and as many threads
// for each row.
constexpr int TOTALS = 16;

// Adds what the rows of a block of totals have, in every thread.
__device__ inline double over_rows(double v) {
    __shared__ double room[TOTALS][LANES];
    int lane = threadIdx.x % LANES;
    __syncthreads();
    room[threadIdx.x / LANES][lane] = v;
    __syncthreads();
    v = 0;
    for (int i = 0; i < (int)blockDim.x / LANES; i++) v += room[i][lane];
    return v;
}

// Moments of all rows from those of chunks (Chan, Golub and LeVeque 1983, equation 2.1).
KERNEL batch_total(const float *partial, float *moments, int chunks, int rows, int channels, int each, float eps) {
    int c = blockIdx.x * LANES + threadIdx.x % LANES, deep = threadIdx.x / LANES, step = blockDim.x / LANES;
    double sum = 0, squares = 0;
    if (c < channels)
        for (int chunk = deep; chunk < chunks; chunk += step) {
            int count = chunk + 1 < chunks ? each : rows - chunk * each;
            sum += (double)partial[(size_t)chunk * 2 * channels + c] * count;
        }
    double mean = over_rows(sum) / rows;
    if (c < channels)
        for (int chunk = deep; chunk < chunks; chunk += step) {
            int count = chunk + 1 < chunks ? each : rows - chunk * each;
            const float *of = partial + (size_t)chunk * 2 * channels + c;
            double off = of[0] - mean;
            squares += of[channels] + off * off * count;
        }
    float variance = (float)(over_rows(squares) / rows);
    if (deep != 0 || c >= channels) return;
    moments[c] = (float)mean;
    moments[channels + c] = variance;
    moments[2 * channels + c] = (float)(1.0 / sqrt((double)variance + eps));
}

// Moments that are known.
KERNEL batch_known(const float *mean, const float *variance, float *moments, int channels, float eps) {
    int c = blockIdx.x * blockDim.x + threadIdx.x;
    if (c >= channels) return;
    moments[c] = mean[c];
    moments[channels + c] = variance[c];
    moments[2 * channels + c] = (float)(1.0 / sqrt((double)variance[c] + eps));
}

// `out = activation((x - mean) * scale * gamma + beta)`.
KERNEL batch_norm(const float *x, const float *moments, const float *gamma, const float *beta, float *out, int rows,
                  int channels, int lanes, int each, int activation) {
    Lanes at(channels, lanes);
    if (!at.inside) return;
    Norm norm(moments, gamma, beta, channels, at.channel);
    Rows of(at, rows, channels, each);
#pragma unroll 4
    for (int row = at.group; row < of.count; row += at.groups) {
        float v[4];
        read(x + of.first + (size_t)row * channels, v);
        for (int i = 0; i < 4; i++) v[i] = activated(norm.of(v[i], i), activation);
        write(out + of.first + (size_t)row * channels, v);
    }
}

// Of each chunk the gradients of beta and gamma: `partial` (chunks, 2, C).
KERNEL batch_sums(const float *dout, const float *x, const float *moments, const float *gamma, const float *beta,
                  float *partial, int rows, int channels, int lanes, int each, int activation) {
    Lanes at(channels, lanes);
    float of_beta[4] = {}, of_gamma[4] = {};
    if (at.inside) {
        Norm norm(moments, gamma, beta, channels, at.channel);
        Rows of(at, rows, channels, each);
#pragma unroll 2
        for (int row = at.group; row < of.count; row += at.groups) {
            float d[4], v[4];
            read(dout + of.first + (size_t)row * channels, d);
            read(x + of.first + (size_t)row * channels, v);
            for (int i = 0; i < 4; i++) {
                d[i] = passed(d[i], norm.of(v[i], i), activation);
                of_beta[i] += d[i];
                of_gamma[i] += d[i] * ((v[i] - norm.mean[i]) * norm.scale[i]);
            }
        }
    }
    over_groups(at, lanes, of_beta);
    over_groups(at, lanes, of_gamma);
    if (at.group != 0 || !at.inside) return;
    float *to = partial + (size_t)at.chunk * 2 * channels + at.channel;
    write(to, of_beta);
    write(to + channels, of_gamma);
}

// The gradients of beta and gamma, added to what is there if `add`; and `means` (2, C) of what they are sums of, or
// zeros where moments are not those of the rows (`rows` is 0).
KERNEL batch_sums_total(const float *partial, float *dbeta, float *dgamma, float *means, int chunks, int rows,
                        int channels, int add) {
    int c = blockIdx.x * LANES + threadIdx.x % LANES, deep = threadIdx.x / LANES, step = blockDim.x / LANES;
    double of_beta = 0, of_gamma = 0;
    if (c < channels)
        for (int chunk = deep; chunk < chunks; chunk += step) {
            const float *of = partial + (size_t)chunk * 2 * channels + c;
            of_beta += of[0];
            of_gamma += of[channels];
        }
    of_beta = over_rows(of_beta);
    of_gamma = over_rows(of_gamma);
    if (deep != 0 || c >= channels) return;
    dbeta[c] = (float)of_beta + (add ? dbeta[c] : 0.0f);
    dgamma[c] = (float)of_gamma + (add ? dgamma[c] : 0.0f);
    means[c] = rows ? (float)(of_beta / rows) : 0.0f;
    means[channels + c] = rows ? (float)(of_gamma / rows) : 0.0f;
}

// The gradient of x, added to what is there if `add`.
KERNEL batch_backward(const float *dout, const float *x, const float *moments, const float *gamma, const float *beta,
                      const float *means, float *dx, int rows, int channels, int lanes, int each, int activation,
                      int add) {
    Lanes at(channels, lanes);
    if (!at.inside) return;
    Norm norm(moments, gamma, beta, channels, at.channel);
    float of_beta[4], of_gamma[4];
    read(means + at.channel, of_beta);
    read(means + channels + at.channel, of_gamma);
    Rows of(at, rows, channels, each);
#pragma unroll 2
    for (int row = at.group; row < of.count; row += at.groups) {
        size_t place = of.first + (size_t)row * channels;
        float d[4], v[4], there[4] = {};
        read(dout + place, d);
        read(x + place, v);
        if (add) read(dx + place, there);
        for (int i = 0; i < 4; i++) {
            d[i] = passed(d[i], norm.of(v[i], i), activation);
            float normal = (v[i] - norm.mean[i]) * norm.scale[i];
            there[i] += norm.factor[i] * (d[i] - of_beta[i] - normal * of_gamma[i]);
        }
        write(dx + place, there);
    }
}

// Moves running statistics by a share towards moments; `correction` makes a variance unbiased.
KERNEL batch_move(const float *moments, float *mean, float *variance, float share, float correction, int channels) {
    int c = blockIdx.x * blockDim.x + threadIdx.x;
    if (c >= channels) return;
    mean[c] = mean[c] * (1.0f - share) + moments[c] * share;
    variance[c] = variance[c] * (1.0f - share) + moments[channels + c] * (share * correction);
}
