"""Which system calls a numeric worker may make: a seccomp filter, installed by ctypes.

What is not in the table fails with ``EPERM``: new processes and programs, sockets, mounts, name
spaces, tracing, keys, BPF, io_uring, shared memory. Threads are allowed. The numbers are the
kernel's, from its ``asm/unistd_64.h`` (x86-64) and ``asm-generic/unistd.h`` (64-bit ARM).
"""

import ctypes
import errno
import platform
import struct
from dataclasses import dataclass

_X86_64 = """
read=0 write=1 close=3 open=2 openat=257 openat2=437 creat=85 stat=4 fstat=5 lstat=6
newfstatat=262 statx=332 statfs=137 fstatfs=138 lseek=8 access=21 faccessat=269 faccessat2=439
pread64=17 pwrite64=18 readv=19 writev=20 preadv=295 pwritev=296 preadv2=327 pwritev2=328
sendfile=40 copy_file_range=326 splice=275 tee=276 fsync=74 fdatasync=75 sync_file_range=277
fadvise64=221 fallocate=285 truncate=76 ftruncate=77
getdents=78 getdents64=217 getcwd=79 chdir=80 fchdir=81 rename=82 renameat=264 renameat2=316
mkdir=83 mkdirat=258 rmdir=84 unlink=87 unlinkat=263 link=86 linkat=265 symlink=88 symlinkat=266
readlink=89 readlinkat=267 chmod=90 fchmod=91 fchmodat=268 umask=95 utime=132 utimes=235
utimensat=280 futimesat=261 flock=73 fcntl=72 dup=32 dup2=33 dup3=292 pipe=22 pipe2=293
select=23 pselect6=270 poll=7 ppoll=271 epoll_create=213 epoll_create1=291 epoll_ctl=233
epoll_wait=232 epoll_pwait=281 eventfd=284 eventfd2=290 timerfd_create=283 timerfd_settime=286
timerfd_gettime=287
mmap=9 mprotect=10 munmap=11 brk=12 mremap=25 madvise=28 mincore=27 msync=26 mlock=149
munlock=150 mlock2=325 membarrier=324 get_mempolicy=239
rt_sigaction=13 rt_sigprocmask=14 rt_sigreturn=15 rt_sigpending=127 rt_sigtimedwait=128
rt_sigsuspend=130 sigaltstack=131 pause=34 kill=62 tkill=200 tgkill=234 restart_syscall=219
nanosleep=35 clock_nanosleep=230 clock_gettime=228 clock_getres=229 gettimeofday=96 time=201
times=100 getitimer=36 setitimer=38 alarm=37 timer_create=222 timer_settime=223
timer_gettime=224 timer_delete=226 timer_getoverrun=225
getpid=39 getppid=110 gettid=186 getuid=102 geteuid=107 getgid=104 getegid=108 getpgid=121
getpgrp=111 getsid=124 getgroups=115 getresuid=118 getresgid=120 uname=63 sysinfo=99
getrlimit=97 setrlimit=160 prlimit64=302 getrusage=98 getpriority=140 setpriority=141
sched_yield=24 sched_getaffinity=204 sched_setaffinity=203 sched_getparam=143
sched_getscheduler=145 sched_get_priority_max=146 sched_get_priority_min=147 getcpu=309
futex=202 set_tid_address=218 set_robust_list=273 get_robust_list=274 rseq=334 arch_prctl=158
getrandom=318 exit=60 exit_group=231 wait4=61 waitid=247 capget=125 close_range=436
"""
_AARCH64 = """
read=63 write=64 close=57 openat=56 openat2=437 fstat=80 newfstatat=79 statx=291 statfs=43
fstatfs=44 lseek=62 faccessat=48 faccessat2=439
pread64=67 pwrite64=68 readv=65 writev=66 preadv=69 pwritev=70 preadv2=286 pwritev2=287
sendfile=71 copy_file_range=285 splice=76 tee=77 fsync=82 fdatasync=83 sync_file_range=84
fadvise64=223 fallocate=47 truncate=45 ftruncate=46
getdents64=61 getcwd=17 chdir=49 fchdir=50 renameat=38 renameat2=276 mkdirat=34 unlinkat=35
linkat=37 symlinkat=36 readlinkat=78 fchmod=52 fchmodat=53 umask=166 utimensat=88 flock=32
fcntl=25 dup=23 dup3=24 pipe2=59
pselect6=72 ppoll=73 epoll_create1=20 epoll_ctl=21 epoll_pwait=22 eventfd2=19 timerfd_create=85
timerfd_settime=86 timerfd_gettime=87
mmap=222 mprotect=226 munmap=215 brk=214 mremap=216 madvise=233 mincore=232 msync=227 mlock=228
munlock=229 mlock2=284 membarrier=283 get_mempolicy=236
rt_sigaction=134 rt_sigprocmask=135 rt_sigreturn=139 rt_sigpending=136 rt_sigtimedwait=137
rt_sigsuspend=133 sigaltstack=132 kill=129 tkill=130 tgkill=131 restart_syscall=128
nanosleep=101 clock_nanosleep=115 clock_gettime=113 clock_getres=114 gettimeofday=169 times=153
getitimer=102 setitimer=103 timer_create=107 timer_settime=110 timer_gettime=108
timer_delete=111 timer_getoverrun=109
getpid=172 getppid=173 gettid=178 getuid=174 geteuid=175 getgid=176 getegid=177 getpgid=155
getsid=156 getgroups=158 getresuid=148 getresgid=150 uname=160 sysinfo=179 getrlimit=163
setrlimit=164 prlimit64=261 getrusage=165 getpriority=141 setpriority=140
sched_yield=124 sched_getaffinity=123 sched_setaffinity=122 sched_getparam=121
sched_getscheduler=120 sched_get_priority_max=125 sched_get_priority_min=126 getcpu=168
futex=98 set_tid_address=96 set_robust_list=99 get_robust_list=100 rseq=293 getrandom=278
exit=93 exit_group=94 wait4=260 waitid=95 capget=90 close_range=436
"""
_CLONE_THREAD = 0x10000
# Questions to a terminal or a file that are harmless; torch names its threads by prctl.
_IOCTL_REQUESTS = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
_PRCTL_OPTIONS = (15, 16, 0x53564D41)

_LOAD, _JUMP_IF_EQUAL, _JUMP_IF_GREATER_OR_EQUAL, _JUMP_IF_SET, _RETURN = 0x20, 0x15, 0x35, 0x45, 6
_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_FAIL = 0x00050000
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT, _SECOND_ARGUMENT = 0, 4, 16, 24
_X32_CALLS = 0x40000000
_SET_NO_NEW_PRIVILEGES, _SET_SECCOMP, _FILTER = 38, 22, 2


@dataclass(frozen=True)
class Machine:
    """A processor's audit number, the calls that are allowed, and those with conditions."""

    audit: int
    allowed: str
    clone: int
    clone3: int
    prctl: int
    ioctl: int


MACHINES = {
    "x86_64": Machine(0xC000003E, _X86_64, clone=56, clone3=435, prctl=157, ioctl=16),
    "aarch64": Machine(0xC00000B7, _AARCH64, clone=220, clone3=435, prctl=167, ioctl=29),
}


def filter_program(machine: Machine) -> bytes:
    """Return the filter as classic BPF, 8 bytes an instruction (``linux/filter.h``)."""
    fail = _FAIL | errno.EPERM
    program = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_JUMP_IF_EQUAL, machine.audit, 1, 0),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER),
        _step(_JUMP_IF_GREATER_OR_EQUAL, _X32_CALLS, 0, 1),
        _step(_RETURN, fail),
        # glibc falls back on clone, whose flags can be read.
        _step(_JUMP_IF_EQUAL, machine.clone3, 0, 1),
        _step(_RETURN, _FAIL | errno.ENOSYS),
        _step(_JUMP_IF_EQUAL, machine.clone, 0, 4),
        _step(_LOAD, _FIRST_ARGUMENT),
        _step(_JUMP_IF_SET, _CLONE_THREAD, 0, 1),
        _step(_RETURN, _ALLOW),
        _step(_RETURN, fail),
        *_only(machine.prctl, _FIRST_ARGUMENT, _PRCTL_OPTIONS, fail),
        *_only(machine.ioctl, _SECOND_ARGUMENT, _IOCTL_REQUESTS, fail),
    ]
    for entry in machine.allowed.split():
        number = int(entry.partition("=")[2])
        program += [_step(_JUMP_IF_EQUAL, number, 0, 1), _step(_RETURN, _ALLOW)]
    return b"".join([*program, _step(_RETURN, fail)])


def _only(number: int, argument: int, values: tuple[int, ...], fail: int) -> list[bytes]:
    """Allow one call with these values of an argument."""
    steps = [_step(_LOAD, argument)]
    for value in values:
        steps += [_step(_JUMP_IF_EQUAL, value, 0, 1), _step(_RETURN, _ALLOW)]
    steps.append(_step(_RETURN, fail))
    return [_step(_JUMP_IF_EQUAL, number, 0, len(steps)), *steps]


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_void_p))


def filter_system_calls(libc: ctypes.CDLL) -> None:
    """Allow this process, from now on and for good, only what the table names.

    Raises ``OSError`` where the kernel refuses, or the processor is not in the table.
    """
    machine = MACHINES.get(platform.machine())
    if machine is None:
        raise OSError(errno.ENOSYS, f"no list of system calls for {platform.machine()}")
    steps = filter_program(machine)
    kept = ctypes.create_string_buffer(steps, len(steps))
    program = _Program(len(steps) // 8, ctypes.addressof(kept))
    zero = ctypes.c_ulong(0)
    if libc.prctl(_SET_NO_NEW_PRIVILEGES, ctypes.c_ulong(1), zero, zero, zero) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs")
    if libc.prctl(_SET_SECCOMP, ctypes.c_ulong(_FILTER), ctypes.byref(program), zero, zero) != 0:
        raise OSError(ctypes.get_errno(), "seccomp")
