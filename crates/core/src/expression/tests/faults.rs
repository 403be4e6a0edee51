//! The messages of faults.

use super::*;

/// The text, a mark below each fault, and how to correct it.
fn shown(text: &str) -> String {
    let Err(faults) = Expression::compile(text) else { return format!("{text}\naccepted") };
    let faults = faults.iter().map(|ExpressionFault { start, message, help, .. }| {
        let line = text.replace(['\n', '\t'], " ");
        format!("{line}\n{:start$}^ {message}\n  = {help}", "")
    });
    faults.collect::<Vec<_>>().join("\n")
}

fn all(texts: &[&str]) -> String {
    texts.iter().map(|text| shown(text)).collect::<Vec<_>>().join("\n\n")
}

#[test]
fn brackets_that_are_nested_too_deeply() {
    let Err(faults) = Expression::compile(&format!("{}true{}", "(".repeat(500), ")".repeat(500))) else {
        panic!("accepted")
    };
    let found: Vec<(&str, &str)> = faults.iter().map(|fault| (fault.message.as_str(), fault.help.as_str())).collect();
    assert_eq!(found, [("brackets are nested too deeply", "split the expression into several rules")]);
}

#[test]
fn as_many_levels_are_accepted_as_the_help_says() {
    // The comparison is a level too.
    let nested = |additions: usize| shown(&format!("{}size(branch) > 0", "1 + ".repeat(additions)));
    let accepted = nested(limits::DEPTH - 1);
    assert!(accepted.ends_with("accepted"), "{accepted}");
    let refused = nested(limits::DEPTH);
    assert!(refused.contains("operators and calls are nested too deeply"), "{refused}");
    assert!(refused.ends_with("nest at most 20 levels, or split the expression into several rules"), "{refused}");
}

#[test]
fn a_method_of_another_type() {
    insta::assert_snapshot!(all(&["build.initiator.getHours() == 1", "build.initiator.startsWith(1)"]), @"
    build.initiator.getHours() == 1
                    ^ `getHours` called on a string
      = use one of `timestamp.getHours()`, `timestamp.getHours(string)` and `duration.getHours()`

    build.initiator.startsWith(1)
                    ^ `startsWith` called on a string with an int
      = call it as `string.startsWith(string)`
    ");
}

#[test]
fn syntax() {
    insta::assert_snapshot!(all(&[
        "",
        "build.projectName ==",
        "build.projectName = 'x'",
        "branch == 'a' and region == 'b'",
        "branch == 'a' & region == 'b'",
        "not build.buildComplete",
        "branch == 'a",
        "branch.matches('\\d+')",
        "(branch == 'a'",
        "branch == 'a')",
        "build.?vpcConfig",
        "has(build)",
        "build.phases.all(p.x, true)",
        "branch == 'ü' ü",
        "99999999999999999999 > 1",
        "if branch == 'a'",
        "true ? 1",
    ]), @r#"

    ^ the expression is empty
      = write an expression such as `build.environment.privilegedMode && branch != "main"`

    build.projectName ==
                        ^ the expression ends too early
      = write an expression such as `build.environment.privilegedMode && branch != "main"`

    build.projectName = 'x'
                      ^ unexpected `=`
      = use `==` to compare

    branch == 'a' and region == 'b'
                  ^ unexpected `and`
      = use `&&` instead of `and`

    branch == 'a' & region == 'b'
                  ^ unexpected `&`
      = use `&&`

    not build.buildComplete
        ^ unexpected `build`
      = use `!` instead of `not`

    branch == 'a
              ^ unterminated string, or unknown escape in it, after `'`
      = write a string as `"main"`, with every backslash in it twice

    branch.matches('\d+')
                   ^ unterminated string, or unknown escape in it, after `'`
      = write a string as `"main"`, with every backslash in it twice

    (branch == 'a'
                  ^ the expression ends too early
      = close every `(` with a `)`

    branch == 'a')
                 ^ unexpected `)`
      = write an expression such as `build.environment.privilegedMode && branch != "main"`

    build.?vpcConfig
         ^ optional values are not supported
      = write an expression such as `build.environment.privilegedMode && branch != "main"`

    has(build)
        ^ the argument of `has` is not a member
      = write `has(build.vpcConfig)`

    build.phases.all(p.x, true)
                      ^ the loop variable is not a name
      = write `build.phases.exists(phase, phase.phaseType == "BUILD")`

    branch == 'ü' ü
                  ^ unexpected `ü`
      = write an expression such as `build.environment.privilegedMode && branch != "main"`

    99999999999999999999 > 1
    ^ the number is out of range
      = use a number of at most 64 bits

    if branch == 'a'
    ^ `if` is a reserved word of CEL
      = use `condition ? one : other` instead of `if`

    true ? 1
            ^ the expression ends too early
      = write `condition ? one : other`
    "#);
}

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
    check_help("branch.includes('a')", 7, contains);
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
fn names() {
    insta::assert_snapshot!(all(&[
        "bild.projectName == 'x'",
        "build.projectNam == 'x'",
        "'é' == build.environment . privilegeMode",
        "build.environment.privileged_mode",
        "has(build.environmnt) && has(build.environment.x)",
        "build.phases.exists(p, p.phaseTyp == 'BUILD')",
        "build.phases.exists(p, q.phaseType == 'BUILD')",
        "build.phases.phaseType == 'BUILD'",
        "build.projectName.x == 'y'",
        "project.tags.team == 'x'",
        "build['projectName'] == 'x'",
        "build.startTime.getHour() > 1",
        "lower(branch) == 'main'",
        "branch.startswith('x')",
        "startsWith(branch, 'x')",
        "type(branch) == string",
        "has()",
    ]), @r#"
    bild.projectName == 'x'
    ^ unknown variable `bild`
      = did you mean `build`? the variables are `build`, `project`, `batch`, `account`, `region`, `branch`, `ref`, `startedBy`, `running`, `cost` and `now`

    build.projectNam == 'x'
          ^ Build has no member `projectNam`
      = did you mean `projectName`? the members of Build are `id`, `arn`, `buildNumber`, `startTime`, `endTime`, `currentPhase`, `buildStatus`, `sourceVersion`, `resolvedSourceVersion`, `projectName`, `phases`, `source`, `secondarySources`, `secondarySourceVersions`, `artifacts`, `secondaryArtifacts`, `cache`, `environment`, `serviceRole`, `logs`, `timeoutInMinutes`, `queuedTimeoutInMinutes`, `buildComplete`, `initiator`, `vpcConfig`, `networkInterface`, `encryptionKey`, `exportedEnvironmentVariables`, `reportArns`, `fileSystemLocations`, `debugSession`, `buildBatchArn` and `autoRetryConfig`

    'é' == build.environment . privilegeMode
                               ^ ProjectEnvironment has no member `privilegeMode`
      = did you mean `privilegedMode`? the members of ProjectEnvironment are `type`, `image`, `computeType`, `computeConfiguration`, `fleet`, `environmentVariables`, `privilegedMode`, `certificate`, `registryCredential`, `imagePullCredentialsType`, `dockerServer` and `hostKernel`

    build.environment.privileged_mode
                      ^ ProjectEnvironment has no member `privileged_mode`
      = did you mean `privilegedMode`? the members of ProjectEnvironment are `type`, `image`, `computeType`, `computeConfiguration`, `fleet`, `environmentVariables`, `privilegedMode`, `certificate`, `registryCredential`, `imagePullCredentialsType`, `dockerServer` and `hostKernel`

    has(build.environmnt) && has(build.environment.x)
              ^ Build has no member `environmnt`
      = did you mean `environment`? the members of Build are `id`, `arn`, `buildNumber`, `startTime`, `endTime`, `currentPhase`, `buildStatus`, `sourceVersion`, `resolvedSourceVersion`, `projectName`, `phases`, `source`, `secondarySources`, `secondarySourceVersions`, `artifacts`, `secondaryArtifacts`, `cache`, `environment`, `serviceRole`, `logs`, `timeoutInMinutes`, `queuedTimeoutInMinutes`, `buildComplete`, `initiator`, `vpcConfig`, `networkInterface`, `encryptionKey`, `exportedEnvironmentVariables`, `reportArns`, `fileSystemLocations`, `debugSession`, `buildBatchArn` and `autoRetryConfig`
    has(build.environmnt) && has(build.environment.x)
                                                   ^ ProjectEnvironment has no member `x`
      = the members of ProjectEnvironment are `type`, `image`, `computeType`, `computeConfiguration`, `fleet`, `environmentVariables`, `privilegedMode`, `certificate`, `registryCredential`, `imagePullCredentialsType`, `dockerServer` and `hostKernel`

    build.phases.exists(p, p.phaseTyp == 'BUILD')
                             ^ BuildPhase has no member `phaseTyp`
      = did you mean `phaseType`? the members of BuildPhase are `phaseType`, `phaseStatus`, `startTime`, `endTime`, `durationInSeconds` and `contexts`

    build.phases.exists(p, q.phaseType == 'BUILD')
                           ^ unknown variable `q`
      = did you mean `p`? the variables are `p`, `build`, `project`, `batch`, `account`, `region`, `branch`, `ref`, `startedBy`, `running`, `cost` and `now`

    build.phases.phaseType == 'BUILD'
                 ^ a list has no member `phaseType`
      = look at its elements: `build.phases.exists(phase, phase.phaseType == "BUILD")`

    build.projectName.x == 'y'
                      ^ a string has no member `x`
      = remove `.x`

    project.tags.team == 'x'
                 ^ a list has no member `team`
      = look at its elements: `build.phases.exists(phase, phase.phaseType == "BUILD")`

    build['projectName'] == 'x'
         ^ the structure Build indexed with a string
      = write a member after a dot: `build.environment`

    build.startTime.getHour() > 1
                    ^ unknown function `getHour`
      = did you mean `getHours`? the functions are `has`, `all`, `exists`, `exists_one`, `startsWith`, `endsWith`, `contains`, `glob`, `matches`, `size`, `duration`, `timestamp`, `string`, `int`, `double`, `bool`, `getFullYear`, `getMonth`, `getDate`, `getDayOfMonth`, `getDayOfWeek`, `getDayOfYear`, `getHours`, `getMinutes`, `getSeconds` and `getMilliseconds`

    lower(branch) == 'main'
    ^ unknown function `lower`
      = ignore case with `branch.matches("(?i)^main$")`

    branch.startswith('x')
           ^ unknown function `startswith`
      = did you mean `startsWith`? the functions are `has`, `all`, `exists`, `exists_one`, `startsWith`, `endsWith`, `contains`, `glob`, `matches`, `size`, `duration`, `timestamp`, `string`, `int`, `double`, `bool`, `getFullYear`, `getMonth`, `getDate`, `getDayOfMonth`, `getDayOfWeek`, `getDayOfYear`, `getHours`, `getMinutes`, `getSeconds` and `getMilliseconds`

    startsWith(branch, 'x')
    ^ `startsWith` called with a string and a string
      = call it as `string.startsWith(string)`

    type(branch) == string
    ^ unknown function `type`
      = the functions are `has`, `all`, `exists`, `exists_one`, `startsWith`, `endsWith`, `contains`, `glob`, `matches`, `size`, `duration`, `timestamp`, `string`, `int`, `double`, `bool`, `getFullYear`, `getMonth`, `getDate`, `getDayOfMonth`, `getDayOfWeek`, `getDayOfYear`, `getHours`, `getMinutes`, `getSeconds` and `getMilliseconds`
    type(branch) == string
                    ^ unknown variable `string`
      = put a string into quotes: `"string"`; the variables are `build`, `project`, `batch`, `account`, `region`, `branch`, `ref`, `startedBy`, `running`, `cost` and `now`

    has()
    ^ wrong arguments for `has`
      = write `has(build.vpcConfig)`, `list.all(x, …)`, `list.exists(x, …)` or `list.exists_one(x, …)`
    "#);
}

#[test]
fn types() {
    insta::assert_snapshot!(all(&[
        "build.projectName",
        "build.timeoutInMinutes > '60'",
        "build.timeoutInMinutes * 1.5 > 60.0",
        "build.environment == build.environment",
        "build.reportArns == []",
        "build.vpcConfig == null",
        "running > 60",
        "now > '2027-01-01'",
        "branch in 'main'",
        "build.timeoutInMinutes in ['60']",
        "['a', 1] == ['a']",
        "build.buildComplete && build.initiator",
        "!build.timeoutInMinutes",
        "build.initiator.size() + 'x' == 'y'",
        "build.phases[branch].phaseType == 'x'",
        "branch == 'a' ? 1 : 'x'",
        "build.phases.all(p, p.phaseType)",
        "build.environment.all(x, true)",
        "branch.contains(1)",
        "size(build.timeoutInMinutes) > 1",
        "build.timeoutInMinutes > 60u",
        "{'a': 1}.a == 1",
    ]), @r#"
    build.projectName
    ^ the expression is a string
      = write an expression that is a bool: true or false for each build

    build.timeoutInMinutes > '60'
                           ^ `>` between an int and a string
      = use values of one type; convert with `int(x)`, `double(x)` or `string(x)`

    build.timeoutInMinutes * 1.5 > 60.0
                           ^ `*` between an int and a double
      = use numbers of one type: `double(x)` converts an int, and `1.0` is a double

    build.environment == build.environment
                      ^ `==` between the structure ProjectEnvironment and the structure ProjectEnvironment
      = compare its members, one by one

    build.reportArns == []
                     ^ `==` between a list of strings and a list
      = look into lists with `size`, `in`, `all` and `exists`

    build.vpcConfig == null
                       ^ `null` is not supported
      = test whether a member exists with `has(build.vpcConfig)`

    running > 60
            ^ `>` between a duration and an int
      = write a duration as `duration("90m")`

    now > '2027-01-01'
        ^ `>` between a timestamp and a string
      = write a timestamp as `timestamp("2027-01-31T00:00:00Z")`

    branch in 'main'
           ^ `in` between a string and a string
      = write a list of such values on the right; look into a string with `contains`

    build.timeoutInMinutes in ['60']
                           ^ `in` between an int and a list of strings
      = write a list of such values on the right; look into a string with `contains`

    ['a', 1] == ['a']
          ^ an int in a list with a string
      = use elements of one type; the first one is a string
    ['a', 1] == ['a']
             ^ `==` between a list of strings and a list of strings
      = look into lists with `size`, `in`, `all` and `exists`

    build.buildComplete && build.initiator
                        ^ `&&` between a bool and a string
      = write a whole comparison on each side, or `branch in ["main", "dev"]`

    !build.timeoutInMinutes
    ^ `!` before an int
      = use a bool after `!`, and brackets around a comparison: `!(branch == "main")`

    build.initiator.size() + 'x' == 'y'
                           ^ `+` between an int and a string
      = use values of one type; convert with `int(x)`, `double(x)` or `string(x)`

    build.phases[branch].phaseType == 'x'
                ^ a list of BuildPhase indexed with a string
      = look at its elements: `build.phases.exists(phase, phase.phaseType == "BUILD")`

    branch == 'a' ? 1 : 'x'
                  ^ `? :` between an int and a string
      = use one type on both sides of `:`

    build.phases.all(p, p.phaseType)
                          ^ the condition of `all` is a string
      = use a condition that is a bool

    build.environment.all(x, true)
                      ^ `all` called on the structure ProjectEnvironment
      = call it on a list

    branch.contains(1)
           ^ `contains` called on a string with an int
      = call it as `string.contains(string)`

    size(build.timeoutInMinutes) > 1
    ^ `size` called with an int
      = use one of `size(string)`, `size(list)`, `string.size()` and `list.size()`

    build.timeoutInMinutes > 60u
                             ^ unsigned numbers are not supported
      = remove the `u`

    {'a': 1}.a == 1
    ^ maps and messages are not supported
      = compare members one by one
    "#);
}

#[test]
fn literals() {
    insta::assert_snapshot!(all(&[
        "running > duration('1 hour')",
        "running > duration('90')",
        "running > duration(branch)",
        "now > timestamp('2027-01-31')",
        "now.getHours('Berlin') > 8",
        "now.getHours(region) > 8",
        "branch.matches('(')",
        "branch.matches(region)",
        "matches(branch, region)",
        "branch.glob('[main]')",
        "branch.glob(region)",
        "1 / 0 == 1",
        "int('x') == 1",
    ]), @"
    running > duration('1 hour')
                       ^ `1 hour` is not a duration
      = use numbers with the units `h`, `m`, `s` and `ms`, without spaces, as in `90m` or `1h30m`

    running > duration('90')
                       ^ `90` is not a duration
      = use numbers with the units `h`, `m`, `s` and `ms`, without spaces, as in `90m` or `1h30m`

    running > duration(branch)
                       ^ the duration is not a literal
      = write a duration in quotes, so that it can be checked when the policy is loaded

    now > timestamp('2027-01-31')
                    ^ `2027-01-31` is not a timestamp
      = use RFC 3339, as in `2027-01-31T00:00:00Z`

    now.getHours('Berlin') > 8
                 ^ `Berlin` is not a time zone
      = use a name of the time zone database, such as `Europe/Berlin`, or an offset, such as `+01:00`

    now.getHours(region) > 8
                 ^ the time zone is not a literal
      = write a time zone in quotes, so that it can be checked when the policy is loaded

    branch.matches('(')
                   ^ `(` is not a regular expression
      = correct the expression: found open group without closing ')'

    branch.matches(region)
                   ^ the regular expression is not a literal
      = write a regular expression in quotes, so that it can be checked when the policy is loaded

    matches(branch, region)
                    ^ the regular expression is not a literal
      = write a regular expression in quotes, so that it can be checked when the policy is loaded

    branch.glob('[main]')
                ^ `[main]` is not a pattern
      = correct the pattern: the only wildcards are `*` (any run of characters) and `?` (one character)

    branch.glob(region)
                ^ the pattern is not a literal
      = write a pattern in quotes, so that it can be checked when the policy is loaded

    1 / 0 == 1
    ^ the constant cannot be computed
      = avoid a division by zero and numbers out of range

    int('x') == 1
        ^ `x` is not an int
      = use digits
    ");
}
