//! Times, in every form in which CodeBuild writes them.

use jiff::{Timestamp, civil::DateTime, fmt::strtime, tz::TimeZone};

use super::{Lenient, Scalar};

/// The launch of CodeBuild. An earlier time is wrong: a build would seem to run for decades.
/// <https://aws.amazon.com/about-aws/whats-new/2016/12/introducing-aws-codebuild/>
const FIRST: Timestamp = Timestamp::constant(1_480_550_400, 0);

impl Lenient for Timestamp {
    /// From a text: RFC 3339, or English as CodeBuild's events write it. From a number: seconds
    /// since 1970, as in the API's JSON protocol, or milliseconds. A time before December 2016 is
    /// unreadable.
    fn from_scalar(scalar: Scalar<'_>) -> Option<Self> {
        let time = match scalar {
            Scalar::Text(text) if text.starts_with(|first: char| first.is_ascii_alphabetic()) => in_events(&text),
            Scalar::Text(text) => text.parse().ok().or_else(|| in_utc(text.parse().ok()?)),
            Scalar::Number(seconds) => match seconds.as_i64() {
                // As seconds, milliseconds would be after the year 9999.
                Some(number) => Self::from_second(number).or_else(|_| Self::from_millisecond(number)).ok(),
                None => seconds.as_f64().and_then(|seconds| {
                    let milliseconds = (seconds * 1000.0).round() as i64;
                    Self::from_millisecond(milliseconds).ok()
                }),
            },
            Scalar::Flag(_) => None,
        };
        time.filter(|time| *time >= FIRST)
    }
}

/// `Oct 14, 2020 9:28:52 PM`, in UTC, sometimes with U+202F before the last word. Newer versions of
/// Java write a comma behind the year.
fn in_events(text: &str) -> Option<Timestamp> {
    let text = text.replace('\u{202f}', " ");
    let parsed = |format| strtime::parse(format, &text);
    let time = parsed("%b %d, %Y %I:%M:%S %p").or_else(|_| parsed("%b %d, %Y, %I:%M:%S %p")).ok()?;
    in_utc(time.to_datetime().ok()?)
}

fn in_utc(time: DateTime) -> Option<Timestamp> {
    time.to_zoned(TimeZone::UTC).ok().map(|time| time.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::lenient::{parse, read};

    #[track_caller]
    fn check(json: &str, expected: Option<Timestamp>) {
        assert_eq!(read::<Timestamp>(parse(json).unwrap()), expected, "{json}");
    }

    #[test]
    fn a_time_before_there_was_codebuild_is_unreadable() {
        for json in ["-1", "0", "1480550399", r#""1970-01-01T00:00:00Z""#, r#""Nov 30, 2016 11:59:59 PM""#] {
            check(json, None);
        }
        check("1480550400", Some(FIRST));
    }

    #[test]
    fn dates_in_every_form_seen() {
        let expected: Timestamp = "2020-10-14T21:28:52Z".parse().unwrap();
        for text in [
            "Oct 14, 2020 9:28:52 PM",
            "Oct 14, 2020 09:28:52 PM",
            "Oct 14, 2020 9:28:52\u{202f}PM",
            "Oct 14, 2020, 9:28:52 PM",
            "Oct 14, 2020, 9:28:52\u{202f}PM",
            "2020-10-14T21:28:52Z",
            "2020-10-14T23:28:52+02:00",
            "2020-10-14T21:28:52",
            // As Python's `str` and Java write them.
            "2020-10-14 21:28:52+00:00",
            "2020-10-14 21:28:52",
            "2020-10-14T21:28:52.000000+00:00",
            "2020-10-14T21:28:52.000+0000",
        ] {
            check(&format!("{text:?}").replace("\\u{202f}", "\u{202f}"), Some(expected));
        }
        check("1602710932", Some(expected));
        check("1602710932.0", Some(expected));
        check("1602710932000", Some(expected));
        let expected = Some("2026-11-20T08:00:00.123Z".parse().unwrap());
        for json in [
            "1795161600.123",
            "\"2026-11-20T08:00:00.123Z\"",
            "\"2026-11-20T09:00:00.123000+01:00\"",
            "\"2026-11-20 08:00:00.123000+00:00\"",
            "\"2026-11-20 08:00:00.123000\"",
        ] {
            check(json, expected);
        }
        check("\"Aug 7, 2018 12:04:31 AM\"", Some("2018-08-07T00:04:31Z".parse().unwrap()));
        for text in [
            "yesterday",
            "Oct",
            "October 14, 2020 9:28:52 PM",
            "Oct 32, 2020 9:28:52 PM",
            "Feb 29, 2021 9:28:52 PM",
            "Oct 14, 2020 0:28:52 PM",
            "Oct 14, 2020 13:28:52 PM",
            "Oct 14, 2020 9:60:52 PM",
            "Oct 14, 2020 9:28:52 XM",
            "Oct 14, 2020 9:28 PM",
            "Oct 14, 2020 9:28:52",
            "Oct 14, 99999 9:28:52 PM",
            "Oct , 2020 9:28:52 PM",
            "Okt 14, 2020 9:28:52 PM",
            "2020-10-14T25:28:52Z",
            "2020-10-14T21:28:5:Z",
            "2020-10-14T21:28:/2Z",
            "2020-13-14T21:28:52Z",
        ] {
            check(&format!("{text:?}"), None);
        }
        check("1e300", None);
    }

    proptest::proptest! {
        #[test]
        fn every_time_is_read_as_events_write_it(second in FIRST.as_second()..253_402_300_799_i64) {
            let time = Timestamp::from_second(second).unwrap();
            check(&time.strftime("\"%b %-d, %Y %-I:%M:%S %p\"").to_string(), Some(time));
            check(&format!("\"{time}\""), Some(time));
        }
    }
}
