/* Makes the n-th operation on files below a directory fail: preloaded into a process.
 *
 *   FAULT_DIRECTORY   files whose path begins with it
 *   FAULT_AT          which operation fails, from 1; 0 is none
 *   FAULT_KIND        eio, enospc: fails once; torn: writes half, then EIO; gone: it and
 *                     all later ones fail with EIO
 *   FAULT_COUNT       a file that is told, at a regular end, how many operations there were
 *
 * Counted are write, pwrite, writev, fsync, fdatasync, ftruncate, rename, unlink, and open
 * where it creates. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long operations;

static int is_below(const char *path) {
    const char *directory = getenv("FAULT_DIRECTORY");
    return directory && path && strncmp(path, directory, strlen(directory)) == 0;
}

static int is_ours(int fd) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_below(path);
}

/* What the next operation is to do: 0 succeed, an errno fail, -1 be torn. */
static int next(void) {
    const char *at = getenv("FAULT_AT"), *kind = getenv("FAULT_KIND");
    long n = atomic_fetch_add(&operations, 1) + 1, wanted = at ? atol(at) : 0;
    if (!kind || wanted == 0 || n < wanted) return 0;
    if (strcmp(kind, "gone") == 0) return EIO;
    if (n > wanted) return 0;
    if (strcmp(kind, "enospc") == 0) return ENOSPC;
    if (strcmp(kind, "torn") == 0) return -1;
    return EIO;
}

__attribute__((destructor)) static void tell(void) {
    const char *path = getenv("FAULT_COUNT");
    FILE *file = path ? fopen(path, "w") : NULL;
    if (!file) return;
    fprintf(file, "%ld\n", atomic_load(&operations));
    fclose(file);
}

#define REAL(name) ((typeof(&name))dlsym(RTLD_NEXT, #name))
#define FAIL_IF(ours)                                                                       \
    if (ours) {                                                                             \
        int fault = next();                                                                 \
        if (fault) {                                                                        \
            errno = fault < 0 ? EIO : fault;                                                \
            return -1;                                                                      \
        }                                                                                   \
    }

ssize_t write(int fd, const void *bytes, size_t count) {
    int fault = is_ours(fd) ? next() : 0;
    if (fault < 0) REAL(write)(fd, bytes, count / 2);
    if (fault) {
        errno = fault < 0 ? EIO : fault;
        return -1;
    }
    return REAL(write)(fd, bytes, count);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
    int fault = is_ours(fd) ? next() : 0;
    if (fault < 0) REAL(pwrite64)(fd, bytes, count / 2, at);
    if (fault) {
        errno = fault < 0 ? EIO : fault;
        return -1;
    }
    return REAL(pwrite64)(fd, bytes, count, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
    FAIL_IF(is_ours(fd))
    return REAL(writev)(fd, parts, count);
}

int fsync(int fd) {
    FAIL_IF(is_ours(fd))
    return REAL(fsync)(fd);
}

int fdatasync(int fd) {
    FAIL_IF(is_ours(fd))
    return REAL(fdatasync)(fd);
}

int ftruncate64(int fd, off64_t length) {
    FAIL_IF(is_ours(fd))
    return REAL(ftruncate64)(fd, length);
}

int rename(const char *from, const char *to) {
    FAIL_IF(is_below(to))
    return REAL(rename)(from, to);
}

int unlink(const char *path) {
    FAIL_IF(is_below(path))
    return REAL(unlink)(path);
}

int open64(const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    mode_t mode = va_arg(rest, mode_t);
    va_end(rest);
    FAIL_IF((flags & O_CREAT) && is_below(path))
    return REAL(open64)(path, flags, mode);
}
