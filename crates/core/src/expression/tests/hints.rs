//! The hints in faults of expressions that are written as in another language.

use super::{faults::shown, *};

/// The position of the first fault, and how to correct it.
#[track_caller]
fn check_help(text: &str, start: usize, help: &str) {
    let Err(faults) = Expression::compile(text) else { panic!("accepted: {text}") };
    let found: Vec<(usize, &str)> = faults.iter().map(|fault| (fault.start, fault.help.as_str())).collect();
    assert_eq!(found.first(), Some(&(start, help)), "{text}: {found:?}");
}

#[test]
fn operators_of_other_languages() {
    check_help("branch == 'a' AND region == 'b'", 14, "use `&&` instead of `AND`");
    check_help("branch == 'a' OR region == 'b'", 14, "use `||` instead of `OR`");
    check_help("(branch == 'a' and region == 'b') || true", 15, "use `&&` instead of `and`");
    let brackets = "use `!` and brackets instead of `not`: `!(branch == \"main\")`";
    check_help("not branch == 'a'", 4, brackets);
    check_help("region == 'b' && not branch in ['a']", 21, brackets);
    check_help("not 'main'", 4, "use `!` instead of `not`");
    check_help("NOT build.buildComplete", 4, "use `!` instead of `NOT`");
    check_help("branch == 'a' && not (region == 'b')", 17, "use `!` instead of `not`");
    check_help("branch not in ['a']", 7, "use `!(x in [\"main\", \"dev\"])` instead of `not in`");
    check_help("branch === 'a'", 9, "use `==` instead of `===`");
    check_help("branch !== 'a'", 9, "use `!=` instead of `!==`");
    check_help("branch <> 'a'", 8, "use `!=` instead of `<>`");
    let pattern = "use `branch.glob(\"release/*\")`, or `matches` with a regular expression";
    for (text, start) in [
        ("branch =~ '^a'", 7),
        ("branch !~ '^a'", 7),
        ("branch ~ '^a'", 7),
        ("branch ==~ /a/", 9),
        ("branch like 'a%'", 7),
        ("branch LIKE 'a%'", 7),
    ] {
        check_help(text, start, pattern);
    }
    check_help("branch not like 'a%'", 7, "use `!` instead of `not`");
    check_help("branch contains 'a'", 7, "write a call: `branch.contains(\"main\")`");
    check_help("branch in ('a', 'b')", 14, "write a list as `[\"main\", \"dev\"]`");
    check_help("branch in {'a', 'b'}", 14, "write a list as `[\"main\", \"dev\"]`");
    let ternary = "use `condition ? one : other` instead of `if`";
    check_help("if branch == 'a' then true else false", 0, ternary);
    check_help("true if branch == 'a' else false", 5, ternary);
    check_help("branch == 'a' ? true", 20, "write `condition ? one : other`");
    let lambda = "write `build.phases.exists(phase, phase.phaseType == \"BUILD\")`";
    check_help("build.phases.exists(p => p.phaseType == 'BUILD')", 22, lambda);
    check_help("branch == “main”", 10, "put a string into straight quotes: `\"main\"`");
    check_help("branch == `main`", 10, "put a string into straight quotes: `\"main\"`");
}

#[test]
fn what_other_languages_call_null_and_true() {
    let has = "test whether a member exists with `has(build.vpcConfig)`";
    check_help("build.vpcConfig is null", 16, has);
    check_help("build.vpcConfig IS NOT NULL", 16, has);
    check_help("build.vpcConfig != None", 19, has);
    check_help("build.vpcConfig == undefined", 19, has);
    check_help("build.buildComplete is true", 20, "use `==` instead of `is`");
    check_help("build.buildComplete == True", 23, "use `true` instead of `True`");
    let bools = "compare a bool with `true` or `false`, without quotes";
    check_help("build.buildComplete == 'true'", 20, bools);
    check_help("build.buildComplete != 1", 20, bools);
}

#[test]
fn durations_without_quotes() {
    check_help("running > 30m", 12, "write a duration as `duration(\"30m\")`");
    check_help("running > 1h30m && true", 11, "write a duration as `duration(\"1h30m\")`");
    check_help("running > 30 minutes", 13, "write a duration as `duration(\"90m\")`");
    check_help("running > 2d", 11, "write a duration as `duration(\"90m\")`");
    check_help(
        "build.timeoutInMinutes > duration('30m')",
        23,
        "compare it with a number, as in `build.timeoutInMinutes > 90`",
    );
    check_help("running > build.timeoutInMinutes", 8, "write a duration as `duration(\"90m\")`");
}

#[test]
fn functions_and_members_of_other_languages() {
    check_help("len(build.phases) > 1", 0, "use `size` instead of `len`");
    check_help("branch.length() > 1", 7, "use `size` instead of `length`");
    check_help("build.phases.length > 1", 13, "use `size(x)` instead of `x.length`");
    check_help("branch.length > 1", 7, "use `size(x)` instead of `x.length`");
    check_help("build.phases.size > 1", 13, "use `size(x)` instead of `x.size`");
    let case = "ignore case with `branch.matches(\"(?i)^main$\")`";
    check_help("branch.lower() == 'a'", 7, case);
    check_help("branch.toLowerCase() == 'a'", 7, case);
    check_help("upper(branch) == 'A'", 0, case);
    check_help("build.phases.some(p, p.phaseType == 'BUILD')", 13, "use `exists` instead of `some`");
    check_help("build.phases.any(p, p.phaseType == 'BUILD')", 13, "use `exists` instead of `any`");
    check_help("build.phases.every(p, p.phaseType == 'BUILD')", 13, "use `all` instead of `every`");
    let contains = "use `x in list` for a list, and `contains` for a string";
    check_help("['a', 'b'].contains(branch)", 11, contains);
    let includes = "use `contains` for a string, `x in list` for a list of strings, and `exists` for other lists";
    check_help("branch.includes('a')", 7, includes);
    check_help("build.phases.includes('BUILD')", 13, includes);
    let elements = "look at its elements: `build.phases.exists(phase, phase.phaseType == \"BUILD\")`";
    check_help("project.tags.contains('team')", 13, elements);
    check_help("project.tags['team'].value == 'a'", 12, elements);
}

/// `matches` takes no pattern, and `startsWith` none either.
#[test]
fn a_pattern_is_to_be_written_with_glob() {
    check_help("branch.matches('^refs/heads/main$')", 15, "use `glob(\"main\")`");
    check_help("branch.startsWith('refs/heads/ma')", 18, "use `glob(\"ma*\")`");
    check_help("region.startsWith('EU-')", 18, "use `glob(\"eu-*\")`");
    check_help("account.contains('1111-2222-3333')", 17, "use `glob(\"111122223333\")`");
    let regex = "correct the regular expression, which matches no value";
    check_help("branch.matches('^refs/heads/(main|dev)$')", 15, regex);
    check_help("region.matches('^EU-WEST-1$|^EU-WEST-2$')", 15, regex);
    check_help("branch.glob('refs/heads/*')", 12, "write `*`");
}

#[test]
fn a_missing_operator_is_not_a_unit_or_a_bad_string() {
    let comma = "write an operator or a comma before the string";
    check_help("branch in ['main' 'dev']", 18, comma);
    check_help("branch == 'main' 'x'", 17, comma);
    check_help("branch 'main'", 7, comma);
    let example = "write an expression such as `build.environment.privilegedMode && branch != \"main\"`";
    check_help("build.buildNumber > 60 startedBy == 'x'", 23, example);
    check_help("build.buildNumber > 5 has(build.vpcConfig)", 22, example);
    check_help("build.vpcConfig?.vpcId == 'x'", 29, "test whether a member exists with `has(…)`");
    let backslash = "write a string as `\"main\"`, with every backslash in it twice";
    check_help(r"branch.matches('^v\d$')", 15, backslash);
}

#[test]
fn a_word_that_is_called_in_another_way_is_not_replaced() {
    let exists = "write `build.phases.exists(phase, phase.phaseType == \"BUILD\")`";
    for (text, start, help) in [
        ("any(build.phases, p, p.phaseType == 'BUILD')", 0, exists),
        ("build.phases.some('BUILD')", 13, exists),
        ("build.phases.count(p, p.phaseType == 'BUILD') > 1", 13, "write `size(x)`"),
        ("build.buildComplete.not()", 20, "write `!` before what it negates: `!(branch == \"main\")`"),
    ] {
        check_help(text, start, help);
        let fixes = Expression::compile(text).err().map(|faults| faults[0].fix.clone());
        assert_eq!(fixes, Some(None), "{text}");
    }
}

#[test]
fn a_word_of_another_language_is_replaced() {
    for (text, theirs, ours) in [
        ("branch.length() > 1", "length", "size"),
        ("build.phases.some(p, p.phaseType == 'BUILD')", "some", "exists"),
        ("build.buildComplete == True", "True", "true"),
        ("true && not (branch == 'a')", "not", "!"),
    ] {
        let Err(faults) = Expression::compile(text) else { panic!("accepted: {text}") };
        assert_eq!(faults[0].fix, Some((theirs.to_owned(), ours.to_owned())), "{text}");
        assert!(Expression::compile(&text.replacen(theirs, ours, 1)).is_ok(), "{text}");
    }
}

#[test]
fn what_a_not_and_an_or_apply_to() {
    let not = "use a bool after `!`, and brackets around a comparison: `!(branch == \"main\")`";
    for text in ["!branch in ['a']", "!branch == 'a'", "!build.timeoutInMinutes > 1"] {
        check_help(text, 0, not);
        assert_eq!(Expression::compile(text).err().map(|faults| faults.len()), Some(1), "{text}");
    }
    let each = "write a whole comparison on each side, or `branch in [\"main\", \"dev\"]`";
    check_help("branch == 'a' || 'b'", 14, each);
    let two = "join two comparisons with `&&`: `10 < x && x < 60`";
    check_help("10 < build.timeoutInMinutes < 60", 28, two);
    let quotes = shown("branch == main");
    assert!(quotes.contains("put a string into quotes: `\"main\"`; the variables are `build`"), "{quotes}");
    let quotes = shown("main.x == 'a'");
    assert!(!quotes.contains("quotes"), "{quotes}");
}

#[test]
fn hints_do_not_look_into_strings_and_comments() {
    let example = "write an expression such as `build.environment.privilegedMode && branch != \"main\"`";
    check_help("branch // not\n branch", 15, example);
    check_help("branch == 'in (' , 'b'", 17, example);
    check_help("branch == '30' m", 15, example);
    check_help("'?' == branch )", 14, example);
    check_help("cannot branch", 7, example);
    check_help("branch == 'ü' // and\n  AND true", 23, "use `&&` instead of `AND`");
    for text in [
        "build.source.buildspec == 'a and b; x = y =~ z like w is null 30m <> 1' // not and, or; 30m, `x`",
        "build.phases.exists(length, length.phaseType == 'not in')",
        "['x'].exists(len, len == branch)",
        "build.phases.exists(None, None.phaseType == 'BUILD')",
        "['x'].exists(True, True == branch)",
        "branch == 'a' ? .5 > cost : false",
    ] {
        assert!(shown(text).ends_with("accepted"), "{}", shown(text));
    }
}

#[test]
fn members_without_their_path() {
    for (text, path) in [
        ("initiator == 'x'", "build.initiator"),
        ("environment.computeType == 'x'", "build.environment"),
        ("computeType == 'x'", "build.environment.computeType"),
        ("privilegedMode", "build.environment.privilegedMode"),
        ("tags.exists(tag, tag.key == 'x')", "project.tags"),
        ("name == 'x'", "build.projectName"),
    ] {
        check_help(text, 0, &format!("write `{path}`"));
    }
    for (text, path) in [
        ("build.branch == 'main'", "branch"),
        ("build.account == '111122223333'", "account"),
        ("build.privilegedMode", "build.environment.privilegedMode"),
        ("build.tags.exists(tag, tag.key == 'x')", "project.tags"),
        ("has(build.tags)", "project.tags"),
    ] {
        let start = text.find("build.").unwrap() + "build.".len();
        check_help(text, start, &format!("write `{path}`"));
    }
}

#[test]
fn numbers_that_are_texts() {
    let quotes = "put the number into quotes: `\"111122223333\"`";
    check_help("account == 111122223333", 8, quotes);
    check_help("111122223333 != account", 13, quotes);
    check_help("account in [111122223333, 444455556666]", 8, quotes);
    check_help("account == 012345678901", 8, "put the number into quotes: `\"012345678901\"`");
}
