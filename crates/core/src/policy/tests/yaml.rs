//! Files that are not YAML, or not only YAML.

use super::faults;

#[test]
fn text_that_is_not_yaml() {
    insta::assert_snapshot!(faults("version: 1\nrules: [\n"), @"
    policy.yaml:2:8: invalid YAML: unclosed bracket '['
     2 | rules: [
       |        ^
       = correct the YAML syntax here
    ");
    insta::assert_snapshot!(faults("a: b: c\n"), @"
    policy.yaml:1:5: invalid YAML: mapping values are not allowed in this context
     1 | a: b: c
       |     ^
       = put the whole value into quotes, or into a block: `|`, and the value on the next line
    ");
    insta::assert_snapshot!(faults("version: 1\n---\nversion: 1\n"), @"
    policy.yaml:2:1: second YAML document
     2 | ---
       | ^
       = remove it; a file has one document
    ");
    insta::assert_snapshot!(faults("version: 1\nversion: 1\nrules:\n\t- id: a\n"), @"
    policy.yaml:4:1: invalid YAML: a tab in the indentation
     4 |  - id: a
       | ^
       = indent with spaces
    ");
    insta::assert_snapshot!(faults("\0"), @r"
    policy.yaml:1:1: invalid YAML: unexpected character: `\u{0}'
     1 | 
       | ^
       = correct the YAML syntax here
    ");
    insta::assert_snapshot!(faults(&"[".repeat(100_000)), @"
    policy.yaml:1:256: invalid YAML: recursion limit exceeded
     1 | [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[
       |                                                   ^
       = correct the YAML syntax here
    ");
}

#[test]
fn aliases_that_cannot_be_followed() {
    insta::assert_snapshot!(faults("version: &v [*v]\n"), @"
    policy.yaml:1:14: alias within the value that it stands for
     1 | version: &v [*v]
       |              ^
       = replace the alias with the value itself
    ");
    insta::assert_snapshot!(faults("version: *v\n"), @"
    policy.yaml:1:10: invalid YAML: while parsing node, found unknown anchor
     1 | version: *v
       |          ^
       = correct the YAML syntax here
    ");
    let line = |number: usize| format!("l{number}: &l{number} [{}]\n", format!("*l{},", number - 1).repeat(10));
    let bomb: String = (1..9).map(line).collect();
    insta::assert_snapshot!(faults(&format!("l0: &l0 [x]\n{bomb}")), @"
    policy.yaml:6:18: anchors and aliases copy more than 100000 values
     6 | l5: &l5 [*l4,*l4,*l4,*l4,*l4,*l4,*l4,*l4,*l4,*l4,]
       |                  ^
       = use fewer aliases
    ");
    let nested =
        |number: usize| format!("l{number}: &l{number} {}*l{}{}\n", "[".repeat(100), number - 1, "]".repeat(100));
    let deep: String = (1..4).map(nested).collect();
    insta::assert_snapshot!(faults(&format!("l0: &l0 [x]\n{deep}")), @"
    policy.yaml:4:109: alias that nests values deeper than 255 levels
     4 | [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[*l2]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
       |                                                   ^
       = replace the alias with the value itself
    ");
}

#[test]
fn a_fault_in_a_very_long_line_shows_the_part_about_it() {
    let text = format!("{{version: 1, rules: [{{id: a, {}max-timeuot: 5m}}]}}", " ".repeat(100_000));
    insta::assert_snapshot!(faults(&text), @r"
    policy.yaml:1:100030: unknown key `max-timeuot` in a rule
     1 |                                                   max-timeuot: 5m}]}
       |                                                   ^
       = did you mean `max-timeout`?
    ");
}
