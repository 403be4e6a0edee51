//! Texts that look like the name of a host.

use crate::facts::possible::is_wild;

/// Words that end the names of hosts, and seldom those of buckets and images.
const ENDINGS: &[&str] = &[
    "com",
    "org",
    "net",
    "io",
    "dev",
    "app",
    "aws",
    "cloud",
    "eu",
    "uk",
    "de",
    "fr",
    "es",
    "it",
    "nl",
    "ch",
    "at",
    "be",
    "se",
    "no",
    "dk",
    "fi",
    "pl",
    "cz",
    "us",
    "ca",
    "br",
    "au",
    "jp",
    "cn",
    "in",
    "kr",
    "co",
    "ai",
    "edu",
    "gov",
    "info",
    "local",
    "localhost",
    "internal",
    "intern",
    "corp",
    "lan",
    "home",
];

/// Returns whether a text looks like the name of a host, perhaps with wildcards at its end.
pub fn is_host_like(text: &str) -> bool {
    let name = text.trim_end_matches(['*', '?']);
    let ending = name.rsplit('.').next().filter(|ending| name.contains('.') && !is_wild(ending));
    let is_name = ending.is_some_and(|ending| ENDINGS.contains(&&*ending.to_ascii_lowercase()));
    is_name || name == "localhost"
}
