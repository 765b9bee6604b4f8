"""A Prefect server for one process, where nobody has named one. It ends with that process, even by kill -9.

Prefect starts one by itself too, but after its own imports, and leaves it behind when it is killed. This one holds the
read end of a pipe, which the kernel closes at the other end however the process ends.
"""

import atexit
import os
import socket
import subprocess
import sys
import threading
from urllib.request import urlopen

HERE = "127.0.0.1"
SECONDS_TO_START, SECONDS_TO_END = 180, 5
SMALL = {"PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1"}


class TemporaryServer:
    def __init__(self) -> None:
        with socket.create_server(
            (HERE, 0)
        ) as door:  # who comes before the server is up waits in the socket's queue
            self._url = f"http://{HERE}:{door.getsockname()[1]}/api"
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__, str(door.fileno())],
                stdin=subprocess.PIPE,
                pass_fds=[door.fileno()],
                env=os.environ | SMALL,
                start_new_session=True,  # what is sent to all of a terminal's processes is for its user to answer
            )
        os.environ["PREFECT_API_URL"] = self._url

    def wait(self) -> None:
        """Until it answers."""
        try:
            with urlopen(f"{self._url}/health", timeout=SECONDS_TO_START):
                pass
        except OSError as error:
            raise ConnectionError(f"Prefect's temporary server did not start: {error}") from error

    def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def start_server() -> TemporaryServer:
    """For a process that has not imported Prefect yet, which reads then where its server is."""
    server = TemporaryServer()
    atexit.register(server.stop)  # what Prefect registers later runs earlier, and still needs it
    return server


def serve(door: socket.socket) -> None:
    import uvicorn  # here, for whoever starts a server need not be one

    config = uvicorn.Config(
        "prefect.server.api.server:create_app", factory=True, log_level="error", lifespan="on"
    )
    server = uvicorn.Server(config)

    def end_with_parent() -> None:
        sys.stdin.buffer.read()
        server.should_exit = True
        threading.Event().wait(SECONDS_TO_END)
        os._exit(0)

    threading.Thread(target=end_with_parent, daemon=True).start()
    server.run(sockets=[door])


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))
