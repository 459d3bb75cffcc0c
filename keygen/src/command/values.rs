//! Values of options, and what is said of wrong ones: the same in every command.

use core::fmt::Display;
use core::str::FromStr;
use core::time::Duration;

/// Reads a number that has bounds.
///
/// ```
/// use sealbid_keygen::command::values::between;
///
/// assert_eq!(between(3u8, 16)("4"), Ok(4));
/// assert_eq!(between(3u8, 16)("0"), Err("it must be between 3 and 16".to_owned()));
/// ```
pub fn between<T>(
    least: T,
    most: T,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: FromStr + PartialOrd + Display + Copy + Send + Sync + 'static,
{
    move |text| {
        let number = text.parse().ok();
        let fits = |number: &T| (least..=most).contains(number);
        number
            .filter(fits)
            .ok_or_else(|| format!("it must be between {least} and {most}"))
    }
}

/// Reads how long something takes, such as `90s`, `10m` or `1h 30m`.
///
/// # Errors
/// What is wrong with it.
pub fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| {
        format!("a duration is a number with a unit, such as 90s, 10m or 2h: {error}")
    })
}
