/*
 * A machine that fails when it is told to: preloaded into a process, it stands before the system calls that write
 * and lets some of them fail, and before those that tell the time and moves it.
 *
 * FAULTY_CONTROL names a file of seven 64-bit numbers, which whoever tests may change at any time: what fails
 * (0 nothing, 1 writes, 2 flushes, 3 the start of threads), with which errno, how many of them pass before, how many fail then, and, counted
 * here, how many there were since and how many failed; and by how many seconds the clock is off. Only files whose
 * path holds FAULTY_FILES are meant, or, where that ends in "$", whose path ends in what stands before it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { NOTHING, WRITES, FLUSHES, THREADS };
static struct control {
  int64_t what, error, passing, failing, seen, failed, clock;
} *control;
static const char *files;

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("FAULTY_CONTROL");
  files = getenv("FAULTY_FILES");
  int fd = path == NULL ? -1 : open(path, O_RDWR);
  if (fd < 0) return;
  void *shared = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (shared != MAP_FAILED) control = shared;
  close(fd);
}

static int is_meant(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  if (files == NULL) return 1;
  size_t wanted = strlen(files);
  if (wanted == 0 || files[wanted - 1] != '$') return strstr(path, files) != NULL;
  wanted--;
  return (size_t)length >= wanted && memcmp(path + length - wanted, files, wanted) == 0;
}

/* Whether this call is to fail; errno says how. A thread is of no file. */
static int fails(int fd, int64_t what) {
  if (control == NULL || control->what != what) return 0;
  if (what != THREADS && !is_meant(fd)) return 0;
  int64_t place = __atomic_fetch_add(&control->seen, 1, __ATOMIC_SEQ_CST);
  if (place < control->passing || place >= control->passing + control->failing) return 0;
  __atomic_fetch_add(&control->failed, 1, __ATOMIC_SEQ_CST);
  errno = (int)control->error;
  return 1;
}

#define REAL(name) \
  static __typeof__(name) *real; \
  if (real == NULL) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *from, size_t size) {
  REAL(write);
  return fails(fd, WRITES) ? -1 : real(fd, from, size);
}
ssize_t pwrite(int fd, const void *from, size_t size, off_t at) {
  REAL(pwrite);
  return fails(fd, WRITES) ? -1 : real(fd, from, size, at);
}
ssize_t pwrite64(int fd, const void *from, size_t size, off64_t at) {
  REAL(pwrite64);
  return fails(fd, WRITES) ? -1 : real(fd, from, size, at);
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(writev);
  return fails(fd, WRITES) ? -1 : real(fd, parts, count);
}
int ftruncate(int fd, off_t size) {
  REAL(ftruncate);
  return fails(fd, WRITES) ? -1 : real(fd, size);
}
int ftruncate64(int fd, off64_t size) {
  REAL(ftruncate64);
  return fails(fd, WRITES) ? -1 : real(fd, size);
}
int fsync(int fd) {
  REAL(fsync);
  return fails(fd, FLUSHES) ? -1 : real(fd);
}
int fdatasync(int fd) {
  REAL(fdatasync);
  return fails(fd, FLUSHES) ? -1 : real(fd);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *with) {
  REAL(pthread_create);
  return fails(-1, THREADS) ? errno : real(thread, attributes, run, with);
}

/* Only the clock on the wall: what measures how long things take goes on as it does. */
int clock_gettime(clockid_t which, struct timespec *time) {
  REAL(clock_gettime);
  int result = real(which, time);
  if (result == 0 && which == CLOCK_REALTIME && control != NULL) time->tv_sec += control->clock;
  return result;
}
int gettimeofday(struct timeval *restrict time, void *restrict zone) {
  REAL(gettimeofday);
  int result = real(time, zone);
  if (result == 0 && control != NULL) time->tv_sec += control->clock;
  return result;
}
