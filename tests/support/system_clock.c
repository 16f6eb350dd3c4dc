/* What a process reads of the day, moved by SYSTEM_CLOCK_SHIFT seconds, for LD_PRELOAD.

   Only the calls that read it: how long a process sleeps and waits is told by monotonic clocks,
   which stay. Preloaded libraries that move those as well break clock_nanosleep and thread starts.
*/
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long long shift(void)
{
    static long long seconds;
    static int is_read;
    if (!is_read) {
        const char *text = getenv("SYSTEM_CLOCK_SHIFT");
        seconds = text ? atoll(text) : 0;
        is_read = 1;
    }
    return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int failed = syscall(SYS_clock_gettime, clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += shift();
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    int failed = syscall(SYS_gettimeofday, now, zone);
    if (!failed && now)
        now->tv_sec += shift();
    return failed;
}

time_t time(time_t *kept)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (kept)
        *kept = now.tv_sec;
    return now.tv_sec;
}
