"""A testbed's server and Redis without the script around them: started straight from its configuration, so that a test
can give them an environment, kill them, and start them again."""

import contextlib
import pathlib
import signal
import subprocess
import time

from testbed import binary, environment

TURN_S = 0.002
START_S = 30


class Node:
    """The server of a testbed that was stopped."""

    def __init__(self, bed, settings=(), **variables):
        self.bed, self.settings, self.variables = bed, settings, variables
        self.process = None
        self.starts_ms = []

    def start(self):
        """Returns when it is ready."""
        begin = time.monotonic()
        self.launch()
        while not self.is_ready():
            assert self.process.poll() is None, self.bed.log()[-2000:]
            assert time.monotonic() - begin < START_S, self.bed.log()[-2000:]
            time.sleep(TURN_S)
        self.starts_ms.append((time.monotonic() - begin) * 1000)
        return self

    def launch(self):
        more = [word for setting in self.settings for word in ("--set", setting)]
        with open(self.bed.state / "server.log", "ab") as log:
            self.process = subprocess.Popen([binary(), "serve", "--config", str(self.bed.config), *more], stdout=log,
                                            stderr=log, env=environment(**self.variables))
        self.bed.pid = self.process.pid

    def is_ready(self):
        with contextlib.suppress(OSError):
            return self.bed.get("/readyz", admin=True).status == 200
        return False

    @property
    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def wait(self, timeout_s=20):
        return self.process.wait(timeout_s)

    def stop(self):
        self.process.terminate()
        return self.process.wait(20)


@contextlib.contextmanager
def redis_of(bed):
    """The Redis of a stopped testbed, back on its socket."""
    path = pathlib.Path(bed.facts["redis_socket"])
    path.unlink(missing_ok=True)
    process = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", str(path), "--save", "", "--appendonly",
                                "no", "--dir", str(bed.state)], stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()
