// The kernels for the CPU, and what starts them.

#include "emulate.hpp"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <ucontext.h>

#include "../gpu/kernels/entries.cu"

thread_local dim3 threadIdx, blockIdx, blockDim, gridDim;

namespace emulation {
namespace {
constexpr size_t STACK = 64 * 1024;
constexpr unsigned WARP = 32;

enum class Waits { NO, AT_BARRIER, IN_EXCHANGE };

struct Fibre {
    ucontext_t context;
    std::vector<char> stack = std::vector<char>(STACK);
    bool ended = false;
    Waits waits = Waits::NO;
    Brought own = {};
};

thread_local std::vector<Fibre> fibres;
// What was brought in the last exchange of each warp.
thread_local std::vector<Brought> brought;
thread_local ucontext_t scheduler;
thread_local unsigned current;
thread_local Started kernel;
thread_local void **arguments;
thread_local const char *name;
// Whether threads of the kernel wait for each other.
thread_local bool together;

void body() {
    kernel(arguments);
    fibres[current].ended = true;
    swapcontext(&fibres[current].context, &scheduler);
}

void prepare(Fibre &fibre) {
    fibre.ended = false;
    fibre.waits = Waits::NO;
    getcontext(&fibre.context);
    fibre.context.uc_stack.ss_sp = fibre.stack.data();
    fibre.context.uc_stack.ss_size = STACK;
    fibre.context.uc_link = nullptr;
    makecontext(&fibre.context, body, 0);
}

void wait(Waits kind) {
    if (!together) die("it waits, and is not in the list of those that do");
    Fibre &fibre = fibres[current];
    fibre.waits = kind;
    swapcontext(&fibre.context, &scheduler);
}

// Lets those go on for whom all they wait for are here. Whether there was anyone.
bool release(unsigned threads) {
    bool all = true, any = false;
    for (unsigned i = 0; i < threads; i++) all &= fibres[i].ended || fibres[i].waits == Waits::AT_BARRIER;
    if (all)
        for (unsigned i = 0; i < threads; i++) {
            any |= !fibres[i].ended;
            fibres[i].waits = Waits::NO;
        }
    for (unsigned warp = 0; warp < threads; warp += WARP) {
        bool together = true;
        for (unsigned lane = 0; lane < WARP; lane++) together &= !fibres[warp + lane].ended && fibres[warp + lane].waits == Waits::IN_EXCHANGE;
        if (!together) continue;
        for (unsigned lane = 0; lane < WARP; lane++) {
            std::memcpy(brought[warp + lane], fibres[warp + lane].own, sizeof(Brought));
            fibres[warp + lane].waits = Waits::NO;
        }
        any = true;
    }
    return any;
}

void block(bool backwards) {
    unsigned threads = blockDim.x;
    if (!together) {
        for (unsigned i = 0; i < threads; i++) {
            threadIdx.x = backwards ? threads - 1 - i : i;
            kernel(arguments);
        }
        return;
    }
    for (unsigned i = 0; i < threads; i++) prepare(fibres[i]);
    while (true) {
        bool ran = false, left = false;
        for (unsigned i = 0; i < threads; i++) {
            current = backwards ? threads - 1 - i : i;
            Fibre &fibre = fibres[current];
            if (fibre.ended || fibre.waits != Waits::NO) continue;
            threadIdx.x = current;
            swapcontext(&scheduler, &fibre.context);
            ran = true;
        }
        for (unsigned i = 0; i < threads; i++) left |= !fibres[i].ended;
        if (!left) return;
        if (!release(threads) && !ran) die("threads wait for others that have ended or wait elsewhere");
    }
}

struct Entry {
    Started start;
    std::vector<size_t> sizes;
    bool together;
};

#define ONE(NAME, TOGETHER) {#NAME, {start<NAME>, sizes(NAME), TOGETHER}}
#define BOTH(NAME, TOGETHER) ONE(NAME##_f32, TOGETHER), ONE(NAME##_bf16, TOGETHER)
#define OF_SIZES(NAME) \
    ONE(NAME##_3_1, TOGETHER), ONE(NAME##_3_2, TOGETHER), ONE(NAME##_5_1, TOGETHER), ONE(NAME##_5_2, TOGETHER)
constexpr bool ALONE = false, TOGETHER = true;
const std::map<std::string, Entry> KERNELS = {
    BOTH(norm, TOGETHER), BOTH(norm_again, ALONE), BOTH(norm_backward, TOGETHER),
    BOTH(join_norm, TOGETHER), BOTH(norm_join_backward, TOGETHER),
    BOTH(column_sums, TOGETHER), ONE(add_up, TOGETHER), BOTH(gelu, ALONE), BOTH(gelu_backward, TOGETHER),
    BOTH(join, ALONE), BOTH(join_backward, TOGETHER), BOTH(add_bias, ALONE),
    BOTH(softmax, TOGETHER), BOTH(softmax_backward, TOGETHER), BOTH(patches, ALONE), BOTH(tokens, ALONE),
    BOTH(patches_of_bytes, ALONE), ONE(planes_of_bytes, ALONE),
    BOTH(behind, ALONE), ONE(pool, ALONE), ONE(unpool, ALONE), BOTH(cast, ALONE),
    ONE(adamw, ALONE), ONE(sgd, ALONE), ONE(add_scaled, ALONE), ONE(move_towards, ALONE), ONE(multiply, ALONE),
    ONE(squares, TOGETHER), ONE(flash, TOGETHER), ONE(flash_queries, TOGETHER), ONE(flash_keys, TOGETHER),
    ONE(batch_moments, TOGETHER), ONE(batch_total, TOGETHER), ONE(batch_known, ALONE), ONE(batch_norm, ALONE),
    ONE(batch_sums, TOGETHER), ONE(batch_sums_total, TOGETHER), ONE(batch_backward, ALONE), ONE(batch_move, ALONE),
    ONE(image_sums, TOGETHER), ONE(image_total, ALONE), ONE(image_spread, ALONE), ONE(gate, ALONE),
    ONE(gate_backward, ALONE), ONE(bias_silu, ALONE), ONE(silu_backward, ALONE),
    ONE(windows, ALONE), ONE(windows_backward, ALONE), ONE(max_pool, ALONE), ONE(max_pool_backward, ALONE),
    ONE(relu, ALONE), ONE(relu_backward, ALONE), ONE(join_images, ALONE), ONE(times, ALONE),
    OF_SIZES(depthwise), OF_SIZES(depthwise_x), OF_SIZES(depthwise_w),
};
} // namespace

void die(const char *what) {
    std::fprintf(stderr, "kernel %s, block (%u, %u): %s\n", name, blockIdx.x, blockIdx.y, what);
    std::abort();
}

void barrier() { wait(Waits::AT_BARRIER); }

const Brought *exchange(const Brought &own) {
    std::memcpy(fibres[current].own, own, sizeof(Brought));
    wait(Waits::IN_EXCHANGE);
    return &brought[current / WARP * WARP];
}
} // namespace emulation

// Bytes of a kernel's parameter: 0, or 1 if there is no kernel of that name, or 2 if it has not so many parameters.
extern "C" int emulation_parameter(const char *called, size_t index, size_t *size) {
    auto found = emulation::KERNELS.find(called);
    if (found == emulation::KERNELS.end()) return 1;
    const auto &sizes = found->second.sizes;
    if (index >= sizes.size()) return 2;
    *size = sizes[index];
    return 0;
}

// Runs a kernel to its end. 0, or 1 if there is none of that name, or 2 if blocks are no multiple of a warp.
extern "C" int emulation_launch(const char *called, unsigned columns, unsigned rows, unsigned threads, void **given, int backwards) {
    using namespace emulation;
    auto found = KERNELS.find(called);
    if (found == KERNELS.end()) return 1;
    if (threads == 0 || threads % WARP != 0) return 2;
    name = called;
    kernel = found->second.start;
    together = found->second.together;
    arguments = given;
    gridDim = {columns, rows, 1};
    blockDim = {threads, 1, 1};
    if (fibres.size() < threads) {
        fibres.resize(threads);
        brought = std::vector<Brought>(threads);
    }
    uint64_t blocks = (uint64_t)columns * rows;
    for (uint64_t i = 0; i < blocks; i++) {
        uint64_t at = backwards ? blocks - 1 - i : i;
        blockIdx = {(unsigned)(at % columns), (unsigned)(at / columns), 0};
        block(backwards != 0);
    }
    return 0;
}
