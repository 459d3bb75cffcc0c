//! The terminal on which a passphrase is asked for, and how a command leaves it.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::poll::{PollFd, PollFlags, poll};
use nix::pty::openpty;
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::unistd::Pid;

/// What the key sends.
const CTRL_C: u8 = 3;

/// A terminal of its own, and the command that runs there.
struct Asked {
    terminal: File,
    /// Held, so that the terminal outlives the command.
    _inside: OwnedFd,
    command: Child,
    printed: String,
}

impl Asked {
    /// Starts a command and waits until it asks.
    fn by(words: &[&str], directory: &Path) -> Self {
        let pty = openpty(None, None).unwrap();
        let mut command = Command::new("setsid");
        command
            .args(["--ctty", env!("CARGO_BIN_EXE_sealbid")])
            .args(words)
            .current_dir(directory)
            .env("SEALBID_CONFIG", "")
            .env_remove("SEALBID_PASSPHRASE_FILE")
            .stdin(Stdio::from(pty.slave.try_clone().unwrap()))
            .stdout(Stdio::from(pty.slave.try_clone().unwrap()))
            .stderr(Stdio::from(pty.slave.try_clone().unwrap()));
        let mut asked = Self {
            terminal: File::from(pty.master),
            _inside: pty.slave,
            command: command.spawn().unwrap(),
            printed: String::new(),
        };
        // The question comes first, and then the echo goes.
        while !asked.printed.contains("passphrase") || asked.echoes() {
            asked.reads();
            let ended = asked.command.try_wait().unwrap();
            assert!(ended.is_none(), "{ended:?}: {}", asked.printed);
        }
        asked
    }

    /// Takes what was printed, or waits for it a moment.
    fn reads(&mut self) -> bool {
        let mut printed = [PollFd::new(self.terminal.as_fd(), PollFlags::POLLIN)];
        if poll(&mut printed, 20_u8).unwrap() == 0 {
            return false;
        }
        let mut buffer = [0; 1024];
        let read = self.terminal.read(&mut buffer).unwrap();
        self.printed += &String::from_utf8_lossy(&buffer[..read]);
        true
    }

    fn echoes(&self) -> bool {
        let as_it_is = tcgetattr(self.terminal.as_fd()).unwrap().local_flags;
        as_it_is.contains(LocalFlags::ECHO | LocalFlags::ICANON | LocalFlags::ISIG)
    }

    /// Waits for the end: its exit code.
    fn ends(&mut self) -> i32 {
        let ended = self.command.wait().unwrap();
        while self.reads() {}
        ended.code().unwrap()
    }
}

const ASKING: [&[&str]; 2] = [
    &["keygen", "identity", "new"],
    &["account", "new", "--out", "account.json"],
];

#[test]
fn ctrl_c_at_a_passphrase_is_called_that_and_leaves_the_terminal_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    // Which of its threads is first differs from time to time.
    for words in ASKING.iter().cycle().take(20) {
        let mut asked = Asked::by(words, directory.path());
        asked.terminal.write_all(&[CTRL_C]).unwrap();
        assert_eq!(asked.ends(), 130, "{}", asked.printed);
        assert!(asked.echoes(), "{words:?}");
        assert!(!asked.printed.contains("terminal"), "{}", asked.printed);
    }
}

#[test]
fn a_command_that_is_ended_while_it_asks_leaves_the_terminal_as_it_was() {
    let directory = tempfile::tempdir().unwrap();
    for words in ASKING {
        let mut asked = Asked::by(words, directory.path());
        let process = i32::try_from(asked.command.id()).unwrap();
        kill(Pid::from_raw(process), Signal::SIGTERM).unwrap();
        asked.ends();
        assert!(asked.echoes(), "{words:?}");
    }
}
