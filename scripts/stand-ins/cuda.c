// A stand-in for the driver of CUDA, for machines without one: three devices whose memory is that of the host,
// and streams that have done everything at once. It is what scripts/check-cuda.sh links, and what the tests
// of src/group/nccl/tests.rs run on there.
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef int Result;
typedef unsigned long long Pointer;
enum { SUCCESS = 0, OUT_OF_MEMORY = 2, INVALID_DEVICE = 101 };
enum { DEVICES = 3 };

static char contexts[DEVICES];
static _Thread_local void *current;

Result cuInit(unsigned flags) { (void)flags; return SUCCESS; }
Result cuDeviceGetCount(int *count) { *count = DEVICES; return SUCCESS; }
Result cuDeviceGet(int *device, int ordinal) {
    *device = ordinal;
    return ordinal >= 0 && ordinal < DEVICES ? SUCCESS : INVALID_DEVICE;
}
Result cuDeviceGetAttribute(int *value, int attribute, int device) {
    (void)attribute; (void)device;
    *value = 1;
    return SUCCESS;
}
Result cuDevicePrimaryCtxRetain(void **context, int device) { *context = &contexts[device]; return SUCCESS; }
Result cuDevicePrimaryCtxRelease_v2(int device) { (void)device; return SUCCESS; }
Result cuCtxSetCurrent(void *context) { current = context; return SUCCESS; }
Result cuCtxGetCurrent(void **context) { *context = current; return SUCCESS; }
Result cuCtxSynchronize(void) { return SUCCESS; }
Result cuCtxDestroy_v2(void *context) { (void)context; return SUCCESS; }

Result cuStreamCreate(void **stream, unsigned flags) { (void)flags; *stream = malloc(1); return SUCCESS; }
Result cuStreamDestroy_v2(void *stream) { free(stream); return SUCCESS; }
Result cuStreamSynchronize(void *stream) { (void)stream; return SUCCESS; }
Result cuStreamWaitEvent(void *stream, void *event, unsigned flags) {
    (void)stream; (void)event; (void)flags;
    return SUCCESS;
}

Result cuEventCreate(void **event, unsigned flags) { (void)flags; *event = malloc(1); return SUCCESS; }
Result cuEventDestroy_v2(void *event) { free(event); return SUCCESS; }
Result cuEventRecord(void *event, void *stream) { (void)event; (void)stream; return SUCCESS; }
Result cuEventQuery(void *event) { (void)event; return SUCCESS; }

Result cuMemAlloc_v2(Pointer *to, size_t length) {
    void *memory = malloc(length);
    *to = (Pointer)memory;
    return memory ? SUCCESS : OUT_OF_MEMORY;
}
Result cuMemAllocAsync(Pointer *to, size_t length, void *stream) { (void)stream; return cuMemAlloc_v2(to, length); }
Result cuMemFree_v2(Pointer memory) { free((void *)memory); return SUCCESS; }
Result cuMemFreeAsync(Pointer memory, void *stream) { (void)stream; return cuMemFree_v2(memory); }
Result cuMemsetD8Async(Pointer to, unsigned char value, size_t length, void *stream) {
    (void)stream;
    memset((void *)to, value, length);
    return SUCCESS;
}
Result cuMemcpyHtoDAsync_v2(Pointer to, const void *from, size_t length, void *stream) {
    (void)stream;
    memcpy((void *)to, from, length);
    return SUCCESS;
}
Result cuMemcpyDtoHAsync_v2(void *to, Pointer from, size_t length, void *stream) {
    (void)stream;
    memcpy(to, (void *)from, length);
    return SUCCESS;
}

Result cuGetErrorString(Result error, const char **text) {
    *text = error == INVALID_DEVICE ? "no such device" : "an error";
    return SUCCESS;
}
