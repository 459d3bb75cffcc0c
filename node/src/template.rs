//! The configuration file that `node init` writes: every field, with what it means.
//!
//! Written by hand and not by a serializer, which has no comments: whoever runs a member reads this
//! file and perhaps nothing else. Optional fields stand there too, commented out with an example.
//!
//! The tests hold it against the configuration: no field is missing, none is without its comment,
//! and what is written reads back as it was.

use std::fmt::{Display, Write as _};

use crate::config::MemberConfig;

/// Writes `config` as TOML with a comment on every field. Reading it back gives `config`.
#[must_use]
pub fn render(config: &MemberConfig) -> String {
    let mut text = String::from(HEAD);
    let limits = &config.limits;
    let (mesh, door) = (&config.mesh, &config.door);
    let mut file = File(&mut text);
    file.text(
        "committee",
        &config.committee.display(),
        "The committee file. No default.",
    );
    file.text(
        "key_file",
        &config.key_file.display(),
        "The encrypted key file. No default.",
    );
    file.text("store", &config.store.display(), STORE);
    let passphrase = config.passphrase_file.as_ref().map(|path| path.display());
    file.optional(
        "passphrase_file",
        passphrase,
        "/run/secrets/sealbid",
        PASSPHRASE,
    );
    file.text("timings", &config.timings.display(), TIMINGS);
    file.text("pid", &config.pid.display(), PID);
    file.optional("log", config.log.as_ref(), "info,sealbid_node=debug", LOG);
    // The file's own fields end here: in TOML all that follows a section's name belongs to it.
    file.section("mesh", "The mesh: members, solvers and relayers.");
    file.text(
        "v4",
        &mesh.v4,
        "UDP address, IPv4; open to known peers only. No default.",
    );
    file.optional(
        "v6",
        mesh.v6,
        "[::1]:4001",
        "UDP address, IPv6. Default: none.",
    );
    file.text("relay", &mesh.relay, RELAY);
    file.number("pool_port", mesh.pool_port, POOL);
    file.section("door", "The front door: anyone may knock.");
    file.text("v4", &door.v4, "UDP address, IPv4. No default.");
    file.optional(
        "v6",
        door.v6,
        "[::1]:4002",
        "UDP address, IPv6. Default: none.",
    );
    file.number(
        "connections",
        door.connections,
        "Connections in all. Default 1024.",
    );
    file.number(
        "connections_per_peer",
        door.connections_per_peer,
        "Connections of one peer. Default 8.",
    );
    file.number("requests_per_second", door.requests_per_second, REQUESTS);
    file.number(
        "burst",
        door.burst,
        "Requests of one peer at once, after a pause. Default 400.",
    );
    file.section(
        "limits",
        "Bounds of memory. What is over them is refused, never queued.",
    );
    file.number("unchecked", limits.unchecked, UNCHECKED);
    file.number("inputs", limits.inputs, INPUTS);
    file.number(
        "intents_per_submitter",
        limits.intents_per_submitter,
        INTENTS,
    );
    file.number("quotes_per_submitter", limits.quotes_per_submitter, QUOTES);
    file.section("retention", "What is kept for how long.");
    file.optional_number("records", config.retention.records, 100_000, RECORDS);
    text
}

/// What stands above the first field.
const HEAD: &str = "\
# A member of a sealbid committee: `sealbid node run --config member.toml`.
#
# Precedence: command line, environment, this file, default. Relative paths are taken from this
# file's directory. A field that is not known is refused.
";
// Defaults stand here once more, in words: whoever changes one in `config.rs` or in what that
// takes it from changes it here too.
const STORE: &str = "What the member must not forget; created if absent. Default \"member.redb\".";
const PASSPHRASE: &str = "The file whose first line is the key file's passphrase.\n\
    --passphrase-file and SEALBID_PASSPHRASE_FILE come first. Default: the terminal is asked.";
const TIMINGS: &str = "A line with the times of each settled round, the last few hundred.\n\
    Default \"timings.jsonl\".";
const PID: &str = "The process's id, while it runs. Default \"pid\".";
const LOG: &str = "What is logged to standard error: a tracing filter. SEALBID_LOG comes first.\n\
    Default: information, and of the transport's own words only errors.";
const RELAY: &str = "TCP address of the relay inside this process. No default.";
const POOL: &str = "UDP port of the pool's node, open to the other members. Default 0: any free port;\n\
    where a firewall keeps it shut, the relays carry the pool.";
const REQUESTS: &str = "Requests of one peer a second, in the long run. Default 200.";
const UNCHECKED: &str = "Clients' envelopes that wait for their checks. Default 4096.";
const INPUTS: &str =
    "Inputs that wait for the engine: clients', peers' and the pool's, each. Default 4096.";
const INTENTS: &str = "Intents of one account that wait at a time. Default 256.";
const QUOTES: &str = "Quotes of one account that wait at a time. Default 32.";
const RECORDS: &str = "How many rounds' records are kept, the newest; 128 at least. Certificates, outcomes and\n\
    evidence are kept in any case. A member that was away for longer, or has lost its store, needs\n\
    another one that keeps more. Default: all.";

/// A TOML file in the making.
struct File<'a>(&'a mut String);

impl File<'_> {
    fn line(&mut self, line: impl Display) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "{line}");
    }

    /// With an empty line before it, so that a comment stands with its field and not with the one
    /// above.
    fn comment(&mut self, comment: &str) {
        self.line("");
        for line in comment.lines() {
            self.line(format_args!("# {}", line.trim_start()));
        }
    }

    fn section(&mut self, name: &str, comment: &str) {
        self.comment(comment);
        self.line(format_args!("[{name}]"));
    }

    fn text(&mut self, name: &str, value: &impl Display, comment: &str) {
        self.comment(comment);
        self.line(format_args!("{name} = {}", quote(value)));
    }

    /// Without the quotes that TOML has for text.
    fn number(&mut self, name: &str, value: impl Display, comment: &str) {
        self.comment(comment);
        self.line(format_args!("{name} = {value}"));
    }

    /// A number that may be absent: then an example stands there, commented out.
    fn optional_number(
        &mut self,
        name: &str,
        value: Option<impl Display>,
        example: impl Display,
        comment: &str,
    ) {
        match value {
            Some(value) => self.number(name, value, comment),
            None => {
                self.comment(comment);
                self.line(format_args!("# {name} = {example}"));
            }
        }
    }

    /// A field that may be absent: then an example stands there, commented out.
    fn optional(&mut self, name: &str, value: Option<impl Display>, example: &str, comment: &str) {
        self.comment(comment);
        match value {
            Some(value) => self.line(format_args!("{name} = {}", quote(&value))),
            // Whoever wants it takes the mark away and need not look up the name.
            None => self.line(format_args!("# {name} = {}", quote(&example))),
        }
    }
}

/// A basic string of TOML.
/// Written by the library, so that a path with quotes or backslashes reads back as it was.
fn quote(value: &impl Display) -> String {
    toml::Value::String(value.to_string()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{DoorSection, LimitsSection, MeshSection, RetentionSection};
    use core::num::{NonZeroU32, NonZeroU64};

    fn sample(full: bool) -> MemberConfig {
        let v6 = full.then(|| "[::1]:7".parse().unwrap());
        MemberConfig {
            committee: "../it's \"here\".json".into(),
            key_file: "member.key".into(),
            store: "s.redb".into(),
            passphrase_file: full.then(|| "../pass\\phrase".into()),
            timings: "t".into(),
            pid: "p".into(),
            log: full.then(|| "debug".to_owned()),
            mesh: MeshSection {
                v4: "127.0.0.1:1".parse().unwrap(),
                v6,
                relay: "127.0.0.1:2".parse().unwrap(),
                pool_port: 12,
            },
            door: DoorSection {
                v4: "0.0.0.0:3".parse().unwrap(),
                v6,
                connections: 4,
                connections_per_peer: 5,
                requests_per_second: NonZeroU32::new(6).unwrap(),
                burst: NonZeroU32::new(7).unwrap(),
            },
            limits: LimitsSection {
                unchecked: 8,
                inputs: 9,
                intents_per_submitter: 10,
                quotes_per_submitter: 11,
            },
            retention: RetentionSection {
                records: full.then(|| NonZeroU64::new(1_000).unwrap()),
            },
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for full in [true, false] {
            let config = sample(full);
            let text = render(&config);
            assert_eq!(
                toml::from_str::<MemberConfig>(&text).unwrap(),
                config,
                "{text}"
            );
        }
    }

    #[test]
    fn every_field_stands_there_with_a_comment() {
        let text = render(&sample(false));
        let whole = toml::Value::try_from(sample(true)).unwrap();
        let tables = whole.as_table().unwrap().iter();
        let names = tables.flat_map(|(name, value)| match value.as_table() {
            Some(section) => section.keys().cloned().collect(),
            None => vec![name.clone()],
        });
        let lines: Vec<&str> = text.lines().collect();
        for name in names {
            let at = lines.iter().position(|line| {
                line.trim_start_matches("# ")
                    .starts_with(&format!("{name} = "))
            });
            let at = at.unwrap_or_else(|| panic!("{name} is not there"));
            assert!(lines[at - 1].starts_with("# "), "{name} has no comment");
        }
    }
}
