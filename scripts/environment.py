"""Make `.venv` and install the locked packages into it: `python3 scripts/environment.py base|dev`.

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

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
STAMP = os.path.join(VENV, "sito-installed")
LOG = os.path.join(VENV, "install.log")
LOCKS = {"base": ["base"], "dev": ["base", "dev", "e2e"]}
NEEDED = 1 << 30  # .venv takes 600 MB with everything, and as much again for a moment in the package cache


class Refused(Exception):
    """One sentence for the person who ran us."""


def lock_file(name):
    return os.path.join(ROOT, "requirements", name + ".txt")


def fingerprint(level):
    digest = hashlib.sha256(("%s %s" % (level, sys.version)).encode())
    for name in ["uv"] + LOCKS[level]:
        with open(lock_file(name), "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()


def installed(level):
    """Whether `level`, or `dev`, which holds all of `base`, is in place."""
    if not os.path.exists(STAMP) or not os.path.exists(PYTHON):
        return False
    with open(STAMP) as file:
        return file.read() in (fingerprint(level), fingerprint("dev"))


def require_machine():
    if sys.version_info < (3, 11):
        raise Refused("Python 3.11 or newer is needed; this is %d.%d." % sys.version_info[:2])
    if not os.access(ROOT, os.W_OK):
        raise Refused("No permission to write in %s; run this in a folder of yours." % ROOT)
    free = os.statvfs(ROOT)
    if free.f_bavail * free.f_frsize < NEEDED:
        raise Refused(
            "Too little disk space in %s: %d MB free, %d MB needed."
            % (ROOT, free.f_bavail * free.f_frsize >> 20, NEEDED >> 20)
        )


def run(*command):
    """Whether `command` succeeded; all it says goes to the log."""
    with open(LOG, "ab") as log:
        return subprocess.call(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT) == 0


def make_environment():
    """A virtual environment of the running Python; one of another version, or a broken one, is replaced."""
    version = "%d.%d.%d" % sys.version_info[:3]
    try:
        said = subprocess.check_output(
            [PYTHON, "-c", "import sys, pip; print(sys.version.split()[0])"], stderr=subprocess.DEVNULL
        )
        if said.decode().strip() == version:
            return
    except (OSError, subprocess.CalledProcessError):
        pass
    done = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", VENV], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode:
        if b"ensurepip" in done.stdout:
            raise Refused(
                "Python's venv module is incomplete; install it (Debian, Ubuntu: apt-get install python3-venv)."
            )
        raise Refused(why(done.stdout, "The environment .venv could not be made"))


def install(level):
    if os.path.exists(STAMP):
        os.unlink(STAMP)
    files = [lock_file(name) for name in LOCKS[level]]
    if not (with_uv(files) or with_pip(files)):
        with open(LOG, "rb") as log:
            raise Refused(why(log.read()[-20000:], "The packages could not be installed"))
    with open(STAMP, "w") as file:
        file.write(fingerprint(level))


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
        return "No permission to write in %s; it may belong to another user." % VENV
    return "%s; the reason is in %s." % (problem, LOG)


def main():
    level = sys.argv[1]
    require_machine()
    lock = os.open(os.path.join(ROOT, "requirements"), os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)  # `make demo` and `make test` at once: one installs, the other finds it done
    if installed(level):
        return
    begun = time.time()
    sys.stdout.write("  %-14s" % "packages")
    sys.stdout.flush()
    try:
        make_environment()
        install(level)
    except BaseException:
        print("")
        raise
    print("installed  (%.1f s)" % (time.time() - begun))


if __name__ == "__main__":
    try:
        main()
    except Refused as refused:
        sys.exit(str(refused))
    except KeyboardInterrupt:
        sys.exit(130)
    except EnvironmentError as error:
        if error.errno == errno.ENOSPC:
            sys.exit("The disk is full: free some space and run it again.")
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            sys.exit("No permission to write in %s; run this in a folder of yours." % error.filename)
        raise
