//! Terminals in which the blocks of a page are typed, and the folder that they are opened in.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::pty::openpty;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How long a block may take: test machines are slow, and this is a debug build.
const PATIENCE: Duration = Duration::from_secs(180);

/// How long what runs on may take to stop.
const FAREWELL: Duration = Duration::from_secs(20);

/// What the key sends.
const CTRL_C: u8 = 3;

/// What a terminal's shell does: it runs the blocks that it is given, one after another, in one
/// process, so that variables and jobs stay. `ERR` tells of every command that fails, not of the last;
/// the block as a whole fails with its last.
const SHELL: &str = r#"
exec 3<"$1"
trap : INT
trap 'code=$?; [ "$BASH_COMMAND" = ". \"\$block\"" ] || failed="$failed$code $BASH_COMMAND; "' ERR
while read -r block <&3; do
    failed=
    . "$block"
    printf '%s\n' "$failed" >"$block.ending"
    mv "$block.ending" "$block.ended"
done
"#;

/// The folder of a page, as a clean clone has it, and the terminals that are open there.
pub(crate) struct Desk {
    folder: tempfile::TempDir,
    terminals: BTreeMap<String, Terminal>,
    blocks: usize,
}

struct Terminal {
    shell: Child,
    /// What is typed comes out of here for the shell's commands.
    keyboard: File,
    /// The shell learns here of its next block.
    blocks: File,
    screen: PathBuf,
    seen: usize,
    /// What was typed last.
    last: Option<Typed>,
}

/// A block that was typed.
#[derive(Clone)]
pub(crate) struct Typed {
    terminal: String,
    block: PathBuf,
}

impl Desk {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Beside what the page makes: names that no page uses.
        fs::create_dir(folder.path().join(".home")).unwrap();
        fs::create_dir(folder.path().join("clone")).unwrap();
        Self {
            folder,
            terminals: BTreeMap::new(),
            blocks: 0,
        }
    }

    /// Types a block; `answers` are typed ahead for its prompts.
    pub(crate) fn types(&mut self, terminal: &str, block: &str, answers: &[String]) -> Typed {
        self.blocks += 1;
        let path = self.folder.path().join(format!(".block-{}", self.blocks));
        fs::write(&path, self.filled_in(block)).unwrap();
        let place = self.terminal(terminal);
        place.seen = place.length();
        for answer in answers {
            writeln!(place.keyboard, "{answer}").unwrap();
        }
        writeln!(place.blocks, "{}", path.display()).unwrap();
        let typed = Typed {
            terminal: terminal.to_owned(),
            block: path,
        };
        place.last = Some(typed.clone());
        typed
    }

    /// Types Ctrl-C, and waits until what runs there has ended.
    pub(crate) fn interrupts(&mut self, terminal: &str) {
        let place = self.terminal(terminal);
        let last = place.last.clone().expect("something runs there");
        place.keyboard.write_all(&[CTRL_C]).unwrap();
        self.ended(&last);
    }

    /// Waits until a block has ended: the commands of it that failed, and what it printed.
    pub(crate) fn ended(&self, typed: &Typed) -> (String, String) {
        let ended = typed.block.with_extension("ended");
        self.wait(typed, "does not end", || ended.exists());
        // What a command leaves running may still have a line to say.
        (fs::read_to_string(ended).unwrap(), self.printed(typed))
    }

    /// Waits until a block that goes on has printed something.
    pub(crate) fn until(&self, typed: &Typed, text: &str) -> String {
        let ended = typed.block.with_extension("ended");
        let is_there = || self.printed(typed).contains(text);
        self.wait(typed, text, || is_there() || ended.exists());
        let printed = self.printed(typed);
        assert!(is_there(), "it ended without {text:?}:\n{printed}");
        printed
    }

    fn wait(&self, typed: &Typed, what: &str, is_there: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_there() {
            let printed = || self.printed(typed);
            assert!(Instant::now() < deadline, "{what}:\n{}", printed());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn printed(&self, typed: &Typed) -> String {
        let place = &self.terminals[&typed.terminal];
        let all = fs::read(&place.screen).unwrap();
        String::from_utf8_lossy(&all[place.seen..]).into_owned()
    }

    /// The block with the invitation's code, which is another in each run.
    fn filled_in(&self, block: &str) -> String {
        if !block.contains("sealbid1…") {
            return block.to_owned();
        }
        let code = regex_lite::Regex::new(r"\bsealbid1[1-9A-Za-z]{40,}").unwrap();
        let screens = self.terminals.values().map(|place| &place.screen);
        let found = screens.filter_map(|screen| {
            let text = fs::read_to_string(screen).unwrap();
            code.find(&text).map(|found| found.as_str().to_owned())
        });
        let code = found.last().expect("an invitation's code was printed");
        block.replace("sealbid1…", &code)
    }

    fn terminal(&mut self, name: &str) -> &mut Terminal {
        let folder = self.folder.path();
        let open = || Terminal::open(folder, name);
        self.terminals.entry(name.to_owned()).or_insert_with(open)
    }

    /// The processes that were started from this folder: those that a page leaves running.
    fn processes(&self) -> Vec<Pid> {
        let folder = self.folder.path().canonicalize().unwrap();
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        let ours = entries.filter(|entry| {
            fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(&folder))
        });
        let id = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
        ours.filter_map(id).map(Pid::from_raw).collect()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let deadline = Instant::now() + FAREWELL;
        for process in self.processes() {
            let _ = kill(process, Signal::SIGTERM);
        }
        while !self.processes().is_empty() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(100));
            for place in self.terminals.values_mut() {
                let _ = place.shell.try_wait();
            }
        }
        for process in self.processes() {
            let _ = kill(process, Signal::SIGKILL);
        }
        for place in self.terminals.values_mut() {
            let _ = place.shell.kill();
            let _ = place.shell.wait();
        }
    }
}

impl Terminal {
    fn open(folder: &Path, name: &str) -> Self {
        let (screen, pipe, shell) = (
            folder.join(format!(".screen-{name}")),
            folder.join(format!(".blocks-{name}")),
            folder.join(".shell"),
        );
        fs::write(&shell, SHELL).unwrap();
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let pty = openpty(None, None).unwrap();
        let shell = start_shell(folder, &shell, &pipe, &screen, pty.slave);
        // Opens once the shell has opened the other end.
        let blocks = OpenOptions::new().write(true).open(&pipe).unwrap();
        Self {
            shell,
            keyboard: File::from(pty.master),
            blocks,
            screen,
            seen: 0,
            last: None,
        }
    }

    fn length(&self) -> usize {
        usize::try_from(fs::metadata(&self.screen).unwrap().len()).unwrap()
    }
}

/// A shell whose keyboard is a terminal, so that it can be asked, and whose screen is a file. Both
/// streams go to one file, in the order in which a person would see them.
fn start_shell(folder: &Path, shell: &Path, pipe: &Path, screen: &Path, tty: OwnedFd) -> Child {
    let screen = OpenOptions::new()
        .create(true)
        .append(true)
        .open(screen)
        .unwrap();
    let binary = Path::new(env!("CARGO_BIN_EXE_sealbid")).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let mut command = Command::new("setsid");
    command
        .args(["--ctty", "--wait", "bash", "--noprofile", "--norc"])
        .args([shell, pipe])
        .current_dir(folder.join("clone"))
        .env("PATH", format!("{}:{path}", binary.display()))
        .env("HOME", folder.join(".home"))
        .stdin(Stdio::from(tty))
        .stdout(screen.try_clone().unwrap())
        .stderr(screen);
    for (name, _) in std::env::vars() {
        if name.starts_with("SEALBID_") || name.starts_with("XDG_") {
            command.env_remove(name);
        }
    }
    command.spawn().unwrap()
}
