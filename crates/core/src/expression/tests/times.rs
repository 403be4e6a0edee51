//! The meaning of timestamps and durations, by the language's definition:
//! <https://github.com/google/cel-spec/blob/master/doc/langdef.md>.

use super::*;

#[track_caller]
fn check_all(expressions: &[&str]) {
    for expression in expressions {
        // A constant alone would be evaluated when the expression is loaded.
        check(&format!("build.buildNumber == 7 && ({expression})"), "true");
    }
}

#[test]
fn every_function_is_declared_once() {
    assert!(time::declare(&mut Env::stdlib()).is_ok());
}

#[test]
fn durations_are_parsed_and_formatted() {
    check_all(&[
        "duration('1m') == duration('60s') && duration('1h') == duration('60m')",
        "duration('1.5h') == duration('1h30m') && duration('0') == duration('0s')",
        "duration('-1h30m') == duration('0') - duration('90m')",
        "duration('2h30m45s').getHours() == 2 && duration('2h30m45s').getMinutes() == 150",
        "duration('2h30m45s').getSeconds() == 9045 && duration('1s500ms').getMilliseconds() == 500",
        "duration('25h').getHours() == 25 && duration('-90m').getHours() == -1",
        "string(duration('1h30m')) == '5400s' && string(duration('1500ms')) == '1.5s'",
        "string(duration('-1ns')) == '-0.000000001s' && string(duration('0')) == '0s'",
        "duration('1h') - duration('1m') == duration('59m')",
        "duration('1h') + duration('1m') > duration('1h')",
        "duration('123.321456789s').getMilliseconds() == 321 && duration('-1500ms').getMilliseconds() == -500",
    ]);
}

#[test]
fn durations_are_exact() {
    check_all(&[
        "duration('1.001s') == duration('1001ms') && duration('4.35s') == duration('4350ms')",
        "duration('0.1h') == duration('6m') && duration('1.1m') == duration('66s')",
        "duration('.5s') == duration('500ms') && duration('1.s') == duration('1s')",
        "duration('0.000000001s') == duration('1ns') && duration('0.1ns') == duration('0s')",
        "duration('0.33333333333333333333h') == duration('1199.999999999s')",
        "duration('2562047h47m16.854775807s') == duration('9223372036854775807ns')",
        "duration('0.00000000000000000000000000000000000000000000001h') == duration('0')",
    ]);
}

#[test]
fn timestamps_are_parsed_and_formatted() {
    check_all(&[
        "timestamp('2023-05-29T00:00:00Z') == timestamp('2023-05-29T02:00:00+02:00')",
        "timestamp(1234567890) == timestamp('2009-02-13T23:31:30Z')",
        "int(timestamp('2009-02-13T23:31:30Z')) == 1234567890",
        "int(timestamp('1969-12-31T23:59:59.500Z')) == -1",
        "timestamp('0001-01-01T00:00:00Z') < timestamp(0) && now < timestamp('9999-12-31T23:59:59.999999999Z')",
        "timestamp('2023-05-29t00:00:00.5z') == timestamp('2023-05-29 00:00:00.5-00:00')",
        "string(timestamp('2023-05-29T00:00:00.120Z')) == '2023-05-29T00:00:00.12Z'",
        "string(timestamp('2023-05-29T02:00:00+02:00')) == '2023-05-29T00:00:00Z'",
    ]);
}

#[test]
fn timestamps_and_durations_are_added_and_subtracted() {
    check_all(&[
        "timestamp('2023-05-29T00:00:00Z') - duration('24h') == timestamp('2023-05-28T00:00:00Z')",
        "timestamp('2023-05-29T00:00:00Z') - timestamp('2023-05-28T00:00:00Z') == duration('24h')",
        "duration('24h') + timestamp('2023-05-28T00:00:00Z') == timestamp('2023-05-28T00:00:00Z') + duration('24h')",
        "timestamp(1) in [timestamp(0), timestamp(1)] && timestamp(0) != timestamp(1)",
    ]);
    for expression in [
        "now - timestamp('0001-01-01T00:00:00Z') > running",
        "running + duration('2562047h') > running",
        "timestamp('9999-12-31T23:59:59Z') + running > now",
        "timestamp('0001-01-01T00:00:00Z') - running > now",
    ] {
        check(expression, "unknown: expression (a number, a timestamp or a duration is out of range)");
    }
}

#[test]
fn the_parts_of_a_time() {
    // A Sunday, the 148th day of its year.
    let time = "timestamp('2023-05-28T23:59:58.750Z')";
    for (part, in_utc, in_berlin) in [
        ("getFullYear", 2023, 2023),
        ("getMonth", 4, 4),
        ("getDate", 28, 29),
        ("getDayOfMonth", 27, 28),
        ("getDayOfWeek", 0, 1),
        ("getDayOfYear", 147, 148),
        ("getHours", 23, 1),
        ("getMinutes", 59, 59),
        ("getSeconds", 58, 58),
        ("getMilliseconds", 750, 750),
    ] {
        check_all(&[
            &format!("{time}.{part}() == {in_utc}"),
            &format!("{time}.{part}('Europe/Berlin') == {in_berlin}"),
            &format!("{time}.{part}('UTC') == {in_utc}"),
        ]);
    }
    check_all(&[
        // In UTC, however the time was written.
        "timestamp('2023-05-28T00:30:00+01:00').getHours() == 23",
        "timestamp('2023-05-28T00:30:00Z').getHours('-01:00') == 23",
        "timestamp('2023-05-28T00:30:00Z').getMinutes('-00:45') == 45",
        "timestamp('2023-05-28T00:30:00Z').getHours('Etc/UTC') == 0",
        "timestamp('2023-05-28T00:30:00Z').getHours('US/Pacific') == 17",
        "timestamp('2023-01-28T00:30:00Z').getHours('America/Los_Angeles') == 16",
    ]);
}

#[test]
fn invalid_times_are_refused() {
    for expression in [
        "now > timestamp('2027-01-31')",
        "now > timestamp('2027-01-31T00:00Z')",
        "now > timestamp('2027-01-31T00:00:00+01')",
        "now > timestamp('2027-01-31T00:00:00')",
        "now > timestamp('2027-01-31T00:00:00Z[Europe/Berlin]')",
        "now > timestamp(1000000000000)",
        "running > duration('1d')",
        "running > duration('')",
        "running > duration('2562048h')",
        "running > duration('9223372036854775808ns')",
        "running > duration('99999999999999999999999999999999999999999999h')",
        "running > duration('.s')",
        "running > duration('1.2.3s')",
        "running > duration('1h-1m')",
        "running > duration('-')",
        "now.getHours('europe/berlin') == 1",
        "now.getHours('Europe/Atlantis') == 1",
        "now.getHours('+24:00') == 1",
        "now.getHours('+01:60') == 1",
    ] {
        assert!(answer(expression, |_| ()).starts_with("refused"), "{expression}");
    }
}
