/* What a disk keeps when the power goes: LD_PRELOADed into a process that writes files in one folder.

   A file's content counts as kept when fsync or fdatasync of it returned, a name when fsync of the folder did. Both are
   copied to a shadow folder at that moment: `<inode>` holds the content, `names` the lines "<inode> <name>". After
   `power_cut_arm` every operation on a file of the folder is counted, and the process kills itself before the one that
   was asked for. Nothing is delayed or reordered here; the test mixes kept and written content afterwards. */

#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static char folder[4000];
static char shadow[4000];
static long operations_left = -1; /* below 0: not armed */

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static void fail(const char *what) {
    fprintf(stderr, "power_cut: %s\n", what);
    _exit(86);
}

static int is_passing(const char *name) { /* not worth keeping: made anew at every start */
    size_t length = strlen(name);
    return (length > 4 && !strcmp(name + length - 4, "-shm")) || strstr(name, ".reserve") || strstr(name, ".lock");
}

/* The name of an open file inside the folder; "" for the folder itself; NULL for anything else. */
static const char *name_of(int fd, char *path, size_t size) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, size - 1);
    if (length <= 0) return NULL;
    path[length] = 0;
    size_t prefix = strlen(folder);
    if (strncmp(path, folder, prefix)) return NULL;
    if (!path[prefix]) return path + prefix;
    return path[prefix] == '/' ? path + prefix + 1 : NULL;
}

static void counts(void) {
    if (operations_left < 0) return;
    if (operations_left-- == 0) kill(getpid(), SIGKILL);
}

static void keep_content(int fd) {
    struct stat status;
    if (fstat(fd, &status)) fail("fstat");
    char part[4300], whole[4200], buffer[65536];
    snprintf(whole, sizeof whole, "%s/%lu", shadow, (unsigned long)status.st_ino);
    snprintf(part, sizeof part, "%s.part", whole);
    int out = REAL(open)(part, O_CREAT | O_TRUNC | O_WRONLY, 0600);
    if (out < 0) fail("cannot write the shadow");
    off_t at = 0;
    ssize_t got;
    while ((got = pread(fd, buffer, sizeof buffer, at)) > 0) {
        if (REAL(write)(out, buffer, got) != got) fail("short write to the shadow");
        at += got;
    }
    close(out);
    if (REAL(rename)(part, whole)) fail("rename in the shadow");
}

static void keep_names(void) {
    char part[4300], whole[4200];
    snprintf(whole, sizeof whole, "%s/names", shadow);
    snprintf(part, sizeof part, "%s.part", whole);
    FILE *out = fopen(part, "w");
    DIR *listing = opendir(folder);
    if (!out || !listing) fail("cannot list the folder");
    for (struct dirent *entry; (entry = readdir(listing));)
        if (entry->d_type == DT_REG && !is_passing(entry->d_name))
            fprintf(out, "%lu %s\n", (unsigned long)entry->d_ino, entry->d_name);
    closedir(listing);
    fclose(out);
    if (REAL(rename)(part, whole)) fail("rename in the shadow");
}

/* All that lies in the folder now is kept; the process dies before its n-th operation from now on. */
void power_cut_arm(const char *of_folder, const char *into_shadow, long operations) {
    if (!realpath(of_folder, folder) || !realpath(into_shadow, shadow)) fail("no such folder");
    keep_names();
    DIR *listing = opendir(folder);
    for (struct dirent *entry; (entry = readdir(listing));) {
        if (entry->d_type != DT_REG || is_passing(entry->d_name)) continue;
        char path[4300];
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        int fd = REAL(open)(path, O_RDONLY);
        keep_content(fd);
        close(fd);
    }
    closedir(listing);
    operations_left = operations;
}

static int synced(int fd) {
    char path[4200];
    const char *name = operations_left < 0 ? NULL : name_of(fd, path, sizeof path);
    if (!name || is_passing(name)) return 0;
    counts();
    if (*name)
        keep_content(fd);
    else
        keep_names();
    return 1;
}

int fsync(int fd) { return synced(fd) ? 0 : REAL(fsync)(fd); }
int fdatasync(int fd) { return synced(fd) ? 0 : REAL(fdatasync)(fd); }

static void writes(int fd) {
    char path[4200];
    const char *name = operations_left < 0 ? NULL : name_of(fd, path, sizeof path);
    if (name && !is_passing(name)) counts();
}

ssize_t write(int fd, const void *bytes, size_t size) {
    writes(fd);
    return REAL(write)(fd, bytes, size);
}
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
    writes(fd);
    return REAL(pwrite)(fd, bytes, size, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
    writes(fd);
    return REAL(pwrite64)(fd, bytes, size, at);
}
int ftruncate(int fd, off_t size) {
    writes(fd);
    return REAL(ftruncate)(fd, size);
}
int ftruncate64(int fd, off64_t size) {
    writes(fd);
    return REAL(ftruncate64)(fd, size);
}

static void names(const char *path) {
    if (operations_left >= 0 && !strncmp(path, folder, strlen(folder)) && !is_passing(path)) counts();
}

int unlink(const char *path) {
    names(path);
    return REAL(unlink)(path);
}
int rename(const char *from, const char *to) {
    names(from);
    return REAL(rename)(from, to);
}
