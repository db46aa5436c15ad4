"""`ordinance lab ...`: the simulated city on the command line."""

from __future__ import annotations

import argparse
import os
import select
import signal
import stat
import sys
import time
from typing import NoReturn

from ordinance.errors import UsageError
from ordinance.lab import plants, run, state
from ordinance.lab.city import city_folder, read_city
from ordinance.lab.image import ensure_image
from ordinance.lab.place import lab_name

#: Exit code of `status` when the lab is not up, as of a service that is not running (LSB, init script actions).
NOT_UP = 3


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `lab` and its commands to the command line."""
    lab = subparsers.add_parser("lab", help="the simulated city: start, stop, look around")
    commands = lab.add_subparsers(dest="lab_command", required=True, metavar="COMMAND")
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument("--name", help="which lab (default: $ORDINANCE_LAB, else 'city')")

    start = commands.add_parser("up", parents=[named], help="start the city")
    start.add_argument(
        "--hold", action="store_true", help="stay, and let the city end with this process (or with its stdin pipe)"
    )
    start.set_defaults(run=_up)
    commands.add_parser("down", parents=[named], help="stop the city").set_defaults(run=_down)
    commands.add_parser("status", parents=[named], help="exit 0: up, 3: not up").set_defaults(run=_status)
    inside = commands.add_parser("exec", parents=[named], help="run a command in a host, as its root")
    inside.add_argument("host")
    inside.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- CMD...")
    inside.set_defaults(run=_exec)
    shell = commands.add_parser("shell", parents=[named], help="a shell in a host")
    shell.add_argument("host")
    shell.set_defaults(run=_shell)
    commands.add_parser("plants", help="list the known faults").set_defaults(run=_plants)
    fault = commands.add_parser("plant", parents=[named], help="put the city in breach (or break the looking) in one known way")
    fault.add_argument("fault", metavar="PLANT")
    fault.set_defaults(run=_plant)
    commands.add_parser("image", help="build the hosts' image if need be, and print where it is").set_defaults(run=_image)
    commands.add_parser("hostkeys", help="print the public SSH host keys").set_defaults(run=_hostkeys)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _up(arguments: argparse.Namespace) -> int:
    begin = time.monotonic()
    lab = run.up(arguments.name, hold=arguments.hold)
    _say(f"lab {lab.name}: {len(lab.hosts)} hosts up in {time.monotonic() - begin:.2f} s")
    return _hold(lab) if arguments.hold else 0


def _hold(lab: state.RunningLab) -> int:
    """Stay until a signal, the end of a pipe on stdin, or the end of the lab itself (exit code 1)."""
    wakeup, signalled = os.pipe()
    os.set_blocking(signalled, False)
    signal.set_wakeup_fd(signalled)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: None)
    init = os.pidfd_open(lab.init.pid)
    waiting = [wakeup, init, *([0] if _stdin_is_held() else [])]
    while True:
        ready = select.select(waiting, [], [])[0]
        if init in ready:
            run.down(lab.name)
            sys.stderr.write(f"ordinance: the lab {lab.name} has ended by itself\n")
            return 1
        if wakeup in ready or not os.read(0, 4096):
            run.forget(lab.name)
            return 0


def _stdin_is_held() -> bool:
    """Whether stdin is a pipe or socket that another process holds; a terminal or /dev/null says nothing about anybody's life."""
    mode = os.fstat(0).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _down(arguments: argparse.Namespace) -> int:
    begin = time.monotonic()
    name = lab_name(arguments.name)
    was_up = run.down(name)
    _say(f"lab {name}: down in {time.monotonic() - begin:.2f} s" if was_up else f"lab {name}: was not up")
    return 0


def _status(arguments: argparse.Namespace) -> int:
    lab = state.find(arguments.name)
    if lab is None:
        _say(f"lab {lab_name(arguments.name)}: not up")
        return NOT_UP
    _say(f"lab {lab.name}: up, process {lab.init.pid}, {lab.directory}")
    for name, host in lab.hosts.items():
        where = f"process {host.init.pid}" if host.init.alive() else "ENDED"
        _say(f"  {name:<12} {where:<16} {' '.join(host.addresses)}")
    return 0


def _become(argv: list[str]) -> NoReturn:
    """Become the command, so that its exit status, signals and terminal are ours."""
    sys.stdout.flush()
    os.execv(argv[0], argv)  # noqa: S606 - no shell wanted


def _exec(arguments: argparse.Namespace) -> int:
    argv = arguments.argv[1:] if arguments.argv[:1] == ["--"] else arguments.argv
    if not argv:
        raise UsageError("no command given: ordinance lab exec HOST -- CMD...")
    _become(state.running(arguments.name).enter(arguments.host, argv))


def _shell(arguments: argparse.Namespace) -> int:
    lab = state.running(arguments.name)
    terminal = f"TERM={os.environ.get('TERM', 'dumb')}"
    _become(lab.enter(arguments.host, ["/usr/bin/env", terminal, "/bin/bash", "-l"]))


def _plants(_: argparse.Namespace) -> int:
    for plant in plants.read_plants(city_folder()).values():
        outcome = "violated" if plant.violated else "unproven"
        _say(f"{plant.name}: {plant.tells}")
        _say(f"    {outcome}: {', '.join(plant.violated or plant.unproven)}")
    return 0


def _plant(arguments: argparse.Namespace) -> int:
    known = plants.read_plants(city_folder())
    if arguments.fault not in known:
        raise UsageError(f"no plant is named {arguments.fault!r}; `ordinance lab plants` lists them")
    plants.plant(state.running(arguments.name), known[arguments.fault])
    _say(f"planted: {known[arguments.fault].tells} `ordinance lab down` and `up` undo it.")
    return 0


def _image(_: argparse.Namespace) -> int:
    _say(str(ensure_image(city_folder())))
    return 0


def _hostkeys(_: argparse.Namespace) -> int:
    from ordinance.lab import hostkeys  # noqa: PLC0415 - brings cryptography in, which the other commands need not wait for

    for line in hostkeys.lines(read_city(city_folder()).topology):
        _say(line)
    return 0
