#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::io::Cursor;

use sealbid_client::tokens::DEFAULT;
use tokio::time::timeout;

use super::*;
use crate::book::EXAMPLE;

fn known() -> Tokens {
    Tokens::parse(DEFAULT).unwrap()
}

/// The prices of the next book, or what is wrong with it.
async fn next(source: &mut BookSource) -> Option<String> {
    let next = timeout(Duration::from_secs(20), source.next())
        .await
        .unwrap();
    Some(match next? {
        Ok(book) => book.pairs()[0].to_string(),
        Err(error) => error.to_string(),
    })
}

#[tokio::test]
async fn an_edited_file_is_read_again_and_a_broken_one_is_told_once() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("book.toml");
    std::fs::write(&path, EXAMPLE).unwrap();
    let mut source = BookSource::file(&path, known());
    let first = next(&mut source).await.unwrap();
    assert_eq!(first, "0.98303 up to 1000, 0.97804 up to 50000");

    std::fs::write(&path, EXAMPLE.replace("0.985", "0.9")).unwrap();
    let second = next(&mut source).await.unwrap();
    assert_eq!(second, "0.8982 up to 1000, 0.97804 up to 50000");

    std::fs::write(&path, "[[pair]").unwrap();
    assert!(next(&mut source).await.unwrap().starts_with("line 1: "));
    assert!(
        timeout(4 * file::LOOK, source.next()).await.is_err(),
        "told twice"
    );

    std::fs::remove_file(&path).unwrap();
    assert!(
        next(&mut source)
            .await
            .unwrap()
            .starts_with("it cannot be read")
    );

    // Another file in its place, as editors put it.
    let other = directory.path().join("book.toml.new");
    std::fs::write(&other, EXAMPLE).unwrap();
    std::fs::rename(&other, &path).unwrap();
    assert_eq!(next(&mut source).await.unwrap(), first);
}

#[tokio::test]
async fn lines_are_books_and_end() {
    let book = |rate: &str| {
        format!(
            r#"{{"pair":[{{"give":"usdc","want":"near","capacity":"500","minimum":"1","max_rate":"1.5","tiers":[{{"up_to":"500","rate":"{rate}"}}]}}]}}"#
        )
    };
    let text = [&book("0.9"), "", "{", &book("9850"), &book("0.8")].join("\n");
    let mut source = BookSource::json_lines(Cursor::new(text), known());
    assert_eq!(next(&mut source).await.unwrap(), "0.9 up to 500");
    assert!(next(&mut source).await.unwrap().starts_with("line 3: EOF"));
    let slip = next(&mut source).await.unwrap();
    assert_eq!(
        slip,
        "line 4: usdc to near: the rate 9850 is above max_rate 1.5"
    );
    assert_eq!(next(&mut source).await.unwrap(), "0.8 up to 500");
    assert_eq!(next(&mut source).await, None);
}

#[tokio::test]
async fn a_channel_gives_its_newest_book_until_nobody_holds_it() {
    let book = |rate: &str| Book::parse(&EXAMPLE.replace("0.985", rate), &known()).unwrap();
    let (sender, books) = watch::channel(book("0.9"));
    let mut source = BookSource::watch(books);
    assert!(next(&mut source).await.unwrap().starts_with("0.8982 "));
    sender.send(book("0.8")).unwrap();
    sender.send(book("0.7")).unwrap();
    assert!(next(&mut source).await.unwrap().starts_with("0.6986 "));
    drop(sender);
    assert_eq!(next(&mut source).await, None);
}
