//! Files that are not YAML, or not only YAML.

use super::faults;

#[test]
fn text_that_is_not_yaml() {
    insta::assert_snapshot!(faults("version: 1\nrules: [\n"), @"
    policy.yaml:2:8: error[BB002]: invalid YAML: unclosed bracket '['
     2 | rules: [
       |        ^
       = correct the YAML syntax here
    ");
    insta::assert_snapshot!(faults("a: b: c\n"), @"
    policy.yaml:1:5: error[BB002]: invalid YAML: mapping values are not allowed in this context
     1 | a: b: c
       |     ^
       = put the whole value into quotes, or into a block: `|`, and the value on the next line
    ");
    insta::assert_snapshot!(faults("version: 1\n---\nversion: 1\n"), @"
    policy.yaml:2:1: error[BB006]: second YAML document
     2 | ---
       | ^
       = remove it; a file has one document
    ");
    insta::assert_snapshot!(faults("version: 1\nversion: 1\nrules:\n\t- id: a\n"), @"
    policy.yaml:4:1: error[BB003]: invalid YAML: a tab in the indentation
     4 |  - id: a
       | ^
       = indent with spaces
    ");
    insta::assert_snapshot!(faults("\0"), @r"
    policy.yaml:1:1: error[BB002]: invalid YAML: unexpected character: `\u{0}'
     1 | 
       | ^
       = correct the YAML syntax here
    ");
    insta::assert_snapshot!(faults(&"[".repeat(100_000)), @"
    policy.yaml:1:256: error[BB002]: invalid YAML: recursion limit exceeded
     1 | [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
       |                                                   ^
       = correct the YAML syntax here
    ");
}

#[test]
fn aliases_that_cannot_be_followed() {
    insta::assert_snapshot!(faults("version: &v [*v]\n"), @"
    policy.yaml:1:14: error[BB007]: alias inside the value that it refers to
     1 | version: &v [*v]
       |              ^
       = replace the alias with the value itself
    ");
    insta::assert_snapshot!(faults("version: *v\n"), @"
    policy.yaml:1:10: error[BB002]: invalid YAML: a value that begins with `*` needs quotes
     1 | version: *v
       |          ^
       = write `'*v'`; without quotes, it is an alias of YAML
    ");
    let line = |number: usize| format!("l{number}: &l{number} [{}]\n", format!("*l{},", number - 1).repeat(10));
    let bomb: String = (1..9).map(line).collect();
    insta::assert_snapshot!(faults(&format!("l0: &l0 [x]\n{bomb}")), @"
    policy.yaml:6:18: error[BB007]: anchors and aliases copy more than 100000 values
     6 | l5: &l5 [*l4,*l4,*l4,*l4,*l4,*l4,*l4,*l4,*l4,*l4,]
       |                  ^
       = use fewer aliases
    ");
    let nested =
        |number: usize| format!("l{number}: &l{number} {}*l{}{}\n", "[".repeat(100), number - 1, "]".repeat(100));
    let deep: String = (1..4).map(nested).collect();
    insta::assert_snapshot!(faults(&format!("l0: &l0 [x]\n{deep}")), @"
    policy.yaml:4:109: error[BB007]: alias that nests values deeper than 255 levels
     4 | [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[*l2]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
       |                                                   ^
       = replace the alias with the value itself
    ");
}

#[test]
fn a_fault_in_a_very_long_line_shows_the_part_about_it() {
    let text = format!("{{version: 1, rules: [{{id: a, {}max-timeuot: 5m}}]}}", " ".repeat(100_000));
    insta::assert_snapshot!(faults(&text), @"
    policy.yaml:1:100030: error[BB024]: unknown key `max-timeuot` in a rule
     1 |                                                   max-timeuot: 5m}]}
       |                                                   ^
       = did you mean `max-timeout`?
    ");
}

/// The first fault's place, message and help.
fn first(text: &str) -> String {
    let faults = crate::policy::Policy::parse("p", text).expect_err("a fault");
    let fault = faults.iter().next().expect("a fault");
    format!("{}:{} {} = {}", fault.place.line, fault.place.column, fault.message, fault.help)
}

#[test]
fn keys_that_are_not_indented_alike_and_keys_without_a_space() {
    let rule = "version: 1\nrules:\n  - id: a\n";
    for (text, expected) in [
        (
            format!("{rule}     max-timeout: 1h\n"),
            "4:6 `max-timeout` is indented further than `id` before it = indent both by 4 spaces if they belong together",
        ),
        (
            format!("{rule}    max-timeout: 1h\n      mode: report\n"),
            "5:7 `mode` is indented further than `max-timeout` before it = indent both by 4 spaces if they belong together",
        ),
        (
            "version: 1\n  mode: report\n".to_owned(),
            "2:3 `mode` is indented further than `version` before it = indent both by 0 spaces if they belong together",
        ),
        (
            format!("{rule}   max-timeout: 1h\n"),
            "4:4 `max-timeout` is indented less than `id` before it = indent both by 4 spaces if they belong together",
        ),
        ("version:1\nrules:\n".to_owned(), "1:8 no space after `version:` = write `version: …`, with a space"),
        (
            "version: 1\nrules:\n  - id:a\n    max-timeout: 1h\n".to_owned(),
            "3:7 no space after `id:` = write `id: …`, with a space",
        ),
        (
            format!("{rule}    max-timeout:1h\n"),
            "4:16 no space after `max-timeout:` = write `max-timeout: …`, with a space",
        ),
        (
            format!("{rule}    only: [{{projects:[x]}}]\n"),
            "4:21 no space after `projects:` = write `projects: …`, with a space",
        ),
        ("version:1\n".to_owned(), "1:1 expected a policy, found `version:1` = write `version: …`, with a space"),
        ("version: 1\nrules: [id:a]\n".to_owned(), "2:9 expected a rule, found `id:a` = write `id: …`, with a space"),
        // A value that YAML splits is another matter.
        (
            format!("{rule}    only:\n      - when: a ? b : c\n"),
            "5:21 invalid YAML: mapping values are not allowed in this context = put the whole value into quotes, or into a block: `|`, and the value on the next line",
        ),
        (
            format!("{rule}    reason: see https://wiki: here\n"),
            "4:29 invalid YAML: mapping values are not allowed in this context = put the whole value into quotes, or into a block: `|`, and the value on the next line",
        ),
    ] {
        assert_eq!(first(&text), expected, "{text}");
    }
}

#[test]
fn patterns_and_names_that_need_quotes() {
    let rule = "version: 1\nrules:\n  - id: a\n";
    let alias = "invalid YAML: a value that begins with `*` needs quotes = write `'*:latest'`; without quotes, it is an alias of YAML";
    for (text, expected) in [
        (format!("{rule}    forbidden-images: [*:latest]\n"), format!("4:24 {alias}")),
        (format!("{rule}    forbidden-images: [x, *:latest, y]\n"), format!("4:27 {alias}")),
        (format!("{rule}    forbidden-images:\n      - *:latest # any\n"), format!("5:9 {alias}")),
        (format!("{rule}    only: [{{images: [*:latest]}}]\n"), format!("4:22 {alias}")),
        (format!("version: 1\nnever-stop:\n- *\n{}", &rule[11..]), format!("3:3 {}", alias.replace(":latest", ""))),
        (
            format!("{rule}    owner: @shop's # them\n"),
            "4:12 invalid YAML: a value that begins with `@` needs quotes = write `\"@shop's\"`".to_owned(),
        ),
    ] {
        assert_eq!(first(&text), expected, "{text}");
    }
}

#[test]
fn a_tag_is_a_fault_wherever_it_stands() {
    for text in [
        "version: !x 1\nrules: [{id: a, max-timeout: 1h}]",
        "!x {version: 1, rules: [{id: a, max-timeout: 1h}]}",
        "version: 1\nrules: !x [{id: a, max-timeout: 1h}]",
        "version: 1\nrules: [!x {id: a, max-timeout: 1h}]",
        "version: 1\nrules: [{id: a, forbidden-branches: !Split [x]}]",
        "version: 1\nrules: [{id: a, forbidden-branches: [!Ref x]}]",
        "version: 1\nrules: [{id: a, max-timeout: !dur 1h}]",
        "version: 1\nrules: [{id: a, max-timeout: 1h, only: [{tags: !x {a: [b]}}]}]",
        "version: 1\nprices: !x {A: 1}\nrules: [{id: a, max-timeout: 1h}]",
    ] {
        assert!(first(text).contains("YAML tags are not supported = remove the tag"), "{text}: {}", first(text));
    }
}

#[test]
fn a_dash_without_a_space() {
    let rule = "version: 1\nrules:\n  - id: a\n";
    let message = "no space after `-` = write";
    for (text, expected) in [
        (format!("{rule}    forbidden-branches:\n      -main\n"), format!("5:7 {message} `- main`")),
        (format!("{rule}    forbidden-branches:\n      -main\n      -dev\n"), format!("5:7 {message} `- main`")),
        (
            format!("{rule}    forbidden-branches: -main\n"),
            format!("4:25 {message} `[main]`, or `- main` in the next line"),
        ),
        (
            "{version: 1, rules: [{id: a, forbidden-branches: -main}]}".to_owned(),
            format!("1:50 {message} `[main]`, or `- main` in the next line"),
        ),
        (
            format!("{rule}    forbidden-branches: -main, dev\n"),
            "4:25 expected a list, found `-main, dev` = write a list, such as `[main, release/*]`".to_owned(),
        ),
        (
            format!("{rule}    forbidden-branches: --main\n"),
            "4:25 expected a list, found `--main` = write a list, such as `[main, release/*]`".to_owned(),
        ),
        (
            format!("{rule}    forbidden-branches: -*/x\n"),
            "4:25 expected a list, found `-*/x` = write a list, such as `[main, release/*]`".to_owned(),
        ),
        ("version: 1\nrules:\n  -id: a\n  max-timeout: 1h\n".to_owned(), format!("3:3 {message} `- id: …`")),
        (
            format!("{rule}    only:\n      -projects: [a]\n    max-timeout: 1h\n"),
            format!("5:7 {message} `- projects: …`"),
        ),
    ] {
        assert_eq!(first(&text), expected, "{text}");
    }
}

#[test]
fn a_dash_without_a_space_that_is_not_yaml() {
    let rule = "version: 1\nrules:\n  - id: a\n    max-timeout: 1h\n";
    let key = "no space after `-` = write `- id: …`, with a space";
    let element = "no space after `-` = write `- …`, with a space";
    for (text, expected) in [
        ("version: 1\nrules:\n-id: a\n max-timeout: 1h\n".to_owned(), format!("3:1 {key}")),
        ("version: 1\nrules:\n  -id: a\n    max-timeout: 1h\n".to_owned(), format!("3:3 {key}")),
        (format!("{rule}  -id: b\n    max-timeout: 1h\n"), format!("5:3 {key}")),
        (format!("{}-id: b\n  max-timeout: 1h\n", rule.replace("\n  ", "\n")), format!("5:1 {key}")),
        (
            format!("{rule}    only:\n      - projects: [a]\n      -projects: [b]\n"),
            format!("7:7 {}", key.replace("id", "projects")),
        ),
        ("version: 1\nnever-stop:\n- a\n-b\n".to_owned(), format!("4:1 {element}")),
    ] {
        assert_eq!(first(&text), expected, "{text}");
    }
}

#[test]
fn a_comment_in_place_of_a_value() {
    let rule = "version: 1\nrules:\n  - id: a\n    max-timeout: 1h\n";
    let nothing = "5:10 expected a single value, found nothing =";
    for (owner, help) in [
        ("#ci-platform", "`#` begins a comment in YAML; write `\"#ci-platform\"`"),
        ("  #ci-platform # ours", "`#` begins a comment in YAML; write `\"#ci-platform\"`"),
        ("# the team", "use a text that is not empty"),
        ("##", "use a text that is not empty"),
        ("#https://u:hunter2@host.example/", "use a text that is not empty"),
        (&format!("#{}", "a".repeat(100)), "use a text that is not empty"),
        ("~ #ci", "use a text that is not empty"),
    ] {
        let found = first(&format!("{rule}    owner: {owner}\n")).replace("5:12", "5:10");
        assert_eq!(found, format!("{nothing} {help}"), "{owner}");
    }
    let found = first(&format!("{rule}    mode: #report\n"));
    assert!(found.ends_with("= use one of `enforce`, `report` and `off`"), "{found}");
}

#[test]
fn elements_of_a_list_that_are_not_indented_alike() {
    let rule = "version: 1\nrules:\n  - id: a\n";
    for (text, expected) in [
        (format!("{rule}    max-timeout: 1h\n   - id: b\n     max-timeout: 1h\n"), "5:4", 4, 3),
        (format!("{rule}    max-timeout: 1h\n - id: b\n   max-timeout: 1h\n"), "5:2", 2, 3),
        (format!("{rule}    forbidden-branches:\n      - main\n     - dev\n"), "6:6", 6, 7),
        ("version: 1\nrules:\n- id: a\n  max-timeout: 1h\n - id: b\n   max-timeout: 1h\n".to_owned(), "5:2", 2, 1),
        (format!("{rule}    forbidden-branches:\n      - main\n    mode: report\n   - id: b\n"), "7:4", 4, 3),
    ]
    .map(|(text, place, own, other)| {
        (
            text,
            format!(
                "{place} this `-` is in column {own}, and the list before it in column {other} = indent both alike"
            ),
        )
    }) {
        assert_eq!(first(&text), expected, "{text}");
    }
    // The list of the exemption is as near as that of the rules.
    let text = format!("{rule}    max-timeout: 1h\n    except:\n    - projects: [a]\n   - id: b\n");
    assert!(first(&text).ends_with("= correct the YAML syntax here"), "{}", first(&text));
    // An element further away may belong to another list.
    let text = format!("{rule}    max-timeout: 1h\n- id: b\n");
    assert!(first(&text).ends_with("= correct the YAML syntax here"), "{}", first(&text));
}

#[test]
fn a_bracket_that_is_open_in_the_line_before() {
    let rule = "version: 1\nrules:\n  - id: a\n";
    let unclosed = "4:25 invalid YAML: unclosed bracket '[' = correct the YAML syntax here";
    for after in ["    mode: report\n", "  - id: b\n", "mode: report\n", "\n    mode: report\n"] {
        for list in ["[main, release/*", "['main'"] {
            let text = format!("{rule}    forbidden-branches: {list}\n{after}");
            assert_eq!(first(&text), unclosed, "{text}");
        }
    }
    // A carriage return is a line break for the parser alone.
    for text in ["a: [b\rc: d", "version: 1\rrules:\r  - id: a\r    forbidden-branches: [main\r    mode: report\r"] {
        assert!(first(text).contains("invalid YAML"), "{}", first(text));
    }
    let text = format!("{rule}    reason: \"a\rb\rc\"\n    forbidden-branches: [main\n    mode: report\n");
    assert!(first(&text).contains("invalid YAML"), "{}", first(&text));
    let text = format!("{rule}    only: [\n      {{projects: [a]}}\n    branches: [b]\n    ]\n");
    assert!(!first(&text).contains("unclosed"), "{}", first(&text));
    // The bracket is closed, a comma is missing.
    let text = "version: 1\nnever-stop: [\n  a\n  b: c\n]\nrules: []\n";
    assert!(first(text).starts_with("4:4 invalid YAML: illegal placement of ':'"), "{}", first(text));
}

#[test]
fn no_break_spaces_in_the_indentation() {
    let rule = "version: 1\nrules:\n  - id: a\n";
    for (text, place) in [
        (format!("{rule}\u{a0}\u{a0}\u{a0}\u{a0}max-timeout: 1h\n"), "4:1"),
        (format!("{rule}  \u{a0}\u{a0}max-timeout: 1h\n"), "4:3"),
        (format!("{rule}   \u{a0}max-timeout: 1h\n"), "4:4"),
        (format!("{rule}    \u{a0}max-timeout: 1h\n"), "4:5"),
        ("version: 1\nrules:\n\u{a0}\u{a0}- id: a\n\u{a0}\u{a0}  max-timeout: 1h\n".to_owned(), "3:1"),
        (format!("{rule}    forbidden-branches:\n    \u{a0}\u{a0}- main\n"), "5:5"),
    ] {
        let expected =
            format!("{place} invalid YAML: a no-break space (U+00A0) in the indentation = indent with spaces");
        assert_eq!(first(&text), expected, "{text}");
    }
    let text = format!("{rule}    max-timeout: 1h\n    reason: |\n      a\n      \u{a0}b\n");
    assert!(crate::policy::Policy::parse("p", &text).is_ok());
}
