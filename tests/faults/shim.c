/* Makes the n-th system call that opens or changes something below a folder fail, or sends a signal
 * before this call.
 *
 * Preloaded by test_faults.py; campaign.py calls the functions at the end.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#define MOST 4096

static char scope[4096];
static char watched[MOST]; /* descriptors of files below the folder */
static long countdown, calls;
static int failure, signal_number, lasting, exchanging = 1, armed, fired;
static char fired_at[32];
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static int inside(const char *path) {
    return armed && path && scope[0] && strncmp(path, scope, strlen(scope)) == 0;
}

static int inside_fd(int fd) { return armed && fd >= 0 && fd < MOST && watched[fd]; }

/* Count this call if `counts`. Return whether it must fail; send the signal if there is one. */
static int fault(int counts, const char *name) {
    int now = 0;
    if (!counts) return 0;
    pthread_mutex_lock(&mutex);
    calls++;
    if (countdown > 0 && --countdown == 0) {
        now = fired = 1;
        strncpy(fired_at, name, sizeof fired_at - 1);
    } else if (fired && (lasting == 1 || (lasting == 2 && strcmp(name, fired_at) == 0))) {
        now = 1;
    }
    pthread_mutex_unlock(&mutex);
    if (!now) return 0;
    if (signal_number) {
        kill(getpid(), signal_number);
        return 0;
    }
    errno = failure;
    return 1;
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

static int opened(int fd, const char *path) {
    if (fd >= 0 && fd < MOST) watched[fd] = (char)inside(path);
    return fd;
}

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, #name, const char *, int, mode_t); \
        mode_t mode = 0; \
        if (flags & O_CREAT) { \
            va_list list; \
            va_start(list, flags); \
            mode = (mode_t)va_arg(list, int); \
            va_end(list); \
        } \
        if (fault(inside(path), "open")) return -1; \
        return opened(real(path, flags, mode), path); \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(name) \
    int name(int folder, const char *path, int flags, ...) { \
        REAL(int, #name, int, const char *, int, mode_t); \
        mode_t mode = 0; \
        if (flags & O_CREAT) { \
            va_list list; \
            va_start(list, flags); \
            mode = (mode_t)va_arg(list, int); \
            va_end(list); \
        } \
        if (fault(inside(path), "open")) return -1; \
        return opened(real(folder, path, flags, mode), path); \
    }
OPENAT(openat)
OPENAT(openat64)

int close(int fd) {
    REAL(int, "close", int);
    if (fd >= 0 && fd < MOST) watched[fd] = 0;
    return real(fd);
}

ssize_t write(int fd, const void *bytes, size_t size) {
    REAL(ssize_t, "write", int, const void *, size_t);
    if (fault(inside_fd(fd), "write")) {
        if (size > 1) real(fd, bytes, size / 2); /* a full disk takes what fits */
        return -1;
    }
    return real(fd, bytes, size);
}

#define ON_FD(name, ...) \
    if (fault(inside_fd(fd), #name)) return -1; \
    return real(__VA_ARGS__)
#define ON_PATH(name, path, ...) \
    if (fault(inside(path), #name)) return -1; \
    return real(__VA_ARGS__)

int fsync(int fd) { REAL(int, "fsync", int); ON_FD(fsync, fd); }
int fdatasync(int fd) { REAL(int, "fdatasync", int); ON_FD(fdatasync, fd); }
int flock(int fd, int what) { REAL(int, "flock", int, int); ON_FD(flock, fd, what); }
int fchmod(int fd, mode_t mode) { REAL(int, "fchmod", int, mode_t); ON_FD(fchmod, fd, mode); }
int fchown(int fd, uid_t u, gid_t g) { REAL(int, "fchown", int, uid_t, gid_t); ON_FD(fchown, fd, u, g); }
int ftruncate(int fd, off_t n) { REAL(int, "ftruncate", int, off_t); ON_FD(ftruncate, fd, n); }
int chmod(const char *p, mode_t mode) { REAL(int, "chmod", const char *, mode_t); ON_PATH(chmod, p, p, mode); }
int unlink(const char *p) { REAL(int, "unlink", const char *); ON_PATH(unlink, p, p); }
int unlinkat(int d, const char *p, int f) { REAL(int, "unlinkat", int, const char *, int); ON_PATH(unlinkat, p, d, p, f); }
int rmdir(const char *p) { REAL(int, "rmdir", const char *); ON_PATH(rmdir, p, p); }
int mkdir(const char *p, mode_t m) { REAL(int, "mkdir", const char *, mode_t); ON_PATH(mkdir, p, p, m); }
int link(const char *a, const char *b) { REAL(int, "link", const char *, const char *); ON_PATH(link, b, a, b); }
int rename(const char *a, const char *b) { REAL(int, "rename", const char *, const char *); ON_PATH(rename, b, a, b); }
int renameat(int d, const char *a, int e, const char *b) {
    REAL(int, "renameat", int, const char *, int, const char *);
    ON_PATH(renameat, b, d, a, e, b);
}
int renameat2(int d, const char *a, int e, const char *b, unsigned flags) {
    REAL(int, "renameat2", int, const char *, int, const char *, unsigned);
    if (inside(b) && !exchanging) {
        errno = ENOSYS;
        return -1;
    }
    ON_PATH(renameat2, b, d, a, e, b, flags);
}

/* Watch the calls below `folder`, and let call number `at` (from 1) fail with the errno `error`. If `last`
 * is 1, all later calls fail too; if it is 2, all later calls of the same name. If the signal `number` is
 * not 0, send it before these calls, which then do not fail. Without `exchange`, renameat2 fails with ENOSYS. */
void faults_arm(const char *folder, long at, int error, int last, int number, int exchange) {
    strncpy(scope, folder, sizeof scope - 1);
    memset(watched, 0, sizeof watched);
    countdown = at;
    calls = 0;
    failure = error;
    lasting = last;
    signal_number = number;
    exchanging = exchange;
    fired = 0;
    fired_at[0] = 0;
    armed = 1;
}

/* Let no more calls fail. Return the number of calls since faults_arm. */
long faults_disarm(void) {
    armed = 0;
    return calls;
}

/* The name of call number `at`, or "" if there were fewer calls. */
const char *faults_fired(void) { return fired ? fired_at : ""; }
