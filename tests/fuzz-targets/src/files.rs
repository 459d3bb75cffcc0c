//! Files that people write or get from others: the committee file, token lists, price books and a member's configuration.

use sealbid_client::CommitteeFile;
use sealbid_client::tokens::{DEFAULT, Tokens};
use sealbid_market::MOST_UNITS;
use sealbid_market::schedule::PriceSchedule;
use sealbid_node::{MemberConfig, template};
use sealbid_solver::Book;
use sealbid_solver::book::{EXAMPLE, WrittenBook};
use sealbid_testkit::house::Founding;
use sealbid_types::amount::Amount;
use sealbid_types::id::Round;
use sealbid_types::time::Timestamp;

use crate::Target;

/// What is believed reads the same when it is written, and says all that the file says.
fn committee(bytes: &[u8]) {
    match CommitteeFile::read(bytes) {
        Ok(file) => {
            let written = serde_json::to_vec(file.committee()).unwrap();
            let again = CommitteeFile::read(&written).unwrap();
            assert_eq!(again.committee(), file.committee());
            assert_eq!(file.committee().check(), Ok(()));
            assert_eq!(
                usize::from(file.keys().members()),
                file.committee().roster.len()
            );
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn tokens(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(tokens) = Tokens::parse(text) else {
        return;
    };
    for token in tokens.all() {
        assert_eq!(tokens.named(&token.name).unwrap(), token);
        assert_eq!(tokens.of_asset(&token.asset), Some(token));
        for alias in &token.aliases {
            assert_eq!(tokens.named(alias).unwrap(), token);
        }
        let most = Amount::new(MOST_UNITS).unwrap();
        assert!(tokens.show(most, &token.asset).ends_with(&token.name));
    }
}

fn book(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let tokens = Tokens::parse(DEFAULT).unwrap();
    match Book::parse(text, &tokens) {
        Ok(book) => check_book(&book),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    // The same as programs send it, a line a book.
    if let Ok(written) = serde_json::from_str::<WrittenBook>(text)
        && let Ok(book) = Book::new(&written, &tokens)
    {
        check_book(&book);
    }
}

/// Whoever trades more never gets less, and what is offered is what a round takes for a quote.
fn check_book(book: &Book) {
    assert!(book.may_follow(book).is_ok(), "a book may follow itself");
    let _ = book.warnings();
    for prices in book.pairs() {
        let offer = book.offer(prices.pair(), Round(1), Timestamp(0)).unwrap();
        let schedule = PriceSchedule::of(
            prices.pair(),
            &offer.tiers,
            offer.capacity,
            offer.minimum_fill,
        );
        let schedule = schedule.unwrap();
        let (least, most) = (prices.minimum().units(), prices.most().units());
        let sizes = [least, least / 2 + most / 2, most - 1, most];
        let mut before = None;
        for size in sizes.into_iter().filter(|size| *size > 0 && *size >= least) {
            let size = Amount::new(size).unwrap();
            let paid = prices.pays(size);
            assert_eq!(
                paid,
                schedule.price(size).filter(|_| size <= prices.capacity())
            );
            assert!(
                paid >= before,
                "{size} pays {paid:?}, and less pays {before:?}"
            );
            before = paid;
        }
    }
}

/// What is read is rendered as a file that reads the same.
fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let Ok(config) = toml::from_str::<MemberConfig>(text) else {
        return;
    };
    let rendered = template::render(&config);
    let again: MemberConfig = toml::from_str(&rendered).expect(&rendered);
    assert_eq!(again, config, "{rendered}");
    let _ = (config.mesh.bind(), config.door.bind(), config.door.limits());
}

fn committee_seeds() -> Vec<Vec<u8>> {
    let house = Founding::of(3).found();
    vec![serde_json::to_vec(&*house.committee).unwrap()]
}

fn token_seeds() -> Vec<Vec<u8>> {
    vec![DEFAULT.as_bytes().to_vec()]
}

fn book_seeds() -> Vec<Vec<u8>> {
    const JSON: &str = r#"{"spread":0.2,"valid_for":"60s","max_rise":10,"pair":[{"give":"usdc.near","want":"wrap.near","capacity":"50000","minimum":"1","min_rate":"0.5","max_rate":"1.5","tiers":[{"up_to":"1000","rate":"0.985"},{"up_to":"50000","rate":"0.98"}]},{"give":"wrap.near","want":"usdc.near","capacity":"5","minimum":"1","tiers":[{"up_to":"5","rate":"1"}]}]}"#;
    vec![EXAMPLE.as_bytes().to_vec(), JSON.as_bytes().to_vec()]
}

fn config_seeds() -> Vec<Vec<u8>> {
    const LEAST: &str = "committee = \"../committee.json\"\nkey_file = \"/keys/member.key\"\n\
        [mesh]\nv4 = \"127.0.0.1:4001\"\nrelay = \"127.0.0.1:4000\"\n[door]\nv4 = \"127.0.0.1:4002\"\n";
    let least: MemberConfig = toml::from_str(LEAST).unwrap();
    vec![
        LEAST.as_bytes().to_vec(),
        template::render(&least).into_bytes(),
    ]
}

pub(crate) const TARGETS: &[Target] = &[
    Target::new("committee-file", committee, committee_seeds).with_cases(256),
    Target::new("tokens", tokens, token_seeds),
    Target::new("price-book", book, book_seeds),
    Target::new("member-config", config, config_seeds),
];
