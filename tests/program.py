"""Runs ``glove-rs`` command lines as processes, as a shell does.

Starting Python and importing modules take most of the time of a short command line. So one server
process imports all modules of the package, and forks a child for each command line. Like a program
that is started, the child has its own arguments, folder, environment, standard streams and exit
code. It skips the start of the interpreter and the destruction of all objects at its end, which
take longer than most commands. Tests of these two run :data:`PROGRAM` as a new process.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

#: The script `glove-rs` that pip installed beside the interpreter.
PROGRAM = Path(sys.executable).with_name("glove-rs" + (".exe" if os.name == "nt" else ""))

#: Seconds after which a command line counts as hanging.
HANG = 600


def call(
    *arguments: object, stdin: bytes = b"", cwd: Path | None = None, **options: Any
) -> subprocess.CompletedProcess[bytes]:
    """Run a command line, which may fail.

    If there are `options` for `subprocess.run`, or if the system cannot fork, start a new process.
    Otherwise the server forks a child.
    """
    command = [str(PROGRAM), *map(str, arguments)]
    if hasattr(os, "fork") and not options:
        return _forked(command, stdin, cwd)
    return subprocess.run(
        command, input=stdin, capture_output=True, cwd=cwd, timeout=HANG, check=False, **options
    )


def done(*arguments: object, **options: Any) -> bytes:
    """Run a command line that must succeed. Return its standard output."""
    result = call(*arguments, **options)
    assert result.returncode == 0, result.stderr.decode()
    assert b"Traceback" not in result.stderr
    return result.stdout


def answer(*arguments: object, **options: Any) -> Any:
    """Run a command line with ``--json`` that must succeed. Return the value that it prints."""
    return json.loads(done(*arguments, "--json", **options))


def reason(code: int, *arguments: object, **options: Any) -> str:
    """Run a command line that must fail with `code`. Return its one line of error message."""
    result = call(*arguments, **options)
    message = result.stderr.decode()
    assert result.returncode == code, message
    lines = message.splitlines()
    # For a wrong call, argparse prints the usage before the message.
    assert len(lines) == 1 or (code == 2 and lines[0].startswith("usage: ")), message
    return lines[-1]


# --- the server that forks ------------------------------------------------------------------------


def preload(*libraries: str) -> None:
    """Let the server import libraries, so that no child imports them again.

    A test file calls this if many of its command lines need a library that is slow to import.
    """
    if hasattr(os, "fork"):
        server = _server()
        _send(server, {"import": libraries}, [])
        assert _number(server) == len(libraries)


@cache
def _server() -> socket.socket:
    """Start the server, and return a socket to it.

    The server ends when the socket is closed, or when this process ends.
    """
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(
        [sys.executable, "-P", __file__, str(theirs.fileno())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=[theirs.fileno()],
        start_new_session=True,  # Ctrl-C interrupts the tests only
    )
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    ours.settimeout(HANG)
    return ours


def _forked(
    command: list[str], stdin: bytes, cwd: Path | None
) -> subprocess.CompletedProcess[bytes]:
    server = _server()
    request = {"command": command, "cwd": os.fspath(cwd or os.getcwd()), "environ": {**os.environ}}
    pipes = [os.pipe() for _ in range(3)]  # (to read, to write)
    theirs = [pipes[0][0], pipes[1][1], pipes[2][1]]
    _send(server, request, theirs)
    for fd in theirs:
        os.close(fd)
    pid = _number(server)
    try:
        outputs = _communicate(pipes[0][1], [pipes[1][0], pipes[2][0]], stdin)
        status = _number(server)
    except TimeoutError as error:
        os.kill(pid, signal.SIGKILL)
        _number(server)
        raise subprocess.TimeoutExpired(command, HANG) from error
    return subprocess.CompletedProcess(command, os.waitstatus_to_exitcode(status), *outputs)


def _send(server: socket.socket, request: dict[str, Any], fds: list[int]) -> None:
    content = json.dumps(request).encode()
    socket.send_fds(server, [len(content).to_bytes(8, "little")], fds)
    server.sendall(content)


def _communicate(to: int, sources: list[int], stdin: bytes) -> list[bytes]:
    """Write `stdin` to the pipe `to`. Return what the pipes `sources` give until they end."""
    end = time.monotonic() + HANG
    outputs = {fd: bytearray() for fd in sources}
    rest = memoryview(stdin)
    os.set_blocking(to, False)
    with selectors.DefaultSelector() as selector:
        for fd in sources:
            selector.register(fd, selectors.EVENT_READ)
        selector.register(to, selectors.EVENT_WRITE)
        while selector.get_map():
            ready = selector.select(max(0.0, end - time.monotonic()))
            if not ready:
                raise TimeoutError
            for key, _ in ready:
                if key.fd != to:
                    found = os.read(key.fd, 1 << 16)
                    outputs[key.fd] += found
                    finished = not found
                else:
                    try:
                        rest = rest[os.write(to, rest[: 1 << 16]) :]
                        finished = not rest
                    except BrokenPipeError:  # the command line has closed its standard input
                        finished = True
                if finished:
                    selector.unregister(key.fd)
                    os.close(key.fd)
    return [bytes(outputs[fd]) for fd in sources]


def _number(source: socket.socket) -> int:
    """Read eight bytes as a number."""
    content = b""
    while len(content) < 8:
        found = source.recv(8 - len(content))
        if not found:
            raise ConnectionError("the server of tests/program.py has ended")
        content += found
    return int.from_bytes(content, "little")


def _serve(requests: socket.socket) -> None:
    """Fork a child for each command line. Answer with its process id, then its wait status.

    A request to import libraries gets one answer: their number.
    """
    import glove_rs.cli

    _import_all(glove_rs)
    gc.freeze()  # so that garbage collection in a child does not copy the pages of all objects
    while True:
        content, fds, _, _ = socket.recv_fds(requests, 8, 3)
        if not content:
            return
        size = int.from_bytes(content, "little")
        content = b""
        while len(content) < size:
            content += requests.recv(size - len(content))
        request = json.loads(content)
        if "import" in request:
            for library in request["import"]:
                importlib.import_module(library)
            gc.freeze()
            requests.sendall(len(request["import"]).to_bytes(8, "little"))
            continue
        pid = os.fork()
        if pid == 0:
            requests.close()
            _become(request, fds)
            _end(_code_of(glove_rs.cli.main))
        for fd in fds:
            os.close(fd)
        requests.sendall(pid.to_bytes(8, "little"))
        _, status = os.waitpid(pid, 0)
        requests.sendall(status.to_bytes(8, "little"))


def _import_all(package: ModuleType) -> None:
    """Import the modules of a package that need no extra, and with them NumPy."""
    for name in modules(package, but=("glove_rs.dask", "glove_rs.__main__")):
        importlib.import_module(name)


def modules(package: ModuleType, but: tuple[str, ...]) -> list[str]:
    """Return the names of the modules in a package and in its packages, except those of `but`.

    Unlike `pkgutil.walk_packages`, this function does not import the packages of `but`: importing
    `glove_rs.dask` imports Dask, which takes longer than all other modules.
    """
    found = []
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if module.name not in but:
            found.append(module.name)
            if module.ispkg:
                found += modules(importlib.import_module(module.name), but)
    return found


def _code_of(main: Callable[[], int]) -> object:
    try:
        return main()
    except SystemExit as end:
        return end.code


def _end(code: object) -> None:
    """End as ``sys.exit(code)`` does, but without destroying the objects if `code` is a number."""
    threading._shutdown()  # type: ignore[attr-defined]  # waits for threads, as the interpreter does
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        sys.exit(code)  # the interpreter says what could not be written
    if isinstance(code, int):
        os._exit(code)
    sys.exit(code)


def _become(request: dict[str, Any], fds: list[int]) -> None:
    """In the child: take over the arguments, folder, environment and streams of the request."""
    for target, fd in enumerate(fds):
        os.dup2(fd, target)
        os.close(fd)
    # Python's streams still belong to the server: open new ones.
    sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
    sys.stderr = os.fdopen(2, "w", buffering=1, errors="backslashreplace")
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["environ"])
    sys.argv = request["command"]


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
