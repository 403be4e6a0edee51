//! Every message, as a person sees it.

use super::*;

/// The text, a mark below each fault, and what would be right.
fn shown(text: &str) -> String {
    let Err(faults) = Expression::compile(text) else { return format!("{text}\naccepted") };
    let faults = faults.iter().map(|Located { start, found, right }| {
        let line = text.replace(['\n', '\t'], " ");
        format!("{line}\n{:start$}^ {found}\n  = {right}", "")
    });
    faults.collect::<Vec<_>>().join("\n")
}

fn all(texts: &[&str]) -> String {
    texts.iter().map(|text| shown(text)).collect::<Vec<_>>().join("\n\n")
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

    ^ an empty expression
      = an expression as in `build.environment.privilegedMode && branch != "main"`

    build.projectName ==
                        ^ the expression ends too early
      = an expression as in `build.environment.privilegedMode && branch != "main"`

    build.projectName = 'x'
                      ^ `=` does not belong here
      = `==` compares

    branch == 'a' and region == 'b'
                  ^ `and` does not belong here
      = `&&` is CEL's `and`

    branch == 'a' & region == 'b'
                  ^ `&` does not belong here
      = `&&`

    not build.buildComplete
        ^ `build` does not belong here
      = `!` is CEL's `not`

    branch == 'a
              ^ a text that does not end, or holds an escape that CEL does not know, after `'`
      = a text between quotes: `"main"`; a backslash in it is written twice

    branch.matches('\d+')
                   ^ a text that does not end, or holds an escape that CEL does not know, after `'`
      = a text between quotes: `"main"`; a backslash in it is written twice

    (branch == 'a'
                  ^ the expression ends too early
      = a `)` for every `(`

    branch == 'a')
                 ^ `)` does not belong here
      = an expression as in `build.environment.privilegedMode && branch != "main"`

    build.?vpcConfig
         ^ optional values are not known here
      = an expression as in `build.environment.privilegedMode && branch != "main"`

    has(build)
        ^ `has` of something that is no member
      = `has(build.vpcConfig)`

    build.phases.all(p.x, true)
                      ^ a loop variable that is no name
      = `build.phases.exists(phase, phase.phaseType == "BUILD")`

    branch == 'ü' ü
                  ^ `ü` does not belong here
      = an expression as in `build.environment.privilegedMode && branch != "main"`

    99999999999999999999 > 1
    ^ a number out of range
      = an expression as in `build.environment.privilegedMode && branch != "main"`

    if branch == 'a'
    ^ `if` is a word that CEL keeps for itself
      = an expression as in `build.environment.privilegedMode && branch != "main"`

    true ? 1
            ^ the expression ends too early
      = an expression as in `build.environment.privilegedMode && branch != "main"`
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
    ^ no variable `bild`
      = did you mean `build`? the variables are `build`, `project`, `account`, `region`, `branch`, `running`, `cost` and `now`

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
                           ^ no variable `q`
      = did you mean `p`? the variables are `p`, `build`, `project`, `account`, `region`, `branch`, `running`, `cost` and `now`

    build.phases.phaseType == 'BUILD'
                 ^ `.phaseType` of a list
      = its elements have members: `build.phases.exists(phase, phase.phaseType == "BUILD")`

    build.projectName.x == 'y'
                      ^ `.x` of a string
      = a string has no members

    project.tags.team == 'x'
                 ^ `.team` of a list
      = its elements have members: `build.phases.exists(phase, phase.phaseType == "BUILD")`

    build['projectName'] == 'x'
         ^ the structure Build indexed with a string
      = a member is named after a dot: `build.environment`

    build.startTime.getHour() > 1
                    ^ no function `getHour`
      = did you mean `getHours`? the functions are `has`, `all`, `exists`, `exists_one`, `startsWith`, `endsWith`, `contains`, `glob`, `matches`, `size`, `duration`, `timestamp`, `string`, `int`, `double`, `bool`, `getFullYear`, `getMonth`, `getDate`, `getDayOfMonth`, `getDayOfWeek`, `getDayOfYear`, `getHours`, `getMinutes`, `getSeconds` and `getMilliseconds`

    lower(branch) == 'main'
    ^ no function `lower`
      = the functions are `has`, `all`, `exists`, `exists_one`, `startsWith`, `endsWith`, `contains`, `glob`, `matches`, `size`, `duration`, `timestamp`, `string`, `int`, `double`, `bool`, `getFullYear`, `getMonth`, `getDate`, `getDayOfMonth`, `getDayOfWeek`, `getDayOfYear`, `getHours`, `getMinutes`, `getSeconds` and `getMilliseconds`

    branch.startswith('x')
           ^ no function `startswith`
      = did you mean `startsWith`? the functions are `has`, `all`, `exists`, `exists_one`, `startsWith`, `endsWith`, `contains`, `glob`, `matches`, `size`, `duration`, `timestamp`, `string`, `int`, `double`, `bool`, `getFullYear`, `getMonth`, `getDate`, `getDayOfMonth`, `getDayOfWeek`, `getDayOfYear`, `getHours`, `getMinutes`, `getSeconds` and `getMilliseconds`

    startsWith(branch, 'x')
    ^ `startsWith` of a string and a string
      = it is called as `string.startsWith(string)`

    type(branch) == string
    ^ no function `type`
      = the functions are `has`, `all`, `exists`, `exists_one`, `startsWith`, `endsWith`, `contains`, `glob`, `matches`, `size`, `duration`, `timestamp`, `string`, `int`, `double`, `bool`, `getFullYear`, `getMonth`, `getDate`, `getDayOfMonth`, `getDayOfWeek`, `getDayOfYear`, `getHours`, `getMinutes`, `getSeconds` and `getMilliseconds`
    type(branch) == string
                    ^ no variable `string`
      = the variables are `build`, `project`, `account`, `region`, `branch`, `running`, `cost` and `now`

    has()
    ^ `has` called in another way
      = `has(build.vpcConfig)`, `list.all(x, …)`, `list.exists(x, …)`, `list.exists_one(x, …)`
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
      = a bool: something that is true or false of a build

    build.timeoutInMinutes > '60'
                           ^ `>` between an int and a string
      = values of one type: `int(x)`, `double(x)` and `string(x)` convert

    build.timeoutInMinutes * 1.5 > 60.0
                           ^ `*` between an int and a double
      = numbers of one type: `double(x)` makes one of an int, and `1.0` is one

    build.environment == build.environment
                      ^ `==` between the structure ProjectEnvironment and the structure ProjectEnvironment
      = its members can be compared, one by one

    build.reportArns == []
                     ^ `==` between a list of strings and a list
      = `size`, `in`, `all` and `exists` look into lists

    build.vpcConfig == null
                       ^ `null`
      = a member is there or it is not: `has(build.vpcConfig)` tells

    running > 60
            ^ `>` between a duration and an int
      = a duration is written `duration("90m")`

    now > '2027-01-01'
        ^ `>` between a timestamp and a string
      = a time is written `timestamp("2027-01-31T00:00:00Z")`

    branch in 'main'
           ^ `in` between a string and a string
      = a list of such values on the right; `contains` looks into a string

    build.timeoutInMinutes in ['60']
                           ^ `in` between an int and a list of strings
      = a list of such values on the right; `contains` looks into a string

    ['a', 1] == ['a']
          ^ an int in a list with a string
      = elements of one type: the first one is a string
    ['a', 1] == ['a']
             ^ `==` between a list of strings and a list of strings
      = `size`, `in`, `all` and `exists` look into lists

    build.buildComplete && build.initiator
                        ^ `&&` between a bool and a string
      = bools on every side of it

    !build.timeoutInMinutes
    ^ `!` before an int
      = bools on every side of it

    build.initiator.size() + 'x' == 'y'
                           ^ `+` between an int and a string
      = values of one type: `int(x)`, `double(x)` and `string(x)` convert

    build.phases[branch].phaseType == 'x'
                ^ a list of BuildPhase indexed with a string
      = a list indexed with an int, from 0

    branch == 'a' ? 1 : 'x'
                  ^ an int or a string, as the condition has it
      = one type on both sides of `:`

    build.phases.all(p, p.phaseType)
                          ^ the condition of `all` is a string
      = a bool

    build.environment.all(x, true)
                      ^ `all` over the structure ProjectEnvironment
      = loops go over lists

    branch.contains(1)
           ^ `contains` called on a string, with an int
      = it is called as `string.contains(string)`

    size(build.timeoutInMinutes) > 1
    ^ `size` of an int
      = it is called as `size(string)`, `size(list)`, `string.size()` and `list.size()`

    build.timeoutInMinutes > 60u
                             ^ an unsigned number
      = a build's numbers are signed: write it without `u`

    {'a': 1}.a == 1
    ^ a map or a message
      = a build has none to compare it with
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
    ]), @r#"
    running > duration('1 hour')
                       ^ `1 hour` is not a duration
      = numbers with the units `h`, `m`, `s` and `ms`, without spaces, as in `90m` or `1h30m`

    running > duration('90')
                       ^ `90` is not a duration
      = numbers with the units `h`, `m`, `s` and `ms`, without spaces, as in `90m` or `1h30m`

    running > duration(branch)
                       ^ a duration that is not written out
      = a duration stands between quotes, so that it can be checked when the policy is loaded

    now > timestamp('2027-01-31')
                    ^ `2027-01-31` is not a timestamp
      = RFC 3339, as in `2027-01-31T00:00:00Z`

    now.getHours('Berlin') > 8
                 ^ `Berlin` is not a time zone
      = a name of the time zone database, as in `Europe/Berlin`, or `+01:00`

    now.getHours(region) > 8
                 ^ a time zone that is not written out
      = a time zone stands between quotes, so that it can be checked when the policy is loaded

    branch.matches('(')
                   ^ `(` is not a regular expression
      = the reason: found open group without closing ')'

    branch.matches(region)
                   ^ a regular expression that is not written out
      = a regular expression stands between quotes, so that it can be checked when the policy is loaded

    matches(branch, region)
                    ^ a regular expression that is not written out
      = a regular expression stands between quotes, so that it can be checked when the policy is loaded

    branch.glob('[main]')
                ^ `[main]` is not a pattern
      = the reason: the only wildcards are `*` (any run of characters) and `?` (one character)

    branch.glob(region)
                ^ a pattern that is not written out
      = a pattern stands between quotes, so that it can be checked when the policy is loaded

    1 / 0 == 1
    ^ a constant that has no value
      = a division by zero or a number out of range is none

    int('x') == 1
        ^ `x` is not an int
      = digits
    "#);
}
