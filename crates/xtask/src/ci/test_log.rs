//! What `cargo test` printed: how many tests there were, and where the time went.

/// The test binaries that ran, in order.
#[derive(Debug, Default)]
pub(super) struct TestLog {
    binaries: Vec<Binary>,
    /// Each with its binary.
    failed: Vec<String>,
}

#[derive(Debug, Default, PartialEq)]
struct Binary {
    name: String,
    passed: u32,
    failed: u32,
    seconds: f64,
}

impl TestLog {
    /// Reads lines `Running … (target/debug/deps/NAME-HASH)`, `test NAME ... FAILED` and `test
    /// result: … 3 passed; … finished in 1.23s` behind each.
    pub(super) fn read(&mut self, text: &str) {
        let mut name = String::new();
        for line in text.lines() {
            if let Some(started) = started(line) {
                name = started;
            } else if let Some(result) = line.strip_prefix("test result: ") {
                self.binaries.push(Binary::finished(name.clone(), result));
            } else if let Some(test) = failed(line) {
                self.failed.push(format!("{name}: {test}"));
            }
        }
    }

    pub(super) fn passed(&self) -> u32 {
        self.binaries.iter().map(|binary| binary.passed).sum()
    }

    /// The tests that failed, in order: what they printed is far above.
    pub(super) fn failed(&self) -> &[String] {
        &self.failed
    }

    /// The line that everything ends with.
    pub(super) fn counts(&self) -> String {
        let failed: u32 = self.binaries.iter().map(|binary| binary.failed).sum();
        format!("{} passed, {failed} failed", self.passed())
    }

    /// The binaries that took longest, one a line.
    pub(super) fn slowest(&self, most: usize) -> Vec<String> {
        let mut binaries: Vec<&Binary> = self.binaries.iter().collect();
        binaries.sort_by(|one, other| other.seconds.total_cmp(&one.seconds));
        let say = |binary: &Binary| {
            let Binary { name, passed, .. } = binary;
            format!("{:9.2} s  {name}, {passed} tests", binary.seconds)
        };
        binaries.into_iter().take(most).map(say).collect()
    }
}

impl Binary {
    fn finished(name: String, result: &str) -> Self {
        let before = |what: &str| {
            let words: Vec<&str> = result.split([' ', ';']).collect();
            let mut pairs = words.windows(2);
            let found = pairs.find(|pair| pair.last() == Some(&what));
            found
                .and_then(|pair| pair.first()?.parse().ok())
                .unwrap_or(0)
        };
        let seconds = result.rsplit(' ').next().unwrap_or_default();
        Self {
            name,
            passed: before("passed"),
            failed: before("failed"),
            seconds: seconds.trim_end_matches('s').parse().unwrap_or(0.0),
        }
    }
}

/// The name of the test that a line says has failed.
fn failed(line: &str) -> Option<&str> {
    line.strip_prefix("test ")?.strip_suffix(" ... FAILED")
}

/// The name of the binary that a line says is being run.
fn started(line: &str) -> Option<String> {
    let line = line.trim_start();
    if let Some(name) = line.strip_prefix("Doc-tests ") {
        return Some(format!("{name} (doc)"));
    }
    let path = line.strip_prefix("Running ")?.rsplit('/').next()?;
    let (name, _) = path.trim_end_matches(')').rsplit_once('-')?;
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "\
     Running unittests src/lib.rs (target/debug/deps/sealbid_types-0a1b2c)
test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.52s
     Running tests/house/main.rs (target/debug/deps/house-77)
test a ... FAILED
test result: FAILED. 3 passed; 1 failed; 4 ignored; 0 measured; 0 filtered out; finished in 61.20s
   Doc-tests sealbid_client
test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s
";

    #[test]
    fn tests_are_counted_and_the_slowest_named() {
        let mut log = TestLog::default();
        log.read(LOG);
        assert_eq!(log.counts(), "17 passed, 1 failed");
        assert_eq!(
            log.slowest(2),
            [
                "    61.20 s  house, 3 tests",
                "     1.00 s  sealbid_client (doc), 2 tests"
            ]
        );
        assert_eq!(log.failed(), ["house: a"]);
        assert_eq!(TestLog::default().counts(), "0 passed, 0 failed");
    }
}
