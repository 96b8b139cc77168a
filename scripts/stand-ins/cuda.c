// A stand-in for the driver of CUDA, for machines without one: three devices whose memory is that of the host. It is
// what the tests of src/group/nccl/tests.rs and src/emulation/tests/kernels run on there; see scripts/cuda/build.sh.
//
// Kernels are those of src/emulation, which is linked with this. What a device would do later is done as late as
// it may be, when somebody waits for it: who does not wait, and reads or writes what is under way, is found out. Streams
// go on by themselves, as events join them.
#define _POSIX_C_SOURCE 200809L
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int Result;
typedef unsigned long long Pointer;
enum {
    SUCCESS = 0,
    INVALID_VALUE = 1,
    OUT_OF_MEMORY = 2,
    INVALID_DEVICE = 101,
    INVALID_IMAGE = 200,
    INVALID_CONTEXT = 201,
    NOT_FOUND = 500,
    CONTEXT_IS_DESTROYED = 709,
    LAUNCH_FAILED = 719
};
enum { DEVICES = 3, PARAMETERS = 32, PINNED = 256 };

int emulation_parameter(const char *name, size_t index, size_t *size);
int emulation_launch(const char *name, unsigned columns, unsigned rows, unsigned threads, void **arguments, int backwards);

static char contexts[DEVICES];
// How often each is retained: with the last release it is gone, and nothing can be asked of it.
static int retained[DEVICES];
static _Thread_local void *current;

// What is to be done on a stream, the first first, and how much of it was. A stream lives as long as the process.
struct Stream;
struct Work {
    void (*run)(void *);
    void *what;
    // Instead: what another stream has to have done.
    struct Stream *after;
    unsigned long long number;
    int is_copy;
    struct Work *next;
};
struct Stream {
    struct Work *first, **last;
    unsigned long long asked, done;
    struct Stream *next;
};
static struct Stream *streams;
static Result failed = SUCCESS;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

// Does what is asked of a stream up to a number, and what that waits for. The lock is held.
static void advance(struct Stream *stream, unsigned long long number) {
    while (stream->first && stream->done < number) {
        struct Work *work = stream->first;
        if (work->after) advance(work->after, work->number);
        stream->first = work->next;
        if (!stream->first) stream->last = &stream->first;
        if (work->run) work->run(work->what);
        free(work->what);
        free(work);
        stream->done++;
    }
}

// With STAND_IN_EARLY=1 copies are made as early as they may be instead: who does not have them wait until what they
// write over was read is found out. The lock is held.
static void hurry(void) {
    static int early = -1;
    if (early < 0) early = getenv("STAND_IN_EARLY") != NULL;
    for (struct Stream *stream = early ? streams : NULL; stream; stream = stream->next)
        while (stream->first && (stream->first->after ? stream->first->after->done >= stream->first->number : stream->first->is_copy))
            advance(stream, stream->done + 1);
}

static void ask(void *of, struct Work given) {
    struct Stream *stream = of;
    struct Work *work = malloc(sizeof *work);
    *work = given;
    pthread_mutex_lock(&lock);
    *stream->last = work;
    stream->last = &work->next;
    stream->asked++;
    hurry();
    pthread_mutex_unlock(&lock);
}

// Remembers something; `what` was allocated, and is freed when it is done. For scripts/stand-ins/cublas.c, too.
void stand_in_later(void *stream, void (*run)(void *), void *what) {
    ask(stream, (struct Work){.run = run, .what = what});
}

// Does all that was asked of a stream up to a number.
static Result until(void *stream, unsigned long long number) {
    pthread_mutex_lock(&lock);
    if (stream) advance(stream, number);
    hurry();
    Result result = failed;
    pthread_mutex_unlock(&lock);
    return result;
}

// Does all that was asked of all streams.
static Result finish(void) {
    pthread_mutex_lock(&lock);
    for (struct Stream *stream = streams; stream; stream = stream->next) advance(stream, ~0ull);
    Result result = failed;
    pthread_mutex_unlock(&lock);
    return result;
}

Result cuInit(unsigned flags) { (void)flags; return SUCCESS; }
Result cuDriverGetVersion(int *version) { *version = 13000; return SUCCESS; }
Result cuDeviceGetCount(int *count) { *count = DEVICES; return SUCCESS; }
Result cuDeviceGet(int *device, int ordinal) {
    *device = ordinal;
    return ordinal >= 0 && ordinal < DEVICES ? SUCCESS : INVALID_DEVICE;
}
Result cuDeviceGetName(char *name, int length, int device) {
    snprintf(name, (size_t)length, "stand-in %d", device);
    return SUCCESS;
}
Result cuDeviceTotalMem_v2(size_t *bytes, int device) { (void)device; *bytes = (size_t)1 << 30; return SUCCESS; }
Result cuDeviceGetAttribute(int *value, int attribute, int device) {
    (void)device;
    // The compute capability is 9.0.
    *value = attribute == 75 ? 9 : attribute == 76 ? 0 : 1;
    return SUCCESS;
}
Result cuDevicePrimaryCtxRetain(void **context, int device) {
    pthread_mutex_lock(&lock);
    retained[device]++;
    pthread_mutex_unlock(&lock);
    *context = &contexts[device];
    return SUCCESS;
}
Result cuDevicePrimaryCtxRelease_v2(int device) {
    pthread_mutex_lock(&lock);
    Result result = retained[device] > 0 ? SUCCESS : INVALID_CONTEXT;
    if (result == SUCCESS) retained[device]--;
    pthread_mutex_unlock(&lock);
    return result;
}
Result cuCtxSetCurrent(void *context) {
    pthread_mutex_lock(&lock);
    Result result = !context || retained[(char *)context - contexts] > 0 ? SUCCESS : CONTEXT_IS_DESTROYED;
    pthread_mutex_unlock(&lock);
    if (result == SUCCESS) current = context;
    return result;
}
Result cuCtxGetCurrent(void **context) { *context = current; return SUCCESS; }
Result cuCtxSynchronize(void) { return finish(); }
Result cuCtxDestroy_v2(void *context) { (void)context; return SUCCESS; }

Result cuStreamCreate(void **to, unsigned flags) {
    (void)flags;
    struct Stream *stream = calloc(1, sizeof *stream);
    stream->last = &stream->first;
    pthread_mutex_lock(&lock);
    stream->next = streams;
    streams = stream;
    pthread_mutex_unlock(&lock);
    *to = stream;
    return SUCCESS;
}
Result cuStreamDestroy_v2(void *stream) { return until(stream, ~0ull); }
Result cuStreamSynchronize(void *stream) { return until(stream, ~0ull); }

// An event is how much a stream has to have done; nothing, if it was never recorded.
struct Event { struct Stream *stream; unsigned long long number; };
Result cuEventCreate(void **event, unsigned flags) {
    (void)flags;
    *event = calloc(1, sizeof(struct Event));
    return SUCCESS;
}
Result cuEventDestroy_v2(void *event) { free(event); return SUCCESS; }
Result cuEventRecord(void *to, void *stream) {
    struct Event *event = to;
    pthread_mutex_lock(&lock);
    *event = (struct Event){stream, ((struct Stream *)stream)->asked};
    pthread_mutex_unlock(&lock);
    return SUCCESS;
}
Result cuEventSynchronize(void *of) {
    struct Event *event = of;
    return until(event->stream, event->number);
}
Result cuStreamWaitEvent(void *stream, void *of, unsigned flags) {
    (void)flags;
    struct Event *event = of;
    if (event->stream) ask(stream, (struct Work){.after = event->stream, .number = event->number});
    return SUCCESS;
}
// A millisecond for each thing that was asked for in between.
Result cuEventElapsedTime_v2(float *milliseconds, void *first, void *second) {
    *milliseconds = (float)(((struct Event *)second)->number - ((struct Event *)first)->number);
    return SUCCESS;
}
Result cuEventQuery(void *event) { return cuEventSynchronize(event); }

Result cuMemGetInfo_v2(size_t *free, size_t *total) { *free = *total = (size_t)1 << 30; return SUCCESS; }
Result cuMemAlloc_v2(Pointer *to, size_t length) {
    if (length == 0) return INVALID_VALUE;
    void *memory = length >> 40 ? NULL : aligned_alloc(256, (length + 255) / 256 * 256);
    *to = (Pointer)memory;
    if (!memory) return OUT_OF_MEMORY;
    memset(memory, 0xff, length);
    return SUCCESS;
}
Result cuMemAllocAsync(Pointer *to, size_t length, void *stream) { (void)stream; return cuMemAlloc_v2(to, length); }
Result cuMemFree_v2(Pointer memory) {
    Result result = finish();
    free((void *)memory);
    return result;
}
Result cuMemFreeAsync(Pointer memory, void *stream) { (void)stream; return cuMemFree_v2(memory); }

// Pinned memory, from which and to which copies are made later.
static struct { char *from; size_t length; } pinned[PINNED];
Result cuMemHostAlloc(void **to, size_t length, unsigned flags) {
    (void)flags;
    *to = malloc(length);
    pthread_mutex_lock(&lock);
    int i = 0;
    while (i < PINNED && pinned[i].from) i++;
    if (i < PINNED) pinned[i].from = *to, pinned[i].length = length;
    pthread_mutex_unlock(&lock);
    return *to && i < PINNED ? SUCCESS : OUT_OF_MEMORY;
}
Result cuMemFreeHost(void *memory) {
    Result result = finish();
    pthread_mutex_lock(&lock);
    for (int i = 0; i < PINNED; i++)
        if (pinned[i].from == memory) pinned[i].from = NULL;
    pthread_mutex_unlock(&lock);
    free(memory);
    return result;
}
static int is_pinned(const char *memory) {
    pthread_mutex_lock(&lock);
    int found = 0;
    for (int i = 0; i < PINNED; i++)
        found |= pinned[i].from && memory >= pinned[i].from && memory < pinned[i].from + pinned[i].length;
    pthread_mutex_unlock(&lock);
    return found;
}

struct Copy { void *to; const void *from; size_t length; };
static void copy(void *what) {
    struct Copy *copy = what;
    memcpy(copy->to, copy->from, copy->length);
}
static Result copy_later(void *to, const void *from, size_t length, const void *host, void *stream) {
    if (!is_pinned(host)) {
        Result result = finish();
        memcpy(to, from, length);
        return result;
    }
    struct Copy *what = malloc(sizeof *what);
    *what = (struct Copy){to, from, length};
    ask(stream, (struct Work){.run = copy, .what = what, .is_copy = 1});
    return SUCCESS;
}
Result cuMemsetD8Async(Pointer to, unsigned char value, size_t length, void *stream) {
    (void)stream;
    Result result = finish();
    memset((void *)to, value, length);
    return result;
}
Result cuMemcpyHtoDAsync_v2(Pointer to, const void *from, size_t length, void *stream) {
    return copy_later((void *)to, from, length, from, stream);
}
Result cuMemcpyDtoHAsync_v2(void *to, Pointer from, size_t length, void *stream) {
    return copy_later(to, (void *)from, length, to, stream);
}

// Kernels: a function is its name.
Result cuModuleLoadData(void **module, const void *image) {
    *module = contexts;
    return *(const unsigned *)image == 0xba55ed50u ? SUCCESS : INVALID_IMAGE;
}
Result cuModuleUnload(void *module) { (void)module; return SUCCESS; }
Result cuModuleGetFunction(void **function, void *module, const char *name) {
    (void)module;
    size_t size;
    *function = strdup(name);
    return emulation_parameter(name, 0, &size) == 1 ? NOT_FOUND : SUCCESS;
}
Result cuFuncGetParamInfo(void *function, size_t index, size_t *offset, size_t *size) {
    *offset = 0;
    return emulation_parameter(function, index, size) == 0 ? SUCCESS : INVALID_VALUE;
}

struct Launch {
    const char *name;
    unsigned columns, rows, threads;
    unsigned long long values[PARAMETERS];
};
static void launch(void *what) {
    struct Launch *launch = what;
    void *arguments[PARAMETERS];
    for (int i = 0; i < PARAMETERS; i++) arguments[i] = &launch->values[i];
    if (emulation_launch(launch->name, launch->columns, launch->rows, launch->threads, arguments, 0)) failed = LAUNCH_FAILED;
}
Result cuLaunchKernel(void *function, unsigned columns, unsigned rows, unsigned layers, unsigned x, unsigned y,
                      unsigned z, unsigned shared, void *stream, void **arguments, void **extra) {
    if (!columns || !rows || layers != 1 || !x || y != 1 || z != 1 || shared || extra || !current) return INVALID_VALUE;
    struct Launch *what = calloc(1, sizeof *what);
    what->name = function;
    what->columns = columns, what->rows = rows, what->threads = x;
    size_t size;
    for (size_t i = 0; i < PARAMETERS && emulation_parameter(function, i, &size) == 0; i++)
        memcpy(&what->values[i], arguments[i], size);
    stand_in_later(stream, launch, what);
    return SUCCESS;
}

Result cuGetErrorString(Result error, const char **text) {
    *text = error == INVALID_DEVICE ? "no such device" : error == OUT_OF_MEMORY ? "out of memory" : "an error";
    return SUCCESS;
}
Result cuGetErrorName(Result error, const char **text) {
    *text = error == OUT_OF_MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY" : "CUDA_ERROR";
    return SUCCESS;
}
