//! Price books: read, shown, and refused with their line before anybody is dialled.

use sealbid_solver::book::EXAMPLE;

use crate::Workspace;

#[test]
fn a_book_is_shown_as_the_solver_reads_it() {
    let workspace = Workspace::new();
    let printed = workspace.run("solver book").expect(0).out;
    workspace.write("book.toml", printed);
    let shown = workspace.run("solver check book.toml").expect(0);
    assert_eq!(shown.err, "");
    for line in [
        "usdc.near → wrap.near",
        "  rates    0.98303 up to 1000, 0.97804 up to 50000",
        "  a fill   1 usdc.near to 50000 usdc.near",
    ] {
        assert!(
            shown.out.lines().any(|shown| shown == line),
            "{line}: {}",
            shown.out
        );
    }
    let paid: Vec<Vec<&str>> = shown
        .out
        .lines()
        .map(|l| l.split_whitespace().collect())
        .collect();
    assert!(
        paid.contains(&vec!["1000", "usdc.near", "983.03", "wrap.near"]),
        "{}",
        shown.out
    );

    let object = workspace
        .run("solver check book.toml --json")
        .expect(0)
        .json();
    assert_eq!(object["pairs"][0]["tiers"][0]["rate"], "0.98303");
    assert_eq!(object["pairs"][0]["pays"][1]["text"], "983.03 wrap.near");
    assert_eq!(object["warnings"], serde_json::json!([]));
}

/// A rate of 9850, for 0.985, was quoted and paid.
#[test]
fn a_wrong_book_is_refused_with_its_line() {
    let workspace = Workspace::with_house();
    workspace.write("slip.toml", EXAMPLE.replace("0.985", "9850"));
    let words = "the price book slip.toml: line 29: usdc.near to wrap.near: \
                 the rate 9850 is above max_rate 1.5";
    workspace
        .run("solver check slip.toml")
        .expect(2)
        .says(words);
    for command in ["solver run --book", "quote"] {
        workspace
            .run(&format!("--dir house {command} slip.toml"))
            .expect(2)
            .says(words);
    }
    workspace.write("unbounded.toml", EXAMPLE.replace("max_rate", "# max_rate"));
    workspace
        .run("solver check unbounded.toml")
        .expect(0)
        .says("has no max_rate");
    let way_back = "[[pair]]\ngive = \"near\"\nwant = \"usdc\"\ncapacity = \"9\"\nminimum = \"1\"\n\
                    tiers = [{ up_to = \"9\", rate = \"1.03\" }]\n";
    workspace.write("both.toml", format!("{EXAMPLE}{way_back}"));
    workspace
        .run("solver check both.toml")
        .expect(2)
        .says("pays a trader who goes both ways");
}
