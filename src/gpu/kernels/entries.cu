// Every kernel under the name that the program starts it by: `NAME_f32` and `NAME_bf16` where it is there in
// both types, else `NAME`.

#include "attention.cuh"
#include "batch.cuh"
#include "columns.cuh"
#include "depthwise.cuh"
#include "ends.cuh"
#include "flash.cuh"
#include "images.cuh"
#include "maps.cuh"
#include "pixels.cuh"
#include "rows.cuh"
#include "steps.cuh"

#define IN_BOTH_TYPES(T, S) \
    KERNEL norm_##S(const float *x, const float *gamma, const float *beta, float eps, T *out, float *moments, \
        int rows, int width) { \
        norm(x, gamma, beta, eps, out, moments, rows, width); \
    } \
    KERNEL norm_again_##S(const float *x, const float *gamma, const float *beta, const float *moments, T *out, int \
        rows, int width) { \
        norm_again(x, gamma, beta, moments, out, rows, width); \
    } \
    KERNEL norm_backward_##S(const T *dout, const float *x, const float *moments, const float *gamma, float *dx, float \
        *dgamma, float *dbeta, int rows, int width, int each) { \
        norm_backward<T, false>(dout, x, moments, gamma, dx, dgamma, dbeta, {}, rows, width, each); \
    } \
    KERNEL norm_join_backward_##S(const T *dout, const float *x, const float *moments, const float *gamma, float *dx, \
        float *dgamma, float *dbeta, const T *y, const float *bias, const float *layer_scale, const float *scales, \
        int tokens, T *dy, float *of_bias, float *of_scale, int rows, int width, int each) { \
        Below below = {y, dy, of_bias, of_scale, {bias, layer_scale, scales, tokens}}; \
        norm_backward<T, true>(dout, x, moments, gamma, dx, dgamma, dbeta, below, rows, width, each); \
    } \
    KERNEL join_norm_##S(const float *x, const T *y, const float *bias, const float *layer_scale, const float *scales, \
        int tokens, float *joined, const float *gamma, const float *beta, float eps, T *out, float *moments, int rows, \
        int width) { \
        join_norm(x, y, {bias, layer_scale, scales, tokens}, joined, gamma, beta, eps, out, moments, rows, width); \
    } \
    KERNEL column_sums_##S(const T *x, float *partial, int rows, int width, int each) { \
        column_sums(x, partial, rows, width, each); \
    } \
    KERNEL gelu_##S(const T *z, const float *bias, T *out, int rows, int width) { \
        gelu(z, bias, out, rows, width); \
    } \
    KERNEL gelu_backward_##S(const T *z, const float *bias, T *dz, T *out, float *partial, int rows, int width, int \
        each) { \
        gelu_backward(z, bias, dz, out, partial, rows, width, each); \
    } \
    KERNEL join_##S(const float *x, const T *y, const float *bias, const float *gamma, const float *scales, int \
        tokens, float *out, int rows, int width) { \
        join(x, y, {bias, gamma, scales, tokens}, out, rows, width); \
    } \
    KERNEL join_backward_##S(const float *dout, const T *y, const float *bias, const float *gamma, const float *scales, \
        int tokens, T *dy, float *of_bias, float *of_gamma, int rows, int width, int each) { \
        join_backward(dout, y, {bias, gamma, scales, tokens}, dy, of_bias, of_gamma, rows, width, each); \
    } \
    KERNEL add_bias_##S(T *x, const float *bias, int rows, int width) { \
        add_bias(x, bias, rows, width); \
    } \
    KERNEL softmax_##S(const float *scores, T *probabilities, float *logs, int rows, int count, int stride) { \
        softmax(scores, probabilities, logs, rows, count, stride); \
    } \
    KERNEL softmax_backward_##S(const float *scores, const float *logs, const float *dprobabilities, const T *out, const T \
        *dout, T *probabilities, T *dscores, int rows, int count, int stride, int heads, int size) { \
        softmax_backward(scores, logs, dprobabilities, out, dout, probabilities, dscores, rows, \
        count, stride, heads, size); \
    } \
    KERNEL patches_##S(const float *images, T *out, int side, int patch) { \
        patches(images, out, side, patch); \
    } \
    KERNEL patches_of_bytes_##S(const unsigned char *rgb, const Mark *marks, const Region *regions, const float *values, \
        int side, float r, float g, float b, float red, float green, float blue, T *out, int first, int patch) { \
        patches_of_bytes({rgb, marks, regions, values, side, {r, g, b}, {red, green, blue}}, out, first, patch); \
    } \
    KERNEL tokens_##S(const T *projected, const float *bias, const float *cls, const float *registers, const float \
        *positions, float *out, int images, int patches, int between, int width) { \
        tokens(projected, bias, cls, registers, positions, out, images, patches, between, width); \
    } \
    KERNEL behind_##S(const float *x, T *out, int images, int count, int first, int width) { \
        behind(x, out, images, count, first, width); \
    } \
    KERNEL cast_##S(const float *values, T *out, long long count) { \
        cast(values, out, (size_t)count); \
    }

IN_BOTH_TYPES(float, f32)
IN_BOTH_TYPES(bf16, bf16)

KERNEL_WITHIN(256, 2) flash(const bf16 *qkv, const float *bias, bf16 *out, float *logs, int count, int heads,
    float scale) {
    attend(qkv, bias, out, logs, count, heads, scale);
}
KERNEL_WITHIN(256, 2) flash_queries(const bf16 *qkv, const float *bias, const bf16 *out, const bf16 *dout,
    const float *logs, float *means, bf16 *dqkv, int count, int heads, float scale) {
    attend_queries(qkv, bias, out, dout, logs, means, dqkv, count, heads, scale);
}
KERNEL_WITHIN(128, 3) flash_keys(const bf16 *qkv, const float *bias, const bf16 *dout, const float *logs,
    const float *means, bf16 *dqkv, int count, int heads, float scale) {
    attend_keys(qkv, bias, dout, logs, means, dqkv, count, heads, scale);
}
// A depthwise convolution with windows of K by K pixels, S apart, by all names `NAME_K_S`.
#define OF_WINDOWS(K, S) \
    KERNEL depthwise_##K##_##S(const float *x, const float *weight, float *out, int images, int side, int outs, int \
        before, int channels, int lanes) { \
        depthwise<K, S>(x, weight, out, images, side, outs, before, channels, lanes); \
    } \
    KERNEL depthwise_x_##K##_##S(const float *dout, const float *weight, float *dx, int images, int side, int outs, int \
        before, int channels, int lanes, int add) { \
        depthwise_x<K, S>(dout, weight, dx, images, side, outs, before, channels, lanes, add); \
    } \
    KERNEL depthwise_w_##K##_##S(const float *x, const float *dout, float *partial, int images, int side, int outs, int \
        before, int channels, int lanes, int each) { \
        depthwise_w<K, S>(x, dout, partial, images, side, outs, before, channels, lanes, each); \
    }

OF_WINDOWS(3, 1)
OF_WINDOWS(3, 2)
OF_WINDOWS(5, 1)
OF_WINDOWS(5, 2)
