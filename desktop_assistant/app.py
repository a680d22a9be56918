"""Opens the window: builds what it needs, connects it, and takes it down in order.

The database is opened before the window, on its own thread, so that an unusable one is a
sentence and not a broken window. The models are loaded after it, on theirs.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from logging.handlers import RotatingFileHandler
from typing import TYPE_CHECKING

from PySide6.QtCore import QLockFile, QTimer
from PySide6.QtWidgets import QApplication, QMessageBox

from desktop_assistant import __version__
from desktop_assistant.errors import AssistantError, ModelError, StoreError
from desktop_assistant.pack import read_pack
from desktop_assistant.paths import pack_dir
from desktop_assistant.settings import write_settings
from desktop_assistant.sources.demo import DemoSource
from desktop_assistant.sources.transcript import TranscriptSource
from desktop_assistant.store.database import Store
from desktop_assistant.ui.background import Background, Courier, frames_of
from desktop_assistant.ui.chat import read_chats
from desktop_assistant.ui.clock import Clock
from desktop_assistant.ui.desk import Desk
from desktop_assistant.ui.model_watch import ModelWatch
from desktop_assistant.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from desktop_assistant.conversation import Conversation
    from desktop_assistant.inference.engine import Engine
    from desktop_assistant.pack import Pack
    from desktop_assistant.paths import UserPaths
    from desktop_assistant.settings import Settings
    from desktop_assistant.sources import ChatSource
    from desktop_assistant.ui.chat import Chat

log = logging.getLogger(__name__)

LOG_BYTES = 1_000_000
LOG_FILES = 3


def run_window(settings: Settings, paths: UserPaths, transcripts: Sequence[Path] = ()) -> int:
    """Open the window and return the exit status when it is closed.

    Args:
        settings: as they were read.
        paths: the user's folders; made where they are missing.
        transcripts: dialogue files to play instead of the pack's demo.

    Raises: AssistantError with a sentence, before any window is shown, if the folder, the pack,
        a transcript or the database cannot be used, or if a window is open there already.
    """
    app = QApplication.instance() or QApplication(sys.argv[:1])
    if not isinstance(app, QApplication):
        message = "The window needs a QApplication, but another kind is running."
        raise TypeError(message)
    app.setApplicationName("desktop-assistant")
    app.setApplicationDisplayName("Desktop Assistant")
    app.setApplicationVersion(__version__)
    try:
        prepare_home(paths)
        with only_window(paths), log_file(paths.logs):
            return _run(app, settings, paths, transcripts)
    except AssistantError as exc:
        if sys.stderr is None:
            # Started without a console: there is nowhere else to say it.
            QMessageBox.critical(None, app.applicationDisplayName(), str(exc))
        raise


@dataclass(frozen=True, slots=True)
class _StoredDesk:
    store: Store
    chats: list[Chat]


def _run(
    app: QApplication, settings: Settings, paths: UserPaths, transcripts: Sequence[Path]
) -> int:
    from desktop_assistant.ui.main_window import MainWindow

    pack = read_pack(pack_dir(settings.pack))
    store_worker = Worker("store")
    try:
        stored = open_desk(store_worker, paths.database)
        clock = Clock()
        source = _source(pack, transcripts, clock, [chat.conversation for chat in stored.chats])
    except AssistantError:
        store_worker.close(finish=True)
        raise
    courier = Courier(app)
    engine = Background(
        Worker("engine"), partial(open_local_engine, settings, paths, pack), courier, "engine"
    )
    desk = Desk(
        engine=engine,
        store=Background(store_worker, lambda: stored.store, courier, "store"),
        source=source,
        settings=settings,
        clock=clock,
        chats=stored.chats,
        parent=app,
    )
    courier.stumbled.connect(desk.tell_stumble)
    ModelWatch(paths.models, engine, desk.engine_status.emit, app)
    window = MainWindow(
        desk=desk,
        pack=pack,
        settings=settings,
        save_settings=partial(write_settings, paths.settings),
    )
    with exceptions_told(courier):
        window.show()
        return _work(app, desk)


def _work(app: QApplication, desk: Desk) -> int:
    """Run until the window is closed, and take everything down."""
    QTimer.singleShot(0, desk.start)
    log.info("window opened, %d conversations", len(desk.conversations()))
    status = app.exec()
    if not desk.shutdown():
        _leave_at_once(status)
    log.info("window closed")
    return status


def open_desk(worker: Worker, database: Path) -> _StoredDesk:
    """Open the store on its own thread and wait for it; no event loop runs yet.

    Raises: StoreError.
    """
    answer: Future[_StoredDesk] = Future()

    def open_there() -> _StoredDesk:
        store = Store(database)
        return _StoredDesk(store, read_chats(store))

    worker.submit(lambda _: open_there(), answer.set_result, answer.set_exception)
    return answer.result()


def open_local_engine(settings: Settings, paths: UserPaths, pack: Pack) -> Engine:
    """Load the models. Called on the engine's thread, which also pays for the imports.

    Raises: ModelError if ONNX Runtime is not installed.
    """
    try:
        from desktop_assistant.inference.assembly import open_engine
    except ImportError as exc:
        message = (
            f"The models cannot run: {exc.name} is not installed. Install it with "
            "pip install 'desktop-assistant[cpu]'; until then you type without help."
        )
        raise ModelError(message) from exc
    return open_engine(settings, paths, pack=pack)


def prepare_home(paths: UserPaths) -> None:
    """Make the user's folders. Raises: StoreError if they cannot be made or written to."""
    try:
        for folder in (paths.logs, paths.models):
            folder.mkdir(parents=True, exist_ok=True)
        probe = paths.home / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as exc:
        message = (
            f"The folder {paths.home} cannot be used ({exc.strerror}). "
            "Make it writable, or choose another one with --home."
        )
        raise StoreError(message) from exc


@contextmanager
def only_window(paths: UserPaths) -> Iterator[None]:
    """Keep a second window away. Raises: StoreError if there is one.

    A lock that a killed window has left behind does not count.
    """
    lock = QLockFile(str(paths.home / "window.lock"))
    lock.setStaleLockTime(0)
    if not lock.tryLock(0):
        message = (
            f"The assistant is open already with the folder {paths.home}. "
            "Go to that window, or choose another folder with --home."
        )
        raise StoreError(message)
    try:
        yield
    finally:
        lock.unlock()


@contextmanager
def log_file(folder: Path) -> Iterator[None]:
    """Write what happens into a file of limited size, without what anybody wrote."""
    handler = RotatingFileHandler(
        folder / "assistant.log", maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8"
    )
    handler.setFormatter(DiscreetFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root, ours = logging.getLogger(), logging.getLogger("desktop_assistant")
    level, others = ours.level, [(other, other.level) for other in root.handlers]
    for other, its_level in others:
        # What is only for the file would else reach the console, too.
        other.setLevel(max(its_level, root.level))
    ours.setLevel(logging.INFO)
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        ours.setLevel(level)
        for other, its_level in others:
            other.setLevel(its_level)
        handler.close()


class DiscreetFormatter(logging.Formatter):
    """Writes tracebacks without the exceptions' messages, which may quote a customer."""

    def format(self, record: logging.LogRecord) -> str:
        # Another handler may have left its own, talkative traceback in the record.
        cached, record.exc_text = record.exc_text, None
        try:
            return super().format(record)
        finally:
            record.exc_text = cached

    def formatException(  # noqa: N802  # logging's own spelling
        self,
        ei: tuple[type[BaseException], BaseException, TracebackType | None]
        | tuple[None, None, None],
    ) -> str:
        return frames_of(ei[1]) if ei[1] is not None else ""


@contextmanager
def exceptions_told(courier: Courier) -> Iterator[None]:
    """Log what nobody has caught, on any thread, tell it calmly, and let the window live on."""

    def tell(exc: BaseException | None) -> None:
        if exc is not None:
            log.error("nobody caught this\n%s", frames_of(exc))
            courier.stumbled.emit()

    before = sys.excepthook, threading.excepthook
    sys.excepthook = lambda _kind, exc, _frames: tell(exc)
    threading.excepthook = lambda args: tell(args.exc_value)
    try:
        yield
    finally:
        sys.excepthook, threading.excepthook = before


def _source(
    pack: Pack, transcripts: Sequence[Path], clock: Clock, continued: Sequence[Conversation]
) -> ChatSource:
    if transcripts:
        return TranscriptSource(transcripts, _after, clock.now, continued=continued)
    return DemoSource(pack.demo, _after, clock.now, continued=continued)


def _after(delay_s: float, call: Callable[[], None]) -> None:
    QTimer.singleShot(round(delay_s * 1000), call)


def _leave_at_once(status: int) -> None:
    """End the process while a worker is still busy, which no interpreter survives in order.

    Python would take its modules away from under a thread inside ONNX Runtime, and abort. All
    that matters is in the store by now.
    """
    log.warning("window closed while a worker was busy")
    logging.shutdown()
    os._exit(status)
