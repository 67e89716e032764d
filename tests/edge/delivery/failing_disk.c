/* A disk that fails while a process uses it: LD_PRELOADed. Remounting read-only is refused while a file is open for
   writing; a file system that does it by itself (errors=remount-ro) is not, and this behaves like that.

   FAILING_DISK is the folder. While the file FAILING_DISK_ERRNO holds a number, every write, truncation and sync in the
   folder fails with it; so do deletions, renames and, with EROFS, opening a file for writing. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int fault(void) {
    const char *path = getenv("FAILING_DISK_ERRNO");
    char number[16] = "";
    int fd = path ? REAL(open)(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return 0;
    if (read(fd, number, sizeof number - 1) < 0) number[0] = 0;
    close(fd);
    return atoi(number);
}

static int is_inside(const char *path) {
    const char *folder = getenv("FAILING_DISK");
    size_t length = folder ? strlen(folder) : 0;
    return length && !strncmp(path, folder, length) && path[length] == '/';
}

static int fails_at(const char *path) {
    if (!is_inside(path)) return 0;
    errno = fault();
    return errno != 0;
}

static int fails_on(int fd) {
    char link[64], path[4200];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return fails_at(path);
}

static int opening_fails(const char *path, int flags) {
    return (flags & O_ACCMODE) != O_RDONLY && is_inside(path) && (errno = fault()) == EROFS;
}

#define OPENER(name)                                                     \
    int name(const char *path, int flags, ...) {                         \
        va_list rest;                                                    \
        va_start(rest, flags);                                           \
        int mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, int) : 0; \
        va_end(rest);                                                    \
        return opening_fails(path, flags) ? -1 : REAL(name)(path, flags, mode); \
    }
OPENER(open)
OPENER(open64)

ssize_t write(int fd, const void *bytes, size_t size) {
    return fails_on(fd) ? -1 : REAL(write)(fd, bytes, size);
}
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
    return fails_on(fd) ? -1 : REAL(pwrite)(fd, bytes, size, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
    return fails_on(fd) ? -1 : REAL(pwrite64)(fd, bytes, size, at);
}
int ftruncate(int fd, off_t size) { return fails_on(fd) ? -1 : REAL(ftruncate)(fd, size); }
int ftruncate64(int fd, off64_t size) { return fails_on(fd) ? -1 : REAL(ftruncate64)(fd, size); }
int fsync(int fd) { return fails_on(fd) ? -1 : REAL(fsync)(fd); }
int fdatasync(int fd) { return fails_on(fd) ? -1 : REAL(fdatasync)(fd); }
int unlink(const char *path) { return fails_at(path) ? -1 : REAL(unlink)(path); }
int rename(const char *from, const char *to) { return fails_at(from) ? -1 : REAL(rename)(from, to); }
