/* Loaded with LD_PRELOAD into a process under test: shifts its wall clock and makes its journal's disk fail.
 *
 * FAULTS names a file of two 64-bit integers that a test may write at any time: seconds to add to the wall clock, and
 * the error of writes to segments (0: none). Monotonic clocks are not changed, as when somebody sets a machine's date.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct faults {
    volatile long long seconds;
    volatile long long error;
};

static struct faults none;
static struct faults *faults = &none;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULTS");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *mapped = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(struct faults), PROT_READ, MAP_SHARED, fd, 0);
    if (mapped != MAP_FAILED) faults = mapped;
    if (fd >= 0) close(fd);
}

static int refused(int fd) {
    char link[32], path[4096];
    if (!faults->error) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path);
    if (length < 4 || memcmp(path + length - 4, ".seg", 4) != 0) return 0;
    errno = (int)faults->error;
    return 1;
}

ssize_t write(int fd, const void *data, size_t count) { return refused(fd) ? -1 : syscall(SYS_write, fd, data, count); }

int fdatasync(int fd) { return refused(fd) ? -1 : (int)syscall(SYS_fdatasync, fd); }

int fsync(int fd) { return refused(fd) ? -1 : (int)syscall(SYS_fsync, fd); }

int clock_gettime(clockid_t clock, struct timespec *now) {
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += faults->seconds;
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    int failed = (int)syscall(SYS_gettimeofday, now, zone);
    if (!failed && now) now->tv_sec += faults->seconds;
    return failed;
}

time_t time(time_t *result) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result) *result = now.tv_sec;
    return now.tv_sec;
}
