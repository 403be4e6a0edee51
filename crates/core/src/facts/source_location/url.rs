//! Scheme, host and port of a location.

/// The protocol by which a repository is fetched. SSH counts as HTTPS: it names the same
/// repository, and nobody on the way can change what is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `https`, and every spelling of `ssh`.
    Https,
    /// `http`, which anybody on the way can answer.
    Http,
    /// `git`, which anybody on the way can answer.
    Git,
}

impl Scheme {
    /// Parses a scheme by which git can fetch from a host, and returns it with its default port.
    /// <https://git-scm.com/docs/git-fetch#_git_urls>
    pub(in crate::facts) fn read(text: &str) -> Option<(Self, u16)> {
        const SCHEMES: [(&str, Scheme, u16); 6] = [
            ("https", Scheme::Https, 443),
            ("ssh", Scheme::Https, 22),
            ("git+ssh", Scheme::Https, 22),
            ("ssh+git", Scheme::Https, 22),
            ("http", Scheme::Http, 80),
            ("git", Scheme::Git, 9418),
        ];
        let known = SCHEMES.into_iter().find(|(name, ..)| name.eq_ignore_ascii_case(text));
        known.map(|(_, scheme, port)| (scheme, port))
    }

    /// The scheme in the normal form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::Git => "git",
        }
    }
}

/// A repository's URL in its normal form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// The protocol by which it is fetched.
    pub scheme: Scheme,
    /// The host in lower case.
    pub host: String,
    /// The port, where it is not the scheme's own.
    pub port: Option<u16>,
    /// Empty, or `/` and the repository's path without `.git`.
    pub path: String,
    text: String,
    loose: String,
}

impl Url {
    fn new(scheme: Scheme, Authority { host, port }: Authority, path: String) -> Self {
        let port_text = port.map(|port| format!(":{port}")).unwrap_or_default();
        let text = [scheme.as_str(), "://", &host, &port_text, &path].concat();
        let mut loose = [scheme.as_str(), "://", canonical_host(&host), &path].concat();
        loose.make_ascii_lowercase();
        if loose.ends_with(".git") {
            loose.truncate(loose.len() - ".git".len());
        }
        Self { scheme, host, port, path, text, loose }
    }

    /// The URL as text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The URL without the details that a host may or may not distinguish: case, port, a second name.
    pub(in crate::facts) fn loose(&self) -> &str {
        &self.loose
    }

    /// The URL with `https` for its scheme.
    pub(in crate::facts) fn with_https(&self) -> Self {
        let authority = Authority { host: self.host.clone(), port: self.port };
        Self::new(Scheme::Https, authority, self.path.clone())
    }

    /// The host, or the one that it is a second name of.
    pub(in crate::facts) fn canonical_host(&self) -> &str {
        canonical_host(&self.host)
    }

    /// Explains why a URL with this host and port may be another one, although its loose form is the same.
    pub(in crate::facts) fn doubt(&self, host: &str, port: Option<u16>) -> String {
        if self.host != host {
            format!("`{}` may be `{host}`", self.host)
        } else if self.port != port {
            "the same location on another port may be another repository".to_owned()
        } else {
            format!("`{host}` may or may not distinguish upper and lower case")
        }
    }
}

/// Host and port, normalized.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::facts) struct Authority {
    pub(in crate::facts) host: String,
    pub(in crate::facts) port: Option<u16>,
}

impl Authority {
    /// Parses the text between `://` and the path. The port is left out if it is `own_port`. `None` if programs
    /// would disagree about the host, or if it is not a host.
    pub(in crate::facts) fn read(text: &str, own_port: u16) -> Option<Self> {
        // A browser takes `\` for `/`, curl does not.
        if text.contains('\\') {
            return None;
        }
        let text = text.rsplit_once('@').map_or(text, |(_, host)| host);
        let (host, port) = text.split_once(':').unwrap_or((text, ""));
        let port = match port {
            "" => None,
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
            _ => return None,
        };
        let host = normal_host(&decoded_host(host)?)?;
        Some(Self { host, port: port.filter(|port| *port != own_port) })
    }

    /// Reads the host of `git@host:path`, which cannot have a port.
    pub(super) fn of_scp(text: &str) -> Option<Self> {
        let host = text.rsplit_once('@').map_or(text, |(_, host)| host);
        Some(Self { host: normal_host(host)?, port: None })
    }

    pub(super) fn with_path(self, scheme: Scheme, path: String) -> Url {
        Url::new(scheme, self, path)
    }
}

/// Splits `git@host:path`, as git does: the colon stands before the first slash.
pub(in crate::facts) fn split_scp(text: &str) -> Option<(&str, &str)> {
    let (host, path) = text.split_once(':')?;
    (!host.is_empty() && !host.contains('/') && !path.is_empty()).then_some((host, path))
}

fn decoded_host(host: &str) -> Option<String> {
    let mut decoded = String::new();
    let mut rest = host;
    while let Some((before, after)) = rest.split_once('%') {
        let code = u8::from_str_radix(after.get(..2)?, 16).ok()?;
        if !matches!(code, b'-' | b'.' | b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z') {
            return None;
        }
        decoded.push_str(before);
        decoded.push(code.into());
        rest = &after[2..];
    }
    decoded.push_str(rest);
    Some(decoded)
}

/// A host in lower case, without the dot that may end it, and without `www.` where that is
/// the same host. `None` if it is neither a DNS name nor an IPv4 address.
fn normal_host(host: &str) -> Option<String> {
    let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if !host.split('.').all(is_label) {
        return None;
    }
    // CodeCommit's endpoints for FIPS serve the same repositories.
    // <https://docs.aws.amazon.com/codecommit/latest/userguide/regions.html>
    if let Some(rest) = host.strip_prefix("git-codecommit-fips.") {
        return Some(format!("git-codecommit.{rest}"));
    }
    match host.strip_prefix("www.") {
        Some(bare) if KNOWN_HOSTS.contains(&bare) => Some(bare.to_owned()),
        _ => Some(host),
    }
}

/// Hosts that do not distinguish upper and lower case in a repository's path.
const KNOWN_HOSTS: [&str; 3] = ["github.com", "gitlab.com", "bitbucket.org"];

/// Second names, for SSH through port 443, of hosts that are known.
/// <https://docs.github.com/en/authentication/troubleshooting-ssh/using-ssh-over-the-https-port>
const SECOND_NAMES: [(&str, &str); 3] =
    [("ssh.github.com", "github.com"), ("altssh.gitlab.com", "gitlab.com"), ("altssh.bitbucket.org", "bitbucket.org")];

/// Returns whether a host ignores the case of a repository's path.
pub(in crate::facts) fn is_known(host: &str) -> bool {
    KNOWN_HOSTS.contains(&canonical_host(host))
}

/// The host, or the one that it is a second name of.
pub(in crate::facts) fn canonical_host(host: &str) -> &str {
    SECOND_NAMES.iter().find(|(second, _)| *second == host).map_or(host, |(_, first)| first)
}
