"""Make `.venv` and install the locked packages into it: `python3 scripts/environment.py base|dev|bench`.

Run by the machine's own Python before anything is installed, so it uses the standard library only, and nothing
that an old Python can't read: an old one must get as far as the sentence that says so.
"""

import errno
import fcntl
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "sito-installed"
LOG = VENV / "install.log"
# Each holds all of those before it.
LOCKS = {"base": ["base"], "dev": ["base", "dev", "e2e"], "bench": ["base", "dev", "e2e", "bench"]}
NEEDED = 1 << 30  # .venv takes 600 MB with everything, and as much again for a moment in the package cache


class RefusedError(Exception):
    """One sentence for the person who ran us."""


def lock_file(name):
    return REQUIREMENTS / "{}.txt".format(name)


def fingerprint(level):
    digest = hashlib.sha256("{} {}".format(level, sys.version).encode())
    for name in ["uv", *LOCKS[level]]:
        digest.update(lock_file(name).read_bytes())
    return digest.hexdigest()


def installed(level):
    """Whether `level`, or one that holds all of it, is in place."""
    if not STAMP.exists() or not PYTHON.exists():
        return False
    levels = list(LOCKS)
    return STAMP.read_text() in [fingerprint(each) for each in levels[levels.index(level) :]]


def require_machine():
    if sys.version_info < (3, 11):
        raise RefusedError("Python 3.11 or newer is needed; this is {}.{}.".format(*sys.version_info[:2]))
    if not os.access(str(ROOT), os.W_OK):
        raise RefusedError("No permission to write in {}; run this in a folder of yours.".format(ROOT))


def require_room():
    disk = os.statvfs(str(ROOT))
    free = disk.f_bavail * disk.f_frsize
    if free < NEEDED:
        numbers = (ROOT, free >> 20, NEEDED >> 20)
        raise RefusedError("Too little disk space in {}: {} MB free, {} MB needed.".format(*numbers))


def run(*command):
    """Whether `command` succeeded; all it says goes to the log."""
    with LOG.open("ab") as log:
        words = [str(word) for word in command]
        return subprocess.call(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=str(ROOT)) == 0


def usable():
    """Whether `.venv` is one of the running Python, and whole."""
    ask = [str(PYTHON), "-c", "import sys, pip; print(sys.version)"]
    try:
        return subprocess.check_output(ask, stderr=subprocess.DEVNULL).decode().strip() == sys.version
    except (OSError, subprocess.CalledProcessError):
        return False


def make_environment():
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode and b"ensurepip" in done.stdout:
        raise RefusedError(
            "Python's venv module is incomplete: install it (Debian and Ubuntu: apt-get install python3-venv)."
        )
    if done.returncode:
        raise RefusedError(why(done.stdout, "The environment .venv could not be made"))


def install(level):
    if STAMP.exists():
        STAMP.unlink()
    files = [lock_file(name) for name in LOCKS[level]]
    if not with_uv(files) and not with_pip(files):
        raise RefusedError(why(LOG.read_bytes()[-20000:], "The packages could not be installed"))
    STAMP.write_text(fingerprint(level))


def with_uv(files):
    """The quick way; false where there is no build of uv for this machine, or it failed."""
    pip = (PYTHON, "-m", "pip", "--disable-pip-version-check", "--quiet")
    if not run(*pip, "install", "--require-hashes", "--no-deps", "--only-binary", ":all:", "-r", lock_file("uv")):
        return False
    return run(PYTHON, "-m", "uv", "pip", "sync", "--quiet", "--require-hashes", "--python", PYTHON, *files)


def with_pip(files):
    pip = (PYTHON, "-m", "pip", "--disable-pip-version-check", "--quiet")
    return all(run(*pip, "install", "--require-hashes", "--no-deps", "-r", path) for path in files)


def why(output, problem):
    if b"No space left on device" in output:
        return "The disk is full: free some space and run it again."
    if b"Permission denied" in output:
        return "No permission to write in {}; it may belong to another user.".format(VENV)
    return "{}; the reason is in {}.".format(problem, LOG)


def main():
    level = sys.argv[1]
    require_machine()
    lock = os.open(str(REQUIREMENTS), os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)  # `make demo` and `make test` at once: one installs, the other finds it done
    if installed(level):
        return
    require_room()
    begun = time.time()
    sys.stdout.write("  packages      ")
    sys.stdout.flush()
    try:
        if not usable():
            make_environment()
        install(level)
    except BaseException:
        print()
        raise
    print("installed  ({:.1f} s)".format(time.time() - begun))


if __name__ == "__main__":
    try:
        main()
    except RefusedError as refused:
        sys.exit(str(refused))
    except KeyboardInterrupt:
        sys.exit(130)
    except EnvironmentError as error:
        if error.errno == errno.ENOSPC:
            sys.exit("The disk is full: free some space and run it again.")
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            sys.exit("No permission to write in {}; run this in a folder of yours.".format(ROOT))
        raise
