/* Loaded into the program by the tests of a shared store: locks of files as other file systems have them. LOCKS says
 * how. posix: as a client of NFS has them, locks of records of the whole file, which for reading need a file that is
 * open for reading. refused: there are none. granted: everybody gets every lock. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

int flock(int file, int operation) {
    const char *how = getenv("LOCKS");
    if (how && strcmp(how, "refused") == 0) {
        errno = ENOLCK;
        return -1;
    }
    if (how && strcmp(how, "granted") == 0) return 0;
    struct flock lock;
    memset(&lock, 0, sizeof lock);
    lock.l_type = operation & LOCK_UN ? F_UNLCK : operation & LOCK_SH ? F_RDLCK : F_WRLCK;
    lock.l_whence = SEEK_SET;
    int done = fcntl(file, operation & LOCK_NB ? F_OFD_SETLK : F_OFD_SETLKW, &lock);
    if (done == -1 && errno == EACCES) errno = EWOULDBLOCK;
    return done;
}
