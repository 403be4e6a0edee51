//! Selectors whose keys exclude each other, and rules that no selected build can break.

use super::outcome;

/// Checks whether there is a warning about a rule.
#[track_caller]
fn check(rule: &str, warns: bool) {
    let found = outcome(rule, "{}");
    assert_eq!(found.starts_with("warning"), warns, "{rule}: {found}");
}

#[test]
fn keys_that_exclude_each_other() {
    for (keys, warns) in [
        ("started-by: [user], initiators: [codepipeline/*]", true),
        ("started-by: [user], initiators: ['*/*', Admin/alice]", true),
        ("started-by: [role], initiators: [alice]", true),
        ("started-by: [pipeline], initiators: [GitHub-Hookshot/*]", true),
        ("started-by: [webhook], initiators: [alice]", true),
        ("started-by: [rule], initiators: [alice, Admin/*]", true),
        ("started-by: [build], initiators: [rule/x]", true),
        ("started-by: [user, pipeline], initiators: [GitHub-Hookshot/*]", true),
        ("started-by: [pipeline], sources: ['https://github.com/acme/*']", true),
        ("branches: [main], refs: [refs/tags/*]", true),
        ("branches: [main], refs: [refs/heads/dev]", true),
        ("branches: [release/*], refs: [refs/tags/v*, refs/heads/main]", true),
        ("branches: [main], when: 'branch == \"dev\"'", true),
        ("branches: [main], when: 'branch != \"main\"'", true),
        ("branches: [main], when: '!(branch == \"main\")'", true),
        ("branches: [main], when: 'branch.startsWith(\"release/\")'", true),
        ("branches: [main, dev], when: 'branch in [\"test\", \"x\"]'", true),
        ("branches: [main], when: 'ref == \"refs/tags/v1\"'", true),
        ("refs: [refs/tags/*], when: 'branch == \"main\"'", true),
        ("projects: [web-*], when: 'build.projectName == \"shop\"'", true),
        ("projects: [web], when: 'project.name == \"shop\"'", true),
        ("initiators: [codepipeline/*], when: 'startedBy == \"user\"'", true),
        ("initiators: [bob], when: 'build.initiator == \"alice\" && branch == \"main\"'", true),
        ("started-by: [user], when: 'startedBy == \"pipeline\"'", true),
        ("started-by: [pipeline], when: 'build.source.type == \"GITHUB\"'", true),
        ("accounts: ['111122223333'], when: 'account == \"444455556666\"'", true),
        ("regions: [eu-*], when: 'region.startsWith(\"us-\")'", true),
        ("when: 'branch == \"main\" && ref == \"refs/heads/dev\"'", true),
        ("branches: [main, dev], when: 'branch != \"main\"'", false),
        ("branches: [release/*], when: 'branch.startsWith(\"release/1\") && build.environment.privilegedMode'", false),
        ("branches: [main], when: 'branch == \"dev\" || build.environment.privilegedMode'", false),
        ("refs: ['refs/pull/*'], when: 'branch == \"main\"'", false),
        ("started-by: [user, pipeline], when: 'startedBy != \"pipeline\"'", false),
        ("projects: [shop-*], when: 'build.projectName.endsWith(\"-prod\")'", false),
        ("started-by: [retry], when: 'build.initiator.startsWith(\"Role/\")'", false),
        ("started-by: [user], initiators: [alice, '*']", false),
        ("started-by: [role], initiators: [Admin/*, '*alice']", false),
        ("started-by: [pipeline, user], initiators: [codepipeline/release]", false),
        ("started-by: [webhook], initiators: ['Git*']", false),
        ("started-by: [rule], initiators: ['*/nightly']", false),
        ("started-by: [build], initiators: ['Role/*']", false),
        ("started-by: [retry], initiators: [Role/*]", false),
        ("started-by: [pipeline, user], sources: ['https://github.com/acme/*']", false),
        ("branches: [main], refs: [refs/heads/*]", false),
        // A merged pull request has the branch that it was merged into.
        ("branches: [main], refs: ['refs/pull/*']", false),
        ("branches: ['*'], refs: ['refs/heads/release/*']", false),
    ] {
        check(&format!("max-timeout: 1h\nonly: [{{ {keys} }}]"), warns);
        let projects = if keys.contains("projects:") { "" } else { ", projects: [x]" };
        check(&format!("max-timeout: 1h\nexcept: [{{ {keys}{projects} }}]"), warns);
    }
    check("max-timeout: 1h\nonly: [{ branches: [main] }, { refs: [refs/tags/*] }]", false);
}

#[test]
fn scopes_in_which_nothing_breaks_the_rule() {
    for (rule, warns) in [
        ("forbidden-branches: [dev]\nonly: [{ branches: [main] }]", true),
        ("forbidden-branches: [dev]\nonly: [{ branches: [main] }, { refs: [refs/tags/*] }]", true),
        ("forbidden-branches: [main, dev]\nexcept: [{ branches: [main, d*] }]", true),
        ("forbidden-refs: [refs/tags/v1]\nexcept: [{ refs: [refs/tags/*] }]", true),
        ("forbidden-branches: [main, dev]\nexcept: [{ branches: [main] }]", false),
        ("forbidden-branches: [main]\nexcept: [{ branches: [main], until: 2027-01-31 }]", false),
        ("forbidden-branches: [main]\nexcept: [{ branches: [main], projects: [x] }]", false),
        ("forbidden-branches: [main]\nexcept: [{ branches: [main] }]\non-unknown: stop", false),
        ("forbidden-branches: [dev]\nonly: [{ when: 'branch == \"main\"' }]", true),
        ("deny-when: branch == \"main\"\nonly: [{ branches: [dev] }]", true),
        ("deny-when: startedBy == \"user\"\nonly: [{ started-by: [pipeline] }]", true),
        ("deny-when: branch == \"main\"\nonly: [{ branches: [m*] }, { projects: [x] }]", false),
        ("forbidden-refs: [refs/tags/*]\nonly: [{ branches: [main, release/*] }]", true),
        ("forbidden-initiators: [bob]\nonly: [{ initiators: [alice, Admin/*] }]", true),
        ("forbidden-initiators: [alice]\nonly: [{ started-by: [role, pipeline] }]", true),
        ("forbidden-sources: ['https://github.com/a/*']\nonly: [{ sources: ['https://github.com/b/*'] }]", true),
        ("allowed-branches: [main, release/*]\nonly: [{ branches: [main, release/1] }]", true),
        ("forbidden-branches: [main]\nonly: [{ branches: ['m*'] }]", false),
        ("forbidden-branches: [dev]\nonly: [{ branches: [main] }, { projects: [x] }]", false),
        ("forbidden-branches: [dev]\nonly: [{ branches: [main] }]\non-unknown: stop", false),
        ("forbidden-refs: ['refs/pull/*']\nonly: [{ branches: [main] }]", false),
        ("forbidden-initiators: ['*/alice']\nonly: [{ started-by: [role] }]", false),
        ("forbidden-sources: ['http://github.com/a/*']\nonly: [{ sources: ['https://GitHub.com/A/*'] }]", false),
        ("allowed-branches: [main]\nonly: [{ branches: [main, release/*] }]", false),
        ("allowed-initiators: [codepipeline/*]\nonly: [{ initiators: [codepipeline/release] }]", false),
    ] {
        check(rule, warns);
    }
}
