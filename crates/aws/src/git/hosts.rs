//! The hosts that the operator allows to be asked: `BUILDBRAKE_GIT_HOSTS`.

use std::{fmt, net::Ipv4Addr, str::FromStr};

use buildbrake_core::facts::source_location::{Scheme, Url};

/// A scheme, a host and a port. Each connection goes to one origin, and each credential is for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) scheme: Scheme,
    /// In lower case.
    pub(super) host: String,
    pub(super) port: u16,
}

impl Origin {
    /// The origin of a repository's URL.
    pub(super) fn of(url: &Url) -> Self {
        Self { scheme: url.scheme, host: url.host.clone(), port: url.port.unwrap_or(default_port(url.scheme)) }
    }

    /// The IPv4 address, if the host is one.
    pub(super) fn address(&self) -> Option<Ipv4Addr> {
        self.host.parse().ok()
    }
}

/// Writes the origin as at the start of a URL.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.host)?;
        if self.port == default_port(self.scheme) { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

/// Parses `[scheme://]host[:port]`. The scheme is `https`, the default, or `http`.
impl FromStr for Origin {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let text = text.to_ascii_lowercase();
        let (scheme, rest) = match text.split_once("://") {
            None | Some(("https", _)) => (Scheme::Https, text.strip_prefix("https://").unwrap_or(&text)),
            Some(("http", rest)) => (Scheme::Http, rest),
            Some(_) => return Err(()),
        };
        let (host, port) = match rest.split_once(':') {
            Some((host, port)) => (host, port.parse().ok().filter(|port| *port > 0).ok_or(())?),
            None => (rest, default_port(scheme)),
        };
        if host.split('.').all(is_label) { Ok(Self { scheme, host: host.to_owned(), port }) } else { Err(()) }
    }
}

/// The hosts that may be asked. In an entry, `*` stands for exactly one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitHosts(Vec<Origin>);

impl GitHosts {
    /// Returns whether the operator lists the origin.
    pub(super) fn contain(&self, origin: &Origin) -> bool {
        let is_same = |entry: &Origin| (entry.scheme, entry.port) == (origin.scheme, origin.port);
        !origin.host.contains('*') && self.0.iter().any(|entry| is_same(entry) && fits(&entry.host, &origin.host))
    }

    /// Returns whether the operator lists exactly this origin, without a `*`.
    pub(super) fn contain_exactly(&self, origin: &Origin) -> bool {
        self.0.contains(origin)
    }

    /// Returns whether the operator lists the host, with any scheme and port.
    pub(super) fn contain_host(&self, host: &str) -> bool {
        self.0.iter().any(|entry| fits(&entry.host, host))
    }
}

/// Parses a list separated by commas. The error contains all faults.
impl FromStr for GitHosts {
    type Err = Vec<String>;

    fn from_str(text: &str) -> Result<Self, Vec<String>> {
        let (mut entries, mut faults) = (Vec::new(), Vec::new());
        for (index, entry) in text.split(',').map(str::trim).enumerate() {
            match entry.parse::<Origin>() {
                // The entry may contain a credential, so it is not quoted.
                Err(()) if entry.contains('@') => {
                    faults.push(format!("entry {} contains a user name or a password; list only the host", index + 1));
                }
                Ok(origin) if origin.host.split('.').all(|label| label == "*") => {
                    let labels = origin.host.split('.').count();
                    faults.push(format!("`{entry}` matches every host name with {labels} labels; list the hosts"));
                }
                Ok(origin) => entries.push(origin),
                Err(()) => faults.push(format!(
                    "`{entry}` is not a host; write it like `github.com`, `*.example.com` or `http://127.0.0.1:8080`"
                )),
            }
        }
        if faults.is_empty() { Ok(Self(entries)) } else { Err(faults) }
    }
}

fn default_port(scheme: Scheme) -> u16 {
    match scheme {
        Scheme::Https => 443,
        Scheme::Http => 80,
        Scheme::Git => 9418,
    }
}

/// Returns whether the text is a label of a host name, or a `*` in place of one.
fn is_label(label: &str) -> bool {
    let is_name = |label: &str| label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    label == "*" || (!label.is_empty() && !label.starts_with('-') && is_name(label))
}

fn fits(pattern: &str, host: &str) -> bool {
    pattern.split('.').count() == host.split('.').count()
        && pattern.split('.').zip(host.split('.')).all(|(label, found)| label == "*" || label == found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_fits_its_own_scheme_host_and_port_alone() {
        let hosts: GitHosts = "github.com, *.Example.com,http://127.0.0.1:8080,https://git.test:8443".parse().unwrap();
        for (origin, expected) in [
            ("github.com", true),
            ("GitHub.com", true),
            ("https://github.com:443", true),
            ("http://github.com", false),
            ("github.com:8443", false),
            ("api.github.com", false),
            ("github.com.evil.test", false),
            ("git.example.com", true),
            ("example.com", false),
            ("a.git.example.com", false),
            ("git.example.com.evil.test", false),
            ("http://127.0.0.1:8080", true),
            ("127.0.0.1:8080", false),
            ("http://127.0.0.1", false),
            ("git.test:8443", true),
            ("git.test", false),
            ("*.example.com", false),
        ] {
            assert_eq!(hosts.contain(&origin.parse().unwrap()), expected, "{origin}");
        }
    }

    #[test]
    fn all_entries_that_are_no_hosts_are_faults() {
        for entry in [
            "",
            "*",
            "*.*",
            "ftp://git.example.com",
            "ssh://git@git.example.com",
            "ann@git.example.com",
            "https://ann:ghp_token@git.example.com",
            "git.example.com/acme",
            "git.example.com:0",
            "git.example.com:99999",
            "git.example.com:",
            "git.*-eu.example.com",
            "git example.com",
            "git.example.com.",
            "[::1]:8080",
            "-git.example.com",
        ] {
            let faults = format!("github.com,{entry},gitlab.com").parse::<GitHosts>().unwrap_err();
            assert_eq!(faults.len(), 1, "{faults:?}");
            let start = if entry.contains('@') { "entry 2 contains".to_owned() } else { format!("`{entry}` ") };
            assert!(faults[0].starts_with(&start), "{faults:?}");
            assert!(!faults[0].contains("ghp_token"), "{faults:?}");
        }
        assert_eq!("*,a/b".parse::<GitHosts>().unwrap_err().len(), 2);
    }
}
