//! Times, in every form in which CodeBuild tells them.

use jiff::{Timestamp, civil::DateTime, tz::Offset};

use super::{Json, Lenient};

/// As a text: RFC 3339, or as CodeBuild's events write it. As a number: seconds since
/// 1970, as the API's JSON protocol writes it.
impl Lenient for Timestamp {
    fn begin(json: Json<'_>) -> Option<Self> {
        match json {
            Json::Text(text) if text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) => {
                time_in_events(text.as_bytes())
            }
            Json::Text(text) => {
                let plain = text.as_bytes().try_into().ok().and_then(time_of_envelope);
                plain.or_else(|| text.parse().ok()).or_else(|| in_utc(text.parse().ok()?))
            }
            Json::Integer(seconds) => Timestamp::from_second(seconds).ok(),
            Json::Number(seconds) => Timestamp::from_millisecond((seconds * 1000.0).round() as i64).ok(),
            _ => None,
        }
    }
}

fn in_utc(time: DateTime) -> Option<Timestamp> {
    Offset::UTC.to_timestamp(time).ok()
}

/// `2020-10-14T21:28:52Z`, which is how EventBridge writes every event's own time. By hand,
/// since it is one form of many that RFC 3339 has.
fn time_of_envelope(text: &[u8; 20]) -> Option<Timestamp> {
    let [y1, y2, y3, y4, b'-', mo1, mo2, b'-', d1, d2, b'T', h1, h2, b':', mi1, mi2, b':', s1, s2, b'Z'] = *text else {
        return None;
    };
    let (year, month, day) = (year([y1, y2, y3, y4])?, two_digits(mo1, mo2)?, two_digits(d1, d2)?);
    in_utc(DateTime::new(year, month, day, two_digits(h1, h2)?, two_digits(mi1, mi2)?, two_digits(s1, s2)?, 0).ok()?)
}

/// `Oct 14, 2020 9:28:52 PM`, UTC, sometimes with U+202F before the last word. By hand,
/// since each phase of a build has two, and to read a format first takes longer than a date is.
fn time_in_events(text: &[u8]) -> Option<Timestamp> {
    let (name, rest) = text.split_first_chunk()?;
    let month = match name {
        b"Jan" => 1,
        b"Feb" => 2,
        b"Mar" => 3,
        b"Apr" => 4,
        b"May" => 5,
        b"Jun" => 6,
        b"Jul" => 7,
        b"Aug" => 8,
        b"Sep" => 9,
        b"Oct" => 10,
        b"Nov" => 11,
        b"Dec" => 12,
        _ => return None,
    };
    let (day, rest) = match *rest {
        [b' ', ones, b',', b' ', ref rest @ ..] => (digit(ones)?, rest),
        [b' ', tens, ones, b',', b' ', ref rest @ ..] => (two_digits(tens, ones)?, rest),
        _ => return None,
    };
    let (years, rest) = rest.split_first_chunk()?;
    let (hour, rest) = match *rest {
        [b' ', ones, b':', ref rest @ ..] => (digit(ones)?, rest),
        [b' ', tens, ones, b':', ref rest @ ..] => (two_digits(tens, ones)?, rest),
        _ => return None,
    };
    let [mi1, mi2, b':', s1, s2, ref half @ ..] = *rest else { return None };
    let hour = match (hour, half) {
        (1..=12, b" AM" | b"\xe2\x80\xafAM") => hour % 12,
        (1..=12, b" PM" | b"\xe2\x80\xafPM") => hour % 12 + 12,
        _ => return None,
    };
    in_utc(DateTime::new(year(*years)?, month, day, hour, two_digits(mi1, mi2)?, two_digits(s1, s2)?, 0).ok()?)
}

fn digit(byte: u8) -> Option<i8> {
    byte.is_ascii_digit().then(|| byte.wrapping_sub(b'0').cast_signed())
}

fn two_digits(tens: u8, ones: u8) -> Option<i8> {
    Some(digit(tens)? * 10 + digit(ones)?)
}

fn year([y1, y2, y3, y4]: [u8; 4]) -> Option<i16> {
    Some(i16::from(two_digits(y1, y2)?) * 100 + i16::from(two_digits(y3, y4)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::lenient::from_json;

    #[track_caller]
    fn check(json: &str, expected: Option<Timestamp>) {
        assert_eq!(from_json::<Timestamp>(json).unwrap(), expected, "{json}");
    }

    #[test]
    fn dates_in_every_form_seen() {
        let expected: Timestamp = "2020-10-14T21:28:52Z".parse().unwrap();
        for text in [
            "Oct 14, 2020 9:28:52 PM",
            "Oct 14, 2020 09:28:52 PM",
            "Oct 14, 2020 9:28:52\u{202f}PM",
            "2020-10-14T21:28:52Z",
            "2020-10-14T23:28:52+02:00",
            "2020-10-14T21:28:52",
        ] {
            check(&format!("{text:?}").replace("\\u{202f}", "\u{202f}"), Some(expected));
        }
        check("1602710932", Some(expected));
        check("1602710932.0", Some(expected));
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
        fn a_time_as_events_write_it_is_read_whenever_it_is(second in 0..253_402_300_799_i64) {
            let time = Timestamp::from_second(second).unwrap();
            check(&time.strftime("\"%b %-d, %Y %-I:%M:%S %p\"").to_string(), Some(time));
            check(&format!("\"{time}\""), Some(time));
        }
    }
}
