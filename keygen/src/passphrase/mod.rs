//! Passphrases: from the terminal or a file, never an argument.

mod echo;

use core::fmt;
use std::fs;
use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use age::secrecy::{ExposeSecret, SecretString};
use sealbid_types::text::{BYTE_ORDER_MARK, without_byte_order_mark};
use zeroize::Zeroizing;

pub use echo::restore_echo;

use crate::exit::Exit;
use crate::output::note;
use crate::passphrase::echo::Kept;
use crate::secret_file::read_bounded;

/// The most bytes of a passphrase.
const MOST_BYTES: usize = 1024;

/// The fewest characters of a new passphrase, as of ssh-keygen's.
const FEWEST_CHARACTERS: usize = 5;

/// The most bytes of an answer.
const MOST_LINE: u64 = 256;

/// A passphrase, wiped when it is dropped.
pub struct Passphrase(SecretString);

/// Why there is no passphrase.
#[derive(Debug, thiserror::Error)]
pub enum PassphraseError {
    /// It is empty.
    #[error("the passphrase is empty")]
    Empty,
    /// It is new, and too short to keep anybody out.
    #[error("the passphrase is shorter than {FEWEST_CHARACTERS} characters")]
    TooShort,
    /// It is too long.
    #[error("the passphrase is longer than {MOST_BYTES} bytes")]
    TooLong,
    /// It is not UTF-8.
    #[error("the passphrase is not text")]
    NotText,
    /// The second time it was another.
    #[error("the two passphrases differ")]
    Mismatch,
    /// There is no terminal to ask on.
    #[error(
        "no terminal to ask for the passphrase on ({0}): \
         give --passphrase-file FILE, or set SEALBID_PASSPHRASE_FILE"
    )]
    NoTerminal(io::Error),
    /// Ctrl-C was typed instead.
    #[error("interrupted")]
    Interrupted,
    /// The passphrase file cannot be read.
    #[error("the passphrase file {}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl PassphraseError {
    /// What kind of failure it is.
    #[must_use]
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Interrupted => Exit::Interrupted,
            _ => Exit::Authentication,
        }
    }
}

impl Passphrase {
    /// Takes a passphrase of 1 to 1024 bytes.
    ///
    /// # Errors
    /// [`PassphraseError::Empty`] or [`PassphraseError::TooLong`].
    pub fn new(text: impl Into<String>) -> Result<Self, PassphraseError> {
        let text = Zeroizing::new(text.into());
        match text.len() {
            0 => Err(PassphraseError::Empty),
            1..=MOST_BYTES => Ok(Self(SecretString::from(text.as_str()))),
            _ => Err(PassphraseError::TooLong),
        }
    }

    /// The form that age takes, a copy that is wiped as this is.
    pub(crate) fn to_secret(&self) -> SecretString {
        self.0.clone()
    }

    /// Whether it may be that of something new.
    fn check_new(&self, terminal: &mut (impl Terminal + ?Sized)) -> Result<(), PassphraseError> {
        let text = self.0.expose_secret();
        if text.chars().count() < FEWEST_CHARACTERS {
            return Err(PassphraseError::TooShort);
        }
        // Three of four: what ten to the eighth guesses do not find.
        if zxcvbn::zxcvbn(text, &[]).score() < zxcvbn::Score::Three {
            terminal.warn(
                "this passphrase is easily guessed: five words drawn at random are better. \
                 Whoever gets the file can guess as long as they like",
            );
        }
        Ok(())
    }

    fn is_same(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

/// Where a command asks people: a real terminal, or a script of one in tests.
pub trait Terminal {
    /// Asks for a secret, without showing what is typed.
    ///
    /// # Errors
    /// If there is no terminal.
    fn ask_secret(&mut self, prompt: &str) -> io::Result<String>;

    /// Asks for a line, which is shown as it is typed.
    ///
    /// # Errors
    /// If nobody types: input comes from a file or a pipe.
    fn ask(&mut self, prompt: &str) -> io::Result<String>;

    /// Tells people something that is no result.
    fn warn(&mut self, message: &str);
}

/// The process's own terminal; warnings go to stderr.
#[derive(Debug, Default)]
pub struct StandardTerminal;

impl Terminal for StandardTerminal {
    fn ask_secret(&mut self, prompt: &str) -> io::Result<String> {
        let _kept = Kept::now();
        rpassword::prompt_password(format!("{prompt}: "))
    }

    fn ask(&mut self, prompt: &str) -> io::Result<String> {
        let input = io::stdin();
        if !input.is_terminal() {
            return Err(io::Error::from(io::ErrorKind::NotConnected));
        }
        // Not by `eprint`, which panics where nobody reads it.
        write!(io::stderr(), "{prompt} ").and_then(|()| io::stderr().flush())?;
        let mut line = String::new();
        input.lock().take(MOST_LINE).read_line(&mut line)?;
        Ok(line)
    }

    fn warn(&mut self, message: &str) {
        note(&format!("warning: {message}"));
    }
}

/// Where a passphrase comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PassphraseSource {
    /// The first line of a file.
    File(PathBuf),
    /// The terminal.
    Terminal,
}

impl From<Option<PathBuf>> for PassphraseSource {
    fn from(file: Option<PathBuf>) -> Self {
        file.map_or(Self::Terminal, Self::File)
    }
}

impl PassphraseSource {
    /// The passphrase of something that exists. `prompt` says what, such as `passphrase of
    /// member-1/member.key`.
    ///
    /// # Errors
    /// [`PassphraseError`].
    pub fn existing(
        &self,
        terminal: &mut (impl Terminal + ?Sized),
        prompt: &str,
    ) -> Result<Passphrase, PassphraseError> {
        match self {
            Self::File(path) => read_passphrase_file(path, terminal),
            Self::Terminal => ask(terminal, prompt),
        }
    }

    /// A passphrase for something new: asked for twice on a terminal. One that is easily guessed is
    /// warned about, and one of a few characters is refused: whoever gets the file may guess on a
    /// thousand machines.
    ///
    /// # Errors
    /// [`PassphraseError`].
    pub fn chosen(
        &self,
        terminal: &mut (impl Terminal + ?Sized),
        prompt: &str,
    ) -> Result<Passphrase, PassphraseError> {
        let passphrase = self.existing(terminal, prompt)?;
        passphrase.check_new(terminal)?;
        if *self == Self::Terminal && !passphrase.is_same(&ask(terminal, "once more")?) {
            return Err(PassphraseError::Mismatch);
        }
        Ok(passphrase)
    }
}

fn ask(
    terminal: &mut (impl Terminal + ?Sized),
    prompt: &str,
) -> Result<Passphrase, PassphraseError> {
    let answer = terminal.ask_secret(prompt);
    let answer = answer.map_err(|error| match error.kind() {
        io::ErrorKind::Interrupted => PassphraseError::Interrupted,
        _ => PassphraseError::NoTerminal(error),
    })?;
    Passphrase::new(answer)
}

/// Reads the first line of a file, and warns if others may read it too.
///
/// # Errors
/// [`PassphraseError`].
pub fn read_passphrase_file(
    path: &Path,
    terminal: &mut (impl Terminal + ?Sized),
) -> Result<Passphrase, PassphraseError> {
    let failed = |source| PassphraseError::File {
        path: path.to_owned(),
        source,
    };
    let metadata = fs::metadata(path).map_err(failed)?;
    if metadata.is_file() && metadata.permissions().mode() & 0o077 != 0 {
        let path = path.display();
        terminal.warn(&format!(
            "others may read the passphrase in {path}: chmod 600 {path}"
        ));
    }
    // A mark, the line's end, and a byte more to tell what is too long.
    let bytes = read_bounded(path, BYTE_ORDER_MARK.len_utf8() + MOST_BYTES + 3).map_err(failed)?;
    let line = without_byte_order_mark(&bytes)
        .split(|&byte| byte == b'\n')
        .next()
        .unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let text = core::str::from_utf8(line).map_err(|_| PassphraseError::NotText)?;
    Passphrase::new(text)
}

#[cfg(test)]
mod tests;
