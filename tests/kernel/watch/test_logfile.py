"""One log, many writers: nothing is lost, torn or written twice, however often it is put aside."""

from __future__ import annotations

import json
import multiprocessing
import os
import stat
from pathlib import Path

from nexafi.kernel.watch import logfile
from nexafi.kernel.watch.logfile import LogFile

WRITERS, LINES = 4, 400


def numbered(path: Path) -> list[tuple[int, int]]:
    lines = [line for file in logfile.files(path) for line in file.read_text().splitlines()]
    return [tuple(json.loads(line)) for line in lines]


def write_many(path: Path, writer: int) -> None:
    log = LogFile(path, bytes_max=2_000, files_max=10_000)
    for number in range(LINES):
        log.write(json.dumps([writer, number]) + "\n")


def test_several_processes_write_one_log_and_every_line_is_there_once(tmp_path):
    path = tmp_path / "nexafi.log"
    fork = multiprocessing.get_context("fork")
    writers = [fork.Process(target=write_many, args=(path, each)) for each in range(WRITERS)]
    for each in writers:
        each.start()
    for each in writers:
        each.join(60)

    assert [each.exitcode for each in writers] == [0] * WRITERS
    assert sorted(numbered(path)) == [(w, n) for w in range(WRITERS) for n in range(LINES)]
    files = logfile.files(path)
    assert len(files) > 5
    assert all(each.stat().st_size < 4_000 for each in files)


def test_lines_of_one_writer_stand_in_their_order_across_files(tmp_path):
    path = tmp_path / "nexafi.log"

    write_many(path, 0)

    assert numbered(path) == [(0, number) for number in range(LINES)]


def test_only_so_many_files_are_kept_the_latest(tmp_path):
    path = tmp_path / "nexafi.log"
    log = LogFile(path, bytes_max=100, files_max=3)

    for number in range(60):
        log.write(json.dumps([0, number]) + "\n")

    assert len(logfile.files(path)) <= 3
    kept = [number for _, number in numbered(path)]
    assert kept == list(range(kept[0], 60))


def test_a_log_that_someone_took_away_is_begun_again(tmp_path):
    path = tmp_path / "nexafi.log"
    log = LogFile(path)
    log.write("[0, 1]\n")

    path.rename(tmp_path / "taken")
    log.write("[0, 2]\n")

    assert numbered(path) == [(0, 2)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_full_disk_stops_nobody_and_the_torn_line_spoils_no_other(tmp_path, monkeypatch):
    path = tmp_path / "nexafi.log"
    log = LogFile(path)
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:3]))
    log.write("[0, 1]\n")
    monkeypatch.setattr(os, "write", write)

    log.write("[0, 2]\n")

    assert path.read_text() == "[0,\n[0, 2]\n"
    assert log.failures == 1
