#!/usr/bin/python3
"""Types into a real shell on a terminal of its own and says whether the line became what it should.

    type_in_shell.py bash|zsh|fish SCRIPT FOLDER < CASES

CASES: lines "TYPED<tab>BECOMES"; a tabulator is pressed after TYPED (thrice for the list of what is possible,
when BECOMES begins with "?", then some line of the list must hold the rest). Prints "ok" or what was on the
screen, a line a case.
"""
import glob
import os
import pty
import re
import select
import sys
import time

START = {
    "bash": ["bash", "--noprofile", "--norc", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
PREPARE = {
    "bash": "PS1='READY> '; bind 'set bell-style none'; bind 'set completion-query-items 0'; "
            "bind 'set page-completions off'; source '{}'\n",
    "zsh": "PS1='READY> '; autoload -Uz compinit; compinit -u -D; unsetopt BEEP; source '{}'\n",
    "fish": "function fish_prompt; printf 'READY> '; end; set -g fish_greeting; set -g fish_autosuggestion_enabled 0; "
            "source '{}'\n",
}
PATIENCE = 30.0  # seconds; what comes earlier ends the wait


def plain(raw):
    text = raw.decode("utf-8", "replace")
    text = re.sub(r"\x1b\][^\x07\x1b]*(\x07|\x1b\\)", "", text)
    return re.sub(r"\x1b[\[(][0-9;?>=]*[A-Za-z]|\x1b[=>]|\r|\x0f", "", text)


class Shell:
    def __init__(self, name, script, folder):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.environ.update(TERM="xterm", COLUMNS="200", LINES="60")
            os.execvp(START[name][0], START[name])
        import fcntl, struct, termios
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 200, 0, 0))
        self.seen = b""
        self.send(PREPARE[name].format(script))
        self.wait(lambda text: text.count("READY> ") >= 2 or text.rstrip().endswith("READY>"))

    def send(self, text):
        os.write(self.fd, text.encode())

    def read(self, seconds):
        ready, _, _ = select.select([self.fd], [], [], seconds)
        if ready:
            try:
                self.seen += os.read(self.fd, 65536)
            except OSError:
                return False
        return bool(ready)

    def wait(self, is_done):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if is_done(plain(self.seen)):
                while self.read(0.2):
                    pass
                return True
            self.read(0.2)
        return False

    def has_children(self):
        """Whether a program is running for it: interrupted in the middle of a completion, bash completes no more."""
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                state, parent = open(path, encoding="utf-8", errors="replace").read().rpartition(")")[2].split()[:2]
            except (OSError, ValueError):  # it has ended meanwhile
                continue
            if int(parent) == self.pid and state != "Z":
                return True
        return False

    def press(self, typed, becomes):
        self.seen = b""
        self.send(typed)
        self.wait(lambda text: typed in text)
        wanted = becomes
        if becomes.startswith("?"):
            wanted = becomes[1:]
            self.seen = b""
            self.send("\t\t\t")  # the first may add what all have in common
        else:
            self.send("\t")
        found = self.wait(lambda text: wanted in text) and self.wait(lambda _: not self.has_children())
        screen = plain(self.seen)
        self.seen = b""
        self.send("\x03")
        self.wait(lambda text: "READY>" in text)
        return "ok" if found else repr(screen)


def main():
    name, script, folder = sys.argv[1:]
    shell = Shell(name, script, folder)
    for line in sys.stdin:
        typed, _, becomes = line.rstrip("\n").partition("\t")
        print(shell.press(typed, becomes), flush=True)
    os.close(shell.fd)


main()
