//! Expressions that try to stall or crash the function: each is refused or harmless.

use std::{
    thread,
    time::{Duration as Time, Instant},
};

use proptest::prelude::*;

use super::*;

/// Half the stack of a Rust thread, and an eighth of that of `main`.
const STACK: usize = 1 << 20;

/// Compiles and evaluates on a stack far smaller than any function's, in a time that no
/// function would notice.
#[track_caller]
fn survived(expression: &str) -> Result<(), String> {
    let text = expression.to_owned();
    let start = Instant::now();
    let run = move || {
        let faults =
            |faults: Vec<ExpressionFault>| faults.into_iter().map(|fault| fault.message).collect::<Vec<_>>().join(", ");
        let expression = Expression::compile(&text).map_err(faults)?;
        let build = large();
        let facts = Facts { is_whole: true, ..Facts::of(&build, Timestamp::UNIX_EPOCH) };
        // The answer does not matter here, only that there is one.
        drop(expression.evaluate(&facts));
        Ok(())
    };
    let thread = thread::Builder::new().stack_size(STACK).spawn(run).unwrap();
    let outcome = thread.join().expect("no panic");
    assert!(start.elapsed() < Time::from_secs(20), "{:?} {}", start.elapsed(), beginning(expression));
    outcome
}

fn beginning(text: &str) -> String {
    text.chars().take(80).collect()
}

/// A build as large as the API would ever return.
fn large() -> Build {
    let variables: Vec<Value> =
        (0..1000).map(|index| json!({ "name": format!("NAME_{index}"), "value": "a".repeat(60) })).collect();
    serde_json::from_value(json!({
        "environment": { "environmentVariables": variables },
        "source": { "buildspec": "a".repeat(64 << 10) },
    }))
    .unwrap()
}

#[track_caller]
fn refused(expression: &str, why: &str) {
    let outcome = survived(expression);
    let is_why = outcome.as_ref().is_err_and(|found| found.contains(why));
    assert!(is_why, "{outcome:?} {}", beginning(expression));
}

/// The crate's errors print the values that they contain.
#[test]
fn a_value_prints_its_path_and_no_content() {
    let build = build();
    let facts = Facts::of(&build, Timestamp::UNIX_EPOCH);
    let variables = value::Variables::new(&facts);
    let shown = format!("{:?}", &*cel::context::VariableResolver::resolve(&variables, "build").unwrap());
    assert_eq!(shown, "build");
}

#[test]
fn a_text_that_is_too_long_is_not_parsed() {
    refused(&" ".repeat(5_000), "bytes");
    refused(&"true || ".repeat(100_000), "bytes");
}

#[test]
fn depth_is_refused_before_it_costs_a_stack() {
    let within = |open: &str, close: &str, times: usize| format!("{}1{}", open.repeat(times), close.repeat(times));
    for expression in [
        within("(", ")", 1_990),
        within("[", "]", 1_990),
        within("{1:", "}", 990),
        within("size([", "])", 400),
        within("-(", ")", 1_300),
    ] {
        assert!(survived(&expression).is_err(), "{}", beginning(&expression));
    }
    for expression in [
        "(".repeat(4_000),
        "[".repeat(4_000),
        "f(".repeat(2_000),
        "{".repeat(4_000),
        "a?".repeat(2_000),
        "'\\q".to_owned() + &"(".repeat(3_900),
    ] {
        assert!(survived(&expression).is_err(), "{}", beginning(&expression));
    }
    refused(&"[".repeat(200), "brackets are nested");
    // Signs cancel out in pairs.
    assert_eq!(survived(&format!("{}true", "!".repeat(3_900))), Ok(()));
    assert_eq!(survived(&format!("{}1 > 0", "-".repeat(3_900))), Ok(()));
}

/// A short text without brackets and signs is parsed on the stack of the caller.
#[test]
fn a_short_chain_needs_no_large_stack() {
    for link in ["a.", "1+", "1*", "1<", "a&&", "a||", "a==", "a in ", "'a'+", "a:", "a,", "}", "\\"] {
        let chain = link.repeat(limits::SHORT / link.len() - 1);
        let _ = survived(&chain);
        let _ = survived(&format!("{chain}a"));
    }
    assert_eq!(survived("build.environment.privilegedMode"), Ok(()));
}

#[test]
fn long_chains_are_refused_before_they_cost_a_stack() {
    for (link, end) in [("1+", "1 > 0"), ("'a'+", "'a' == 'b'"), ("1<", "1"), ("true?true:", "true"), ("1*", "1 > 0")] {
        let times = (4_000 - end.len()) / link.len();
        assert!(survived(&format!("{}{end}", link.repeat(times))).is_err(), "{link}");
    }
    refused(&format!("{}1 > 0", "1+".repeat(1_000)), "nested too deeply");
    assert!(survived(&format!("build{}", ".a".repeat(1_900))).is_err());
    assert!(survived(&format!("build.phases{}", "[0]".repeat(1_300))).is_err());
    assert!(survived(&format!("'a'{}", ".contains('a')".repeat(280))).is_err());
    // Logic is kept in balance, however long.
    assert_eq!(survived(&format!("{}true", "true&&".repeat(660))), Ok(()));
    assert_eq!(survived(&format!("{}true", "branch=='a'||".repeat(300))), Ok(()));
}

/// Just below and just above the depth that is accepted, of everything that nests.
#[test]
fn the_deepest_that_is_accepted_fits_a_small_stack() {
    type Nest = fn(String, usize) -> String;
    let nested: [(&str, Nest); 7] = [
        ("true", |inner, _| format!("!!!({inner} && build.buildComplete)")),
        ("true", |inner, depth| format!("[1].all(x{depth}, {inner})")),
        ("true", |inner, _| format!("({inner} ? {inner} : build.buildComplete)")),
        ("true", |inner, _| format!("({inner}) == build.buildComplete")),
        ("branch", |inner, _| format!("('a' + ({inner}))")),
        ("build.timeoutInMinutes", |inner, _| format!("(1 + -size(string({inner})))")),
        ("branch", |inner, _| format!("string({inner}.contains('a'))")),
    ];
    for (innermost, nest) in nested {
        let mut expression = innermost.to_owned();
        let mut accepted = 0;
        for depth in 0..40 {
            expression = nest(expression, depth);
            let whole = match innermost {
                "true" => expression.clone(),
                "branch" => format!("{expression} == ''"),
                _ => format!("{expression} == 1"),
            };
            if whole.len() > limits::LENGTH || survived(&whole).is_err() {
                break;
            }
            accepted += 1;
        }
        assert!((4..limits::DEPTH).contains(&accepted), "{accepted} {}", beginning(&expression));
    }
}

#[test]
fn loops_within_loops_are_refused() {
    let mut expression = "true".to_owned();
    for depth in 0..7 {
        expression = format!("[1,2,3,4,5,6,7,8,9,10].all(x{depth}, {expression})");
    }
    refused(&expression, "steps");
    let list = "build.environment.environmentVariables";
    refused(&format!("{list}.all(a, {list}.all(b, {list}.all(c, a.name != b.name)))"), "steps");
    // Two deep is what comparing the elements of a list takes. Its real length counts
    // when a build is judged.
    let twice = format!("{list}.all(a, {list}.all(b, a.name + 'x' != b.name))");
    assert_eq!(survived(&twice), Ok(()));
    let build = large();
    let facts = Facts { is_whole: true, ..Facts::of(&build, Timestamp::UNIX_EPOCH) };
    let fact = Expression::compile(&twice).unwrap().evaluate(&facts).unwrap_err();
    insta::assert_snapshot!(fact, @"expression (the build has more elements or text than an expression may read)");
}

#[test]
fn nothing_grows() {
    refused("[1, 2].map(x, [x, x]).size() > 1", "unknown function `map`");
    refused("build.phases.filter(p, true).size() > 1", "unknown function `filter`");
    refused("[1].map(x, x > 0, x).size() > 1", "unknown function `map`");
    refused("[branch + branch].all(a, [a + a].all(b, b == ''))", "computed list");
    refused("([1] + [2]).all(a, true)", "`+` between");
    refused("optional.of(branch).optMap(a, a + a) == 'x'", "unknown function");
    // All the text there is, as often as there is room for: some megabytes, for a moment.
    let once = "build.source.buildspec";
    let mut sum = once.to_owned();
    while 2 * sum.len() + 10 < 3_900 {
        sum = format!("({sum}+{sum})");
    }
    assert_eq!(survived(&format!("{sum} == ''")), Ok(()));
}

#[test]
fn regular_expressions_are_small() {
    refused("branch.matches('(a{1000}){1000}')", "not a regular expression");
    refused("branch.matches('(a?){60}a{60}b')", "not a regular expression");
    refused(&format!("branch.matches('{}')", "a".repeat(201)), "not a regular expression");
    refused(&format!("branch.matches('{}a{}')", "(".repeat(90), ")".repeat(90)), "not a regular expression");
    refused("matches(branch, branch)", "is not a literal");
    refused("matches(branch, 'a' + 'b')", "is not a literal");
    for regex in ["(a*)*b", "(a|a)*b", "(.*)(.*)(.*)(.*)(.*)[^a]", "(a?){25}a{25}b", ".*.*.*.*.*.*.*.*b"] {
        assert_eq!(survived(&format!("build.source.buildspec.matches('{regex}')")), Ok(()), "{regex}");
    }
    let list = "build.environment.environmentVariables";
    assert_eq!(survived(&format!("{list}.all(v, !v.value.matches('(a*)*b'))")), Ok(()));
    assert_eq!(survived("build.source.buildspec.glob('*a*a*a*a*a*a*a*b')"), Ok(()));
}

/// The crate's reader looks ahead: no sequence of words may take it long.
#[test]
fn what_is_ambiguous_is_read_in_time() {
    for (open, close) in
        [("(", ")"), ("[", "]"), ("{1:", "}"), ("f(", ")"), ("a.all(x,", ")"), ("a[", "]"), ("-(", ")")]
    {
        for times in [20, 60, 94, 97] {
            for end in ["", "!", "1 1"] {
                let _ = survived(&format!("{}1{end}{}", open.repeat(times), close.repeat(times)));
            }
        }
    }
    let _ = survived(&"a ? ".repeat(95).replace("a ? ", "a ? b : "));
    let _ = survived(&"a{b:".repeat(900));
    let _ = survived(&"a.b{".repeat(900));
    let _ = survived(&"(a".repeat(1_900));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20, ..ProptestConfig::default() })]

    #[test]
    fn no_flood_of_words_takes_long(words in proptest::collection::vec(word(), 500..1500)) {
        let mut text = words.concat();
        while text.len() > limits::LENGTH {
            text.pop();
        }
        let _ = survived(&text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn no_text_panics(text in any::<String>()) {
        drop(Expression::compile(&text));
    }

    #[test]
    fn no_words_of_the_language_panic(words in proptest::collection::vec(word(), 0..30)) {
        let text = words.concat();
        if let Ok(expression) = Expression::compile(&text) {
            let build = build();
            drop(expression.evaluate(&Facts::of(&build, Timestamp::MAX)));
        }
    }

    #[test]
    fn what_is_accepted_is_answered(text in condition()) {
        let compiled = Expression::compile(&text);
        prop_assert!(compiled.is_ok(), "{text}: {:?}", compiled.err());
        let (build, project) = (build(), project());
        for now in [Timestamp::MIN, Timestamp::UNIX_EPOCH, Timestamp::MAX] {
            let facts = Facts { project: Some(&project), is_whole: true, ..Facts::of(&build, now) };
            if let Err(fact) = compiled.as_ref().unwrap().evaluate(&facts) {
                // The types hold: nothing but the facts, or arithmetic on them, leaves an answer open.
                prop_assert!(!fact.to_string().contains("it cannot be evaluated"), "{text}: {fact}");
            }
        }
    }
}

fn word() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "build",
        "project",
        ".environment",
        ".phases",
        ".tags",
        ".name",
        ".exists(x, ",
        ".all(y, ",
        "has(",
        "size(",
        "x",
        "y",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ",",
        " == ",
        " != ",
        " < ",
        " && ",
        " || ",
        "!",
        "-",
        " + ",
        " * ",
        " / ",
        " in ",
        "?",
        ":",
        "'a'",
        "\"",
        "'",
        "\\",
        "1",
        "2.5",
        "1u",
        "b'x'",
        "null",
        "true",
        "now",
        "running",
        "cost",
        "duration('1h')",
        "timestamp(1)",
        ".matches('a')",
        ".glob('a*')",
        ".getHours('UTC')",
        ".map(z, z)",
        "é",
        "\n",
        "//",
    ])
}

/// Conditions that are right by their types.
fn condition() -> impl Strategy<Value = String> {
    let text = proptest::sample::select(vec![
        "branch",
        "(region + '')",
        "(account + '')",
        "build.projectName",
        "build.environment.image",
        "build.encryptionKey",
        "'main'",
        "string(build.timeoutInMinutes)",
        "string(now)",
        "string(running)",
        "project.tags[0].key",
        "build.source.buildspec",
    ]);
    let number = proptest::sample::select(vec![
        "build.timeoutInMinutes",
        "build.buildNumber",
        "size(branch)",
        "now.getHours()",
        "running.getSeconds()",
        "now.getDayOfYear('Europe/Berlin')",
        "running.getMinutes()",
        "int(branch)",
        "int(cost)",
        "int(now)",
        "build.phases.size()",
        "now.getFullYear('-12:00')",
        "(-5 + size(branch))",
        "(size(region) * 9223372036854775807)",
    ]);
    let time = proptest::sample::select(vec![
        "now",
        "build.startTime",
        "project.created",
        "timestamp(0)",
        "now + running",
        "now - duration('24h')",
        "now + (now - build.startTime)",
        "now + (timestamp('9999-12-31T00:00:00Z') - timestamp('0001-01-01T00:00:00Z'))",
    ]);
    let leaf = prop_oneof![
        (text.clone(), proptest::sample::select(vec!["==", "!=", "<", ">="]), text.clone())
            .prop_map(|(one, operator, other)| format!("{one} {operator} {other}")),
        (number.clone(), proptest::sample::select(vec!["+", "-", "*", "/", "%"]), number.clone(), number)
            .prop_map(|(one, operator, other, third)| format!("{one} {operator} ({other}) > {third}")),
        (time.clone(), time).prop_map(|(one, other)| format!("{one} < {other}")),
        text.clone().prop_map(|text| format!("{text}.glob('*a?')")),
        text.clone().prop_map(|text| format!("{text}.matches('[a-z]+$')")),
        text.prop_map(|text| format!("{text} in ['a', branch]")),
        Just("build.environment.privilegedMode".to_owned()),
        Just("has(build.environment.fleet)".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one} && {other})")),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| format!("({one} || {other})")),
            inner.clone().prop_map(|one| format!("!({one})")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            (inner.clone(), proptest::sample::select(vec!["all", "exists", "exists_one"]))
                .prop_map(|(one, name)| format!("[1, 2].{name}(n, {one})")),
        ]
    })
}
