/* Keeps a journal of what a process does to one folder: LD_PRELOADed, switched on by `power_cut_arm`.

   Every write, truncation and rename, and every sync with its outcome, is a record of the journal, in order; what of it
   a disk would still hold after a loss of power is decided afterwards, by `simulated_disk.py`. The process kills itself
   before the operation that was asked for. Syncs cost nothing (they are not passed on), and can be made to lie
   (`power_cut_deafen`) or to fail (`power_cut_fail`), as can writes.

   A record: operation, inode, number (offset, or size of a truncation), length, then `length` bytes:
     W bytes written   T truncated   S synced   F sync failed   D folder synced: "<inode> <name>\n" of all in it
     N "<inode> <name>\n" of all in it, before a name changes   R "<old>/<new>" renamed   U "<name>" deleted */

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

struct record {
    long operation, inode, number, length;
};

static char folder[4000];
static int journal = -1;
static long operations_left;
static char deaf_to[64]; /* syncs of files that end so are not done; "/" is the folder */
static int is_deaf;
static long syncs_to_failure, writes_to_failure; /* 0: none will fail */

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void give_up(const char *what) {
    fprintf(stderr, "power_cut: %s\n", what);
    _exit(86);
}

static int ends_with(const char *name, const char *end) {
    size_t length = strlen(name), of_end = strlen(end);
    return length >= of_end && !strcmp(name + length - of_end, end);
}

static int is_passing(const char *name) { /* the log's index, the lock, the reserve: made anew at every start */
    return ends_with(name, "-shm") || strstr(name, ".reserve") || strstr(name, ".lock");
}

/* The name of an open file inside the folder; "" for the folder itself; NULL for anything not watched. */
static const char *name_of(int fd, char *path, size_t size) {
    if (journal < 0 || fd == journal) return NULL;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, size - 1);
    if (length <= 0) return NULL;
    path[length] = 0;
    size_t prefix = strlen(folder);
    if (strncmp(path, folder, prefix) || (path[prefix] && path[prefix] != '/')) return NULL;
    const char *name = path[prefix] ? path + prefix + 1 : path + prefix;
    return is_passing(name) ? NULL : name;
}

static const char *name_in(const char *path) {
    size_t prefix = strlen(folder);
    if (journal < 0 || strncmp(path, folder, prefix) || path[prefix] != '/' || is_passing(path)) return NULL;
    return path + prefix + 1;
}

static void put(int operation, long inode, long number, const void *bytes, long length) {
    struct record head = {operation, inode, number, length};
    struct iovec parts[] = {{&head, sizeof head}, {(void *)bytes, (size_t)length}};
    if (writev(journal, parts, 2) != (ssize_t)sizeof head + length) give_up("short write to the journal");
}

static void put_names(int operation) {
    static char names[65536];
    size_t at = 0;
    DIR *listing = opendir(folder);
    if (!listing) give_up("cannot list the folder");
    for (struct dirent *entry; (entry = readdir(listing));)
        if (entry->d_type == DT_REG && !is_passing(entry->d_name) && at < sizeof names - 300)
            at += sprintf(names + at, "%lu %s\n", (unsigned long)entry->d_ino, entry->d_name);
    closedir(listing);
    put(operation, 0, 0, names, at);
}

static long inode_of(int fd) {
    struct stat status;
    if (fstat(fd, &status)) give_up("fstat");
    return (long)status.st_ino;
}

static void counts(void) {
    if (operations_left-- == 0) kill(getpid(), SIGKILL);
}

void power_cut_arm(const char *of_folder, const char *into, long operations) {
    if (!realpath(of_folder, folder)) give_up("no such folder");
    operations_left = operations;
    journal = open(into, O_CREAT | O_TRUNC | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    if (journal < 0) give_up("cannot write the journal");
}

void power_cut_deafen(const char *to) {
    snprintf(deaf_to, sizeof deaf_to, "%s", to);
    is_deaf = 1;
}

/* The n-th sync, the n-th write from now on fails with EIO, once; 0: none. */
void power_cut_fail(long syncs, long writes) {
    syncs_to_failure = syncs;
    writes_to_failure = writes;
}

static int synced(int fd, int (*really)(int)) {
    char path[4200];
    const char *name = name_of(fd, path, sizeof path);
    if (!name) return journal < 0 ? really(fd) : 0;
    counts();
    if (*name && syncs_to_failure > 0 && --syncs_to_failure == 0) {
        put('F', inode_of(fd), 0, "", 0);
        errno = EIO;
        return -1;
    }
    if (is_deaf && (*name ? ends_with(name, deaf_to) : !strcmp(deaf_to, "/"))) return 0;
    if (*name)
        put('S', inode_of(fd), 0, "", 0);
    else
        put_names('D');
    return 0;
}

int fsync(int fd) { return synced(fd, REAL(fsync)); }
int fdatasync(int fd) { return synced(fd, REAL(fdatasync)); }

/* Whether the write is to fail; else, if the file is watched, it stands in the journal. */
static int is_refused(int fd, const void *bytes, size_t size, off64_t at) {
    char path[4200];
    if (!name_of(fd, path, sizeof path)) return 0;
    counts();
    if (writes_to_failure > 0 && --writes_to_failure == 0) {
        errno = EIO;
        return 1;
    }
    put('W', inode_of(fd), at, bytes, (long)size);
    return 0;
}

ssize_t write(int fd, const void *bytes, size_t size) {
    if (is_refused(fd, bytes, size, lseek64(fd, 0, SEEK_CUR))) return -1;
    return REAL(write)(fd, bytes, size);
}
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
    if (is_refused(fd, bytes, size, at)) return -1;
    return REAL(pwrite)(fd, bytes, size, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
    if (is_refused(fd, bytes, size, at)) return -1;
    return REAL(pwrite64)(fd, bytes, size, at);
}

static void truncates(int fd, off64_t size) {
    char path[4200];
    if (!name_of(fd, path, sizeof path)) return;
    counts();
    put('T', inode_of(fd), size, "", 0);
}
int ftruncate(int fd, off_t size) {
    truncates(fd, size);
    return REAL(ftruncate)(fd, size);
}
int ftruncate64(int fd, off64_t size) {
    truncates(fd, size);
    return REAL(ftruncate64)(fd, size);
}

int unlink(const char *path) {
    const char *name = name_in(path);
    if (name) {
        counts();
        put_names('N');
        put('U', 0, 0, name, strlen(name));
    }
    return REAL(unlink)(path);
}
int rename(const char *from, const char *to) {
    const char *old = name_in(from), *new = name_in(to);
    if (old && new) {
        char both[600];
        counts();
        put_names('N');
        put('R', 0, 0, both, snprintf(both, sizeof both, "%s/%s", old, new));
    }
    return REAL(rename)(from, to);
}
