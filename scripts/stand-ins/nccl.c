// A stand-in for NCCL: ranks are threads of one process, and messages are copied when a rank asks for the
// state of its communicator. Nothing blocks, as in a communicator whose `blocking` is 0; what would be wrong
// there is answered by "invalid usage". See scripts/stand-ins/cuda.c.
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

typedef enum { SUCCESS = 0, INVALID_USAGE = 5, IN_PROGRESS = 7 } Result;
typedef struct { char bytes[128]; } Id;
typedef struct { size_t size; unsigned magic, version; int blocking; } Config;
enum { RANKS = 8, WORLDS = 64, QUEUE = 64 };

// What is sent (from != NULL) or received, and not done yet.
typedef struct { const void *from; void *to; size_t length; int peer; } Message;
typedef struct { int world, rank, finalized; Result error; Message queue[QUEUE]; int queued; } Comm;
typedef struct { int size, joined; Comm *comms[RANKS]; } World;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static World worlds[WORLDS];
static int made;
// The group that this thread has begun.
static _Thread_local int depth;
static _Thread_local Comm *grouped;
static _Thread_local Message group[QUEUE];
static _Thread_local int in_group;

const char *ncclGetErrorString(Result error) { return error == INVALID_USAGE ? "invalid usage" : "an error"; }
const char *ncclGetLastError(const Comm *comm) { (void)comm; return "the stand-in"; }

Result ncclGetUniqueId(Id *id) {
    pthread_mutex_lock(&lock);
    memset(id, 0xa5, sizeof *id);
    memcpy(id->bytes + 124, &made, sizeof made);
    Result result = made++ < WORLDS ? SUCCESS : INVALID_USAGE;
    pthread_mutex_unlock(&lock);
    return result;
}

Result ncclCommInitRankConfig(Comm **comm, int size, Id id, int rank, const Config *config) {
    int number;
    memcpy(&number, id.bytes + 124, sizeof number);
    if (config->blocking != 0 || config->magic != 0xcafebeef || number < 0 || number >= WORLDS) return INVALID_USAGE;
    if (size > RANKS || rank < 0 || rank >= size) return INVALID_USAGE;
    pthread_mutex_lock(&lock);
    World *world = &worlds[number];
    int wrong = world->comms[rank] != NULL || (world->size && world->size != size);
    if (!wrong) {
        *comm = calloc(1, sizeof **comm);
        (*comm)->world = number;
        (*comm)->rank = rank;
        world->size = size;
        world->joined++;
        world->comms[rank] = *comm;
    }
    pthread_mutex_unlock(&lock);
    return wrong ? INVALID_USAGE : IN_PROGRESS;
}

// Takes one message out of a queue.
static void done(Comm *comm, int i) {
    memmove(&comm->queue[i], &comm->queue[i + 1], (--comm->queued - i) * sizeof(Message));
}

// Fetches what others have sent to this rank.
static void receive(Comm *comm) {
    for (int i = 0; i < comm->queued;) {
        Message *wanted = &comm->queue[i];
        Comm *peer = worlds[comm->world].comms[wanted->peer];
        int found = 0;
        for (int j = 0; wanted->to && peer && j < peer->queued && !found; j++) {
            Message *given = &peer->queue[j];
            if (!given->from || given->peer != comm->rank) continue;
            if (given->length != wanted->length) comm->error = INVALID_USAGE;
            else memcpy(wanted->to, given->from, given->length);
            done(peer, j);
            done(comm, i);
            found = 1;
        }
        if (!found) i++;
    }
}

Result ncclCommGetAsyncError(Comm *comm, Result *state) {
    pthread_mutex_lock(&lock);
    World *world = &worlds[comm->world];
    receive(comm);
    *state = comm->error ? comm->error : world->joined < world->size || comm->queued ? IN_PROGRESS : SUCCESS;
    pthread_mutex_unlock(&lock);
    return SUCCESS;
}

Result ncclGroupStart(void) { depth++; return SUCCESS; }

static Result queue(Comm *comm, Message message) {
    if (!depth || (grouped && grouped != comm) || in_group == QUEUE || message.peer == comm->rank) return INVALID_USAGE;
    grouped = comm;
    group[in_group++] = message;
    return IN_PROGRESS;
}
Result ncclSend(const void *from, size_t length, int kind, int peer, Comm *comm, void *stream) {
    (void)kind; (void)stream;
    return queue(comm, (Message){from, NULL, length, peer});
}
Result ncclRecv(void *to, size_t length, int kind, int peer, Comm *comm, void *stream) {
    (void)kind; (void)stream;
    return queue(comm, (Message){NULL, to, length, peer});
}

Result ncclGroupEnd(void) {
    if (!depth || --depth) return INVALID_USAGE;
    if (!grouped) return SUCCESS;
    pthread_mutex_lock(&lock);
    World *world = &worlds[grouped->world];
    // While something is under way, nothing else may begin.
    int wrong = grouped->queued || grouped->finalized || world->joined < world->size;
    if (!wrong) {
        memcpy(grouped->queue, group, in_group * sizeof(Message));
        grouped->queued = in_group;
    }
    pthread_mutex_unlock(&lock);
    grouped = NULL;
    in_group = 0;
    return wrong ? INVALID_USAGE : IN_PROGRESS;
}

Result ncclCommFinalize(Comm *comm) { comm->finalized = 1; return IN_PROGRESS; }

Result ncclCommAbort(Comm *comm) {
    pthread_mutex_lock(&lock);
    worlds[comm->world].comms[comm->rank] = NULL;
    free(comm);
    pthread_mutex_unlock(&lock);
    return SUCCESS;
}

// Aborting what is under way is right, destroying it is not.
Result ncclCommDestroy(Comm *comm) {
    if (!comm->finalized || comm->queued) abort();
    return ncclCommAbort(comm);
}
