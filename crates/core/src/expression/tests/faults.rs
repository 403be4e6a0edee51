//! The messages of faults.

use super::*;

/// The text, a mark below each fault, and how to correct it.
pub(super) fn shown(text: &str) -> String {
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
