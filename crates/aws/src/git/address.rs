//! The addresses that a git host may have.
//!
//! A listed host may be private. Its name must not lead to the machine itself, whose Runtime API
//! hands out events, nor to a link-local service, such as one that hands out credentials.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use tokio::net::lookup_host;

use super::{
    error::GitError,
    hosts::{GitHosts, Origin},
};

/// Decides which addresses may be connected to. It is the HTTP client's resolver, so it checks the very addresses
/// that the client connects to.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    pub(super) hosts: GitHosts,
    runtime_api: Vec<(IpAddr, u16)>,
}

/// The error for a name that leads only to addresses that are never connected to.
#[derive(Debug, thiserror::Error)]
#[error("the name has no address that may be connected to")]
pub(super) struct Forbidden;

impl Guard {
    /// `runtime_api` is the host and port of Lambda's Runtime API.
    pub(super) async fn new(hosts: GitHosts, runtime_api: Option<&str>) -> Self {
        let addresses = match runtime_api {
            Some(address) => lookup_host(address).await.map(Iterator::collect).unwrap_or_default(),
            None => Vec::new(),
        };
        let runtime_api = addresses.iter().map(|address| (plain(address.ip()), address.port())).collect();
        Self { hosts, runtime_api }
    }

    /// Checks an origin before it is connected to.
    ///
    /// # Errors
    /// If it is not listed, or is an address that may not be connected to.
    pub(super) fn check(&self, origin: &Origin) -> Result<(), GitError> {
        if !self.hosts.contain(origin) {
            return Err(GitError::NotListed(origin.to_string()));
        }
        let Some(address) = origin.address() else { return Ok(()) };
        let is_runtime_api = self.runtime_api.contains(&(address.into(), origin.port));
        if is_runtime_api || (is_special(address.into()) && !self.hosts.contain_exactly(origin)) {
            return Err(GitError::ForbiddenAddress);
        }
        Ok(())
    }

    /// Returns whether the name may resolve to the address.
    fn allows(&self, name: &str, address: IpAddr) -> bool {
        // Only a proxy can have a name that is not listed.
        let is_proxy = !self.hosts.contain_host(&name.to_ascii_lowercase());
        let is_runtime_api = self.runtime_api.iter().any(|(own, _)| *own == plain(address));
        !is_runtime_api && (is_proxy || !is_special(address))
    }
}

impl ResolveDns for Guard {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        DnsFuture::new(async move {
            let found = lookup_host((name, 0)).await.map_err(ResolveDnsError::new)?.map(|address| address.ip());
            let allowed: Vec<_> = found.filter(|address| self.allows(name, *address)).collect();
            if allowed.is_empty() { Err(ResolveDnsError::new(Forbidden)) } else { Ok(allowed) }
        })
    }
}

/// Returns whether an address is loopback, link-local, unspecified or multicast, or that of a
/// service of an EC2 instance.
/// <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html>
fn is_special(address: IpAddr) -> bool {
    match plain(address) {
        IpAddr::V4(v4) => {
            // All of 0.0.0.0/8 is "this network".
            v4.is_loopback() || v4.is_link_local() || v4.octets()[0] == 0 || v4.is_multicast() || v4.is_broadcast()
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_unicast_link_local()
                || v6.is_multicast()
                || v6.segments()[..2] == [0xfd00, 0x0ec2]
        }
    }
}

/// The IPv4 address within an IPv6 address that stands for one: mapped (`::ffff:0:0/96`),
/// compatible (`::/96`) or translated by NAT64 (`64:ff9b::/96`).
/// <https://www.rfc-editor.org/rfc/rfc6052#section-2.1>
fn plain(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let bits = v6.to_bits();
    let is_within = |prefix: Ipv6Addr| bits >> 32 == prefix.to_bits() >> 32;
    let is_compatible = is_within(Ipv6Addr::UNSPECIFIED) && !v6.is_loopback() && !v6.is_unspecified();
    let is_mapped = is_within(Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0));
    let is_translated = is_within(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0));
    if is_compatible || is_mapped || is_translated {
        let [.., a, b, c, d] = v6.octets();
        return Ipv4Addr::new(a, b, c, d).into();
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn guard(hosts: &str, runtime_api: Option<&str>) -> Guard {
        Guard::new(hosts.parse().unwrap(), runtime_api).await
    }

    #[tokio::test]
    async fn a_name_may_lead_to_private_addresses_and_to_no_special_one() {
        let guard = guard("git.example.com", None).await;
        for (address, expected) in [
            ("140.82.121.4", true),
            ("10.0.0.5", true),
            ("172.16.0.5", true),
            ("192.168.0.5", true),
            ("100.64.0.5", true),
            ("2606:50c0:8000::153", true),
            ("fd12:3456::5", true),
            ("64:ff9b::8c52:7904", true),
            ("127.0.0.1", false),
            ("127.8.8.8", false),
            ("169.254.169.254", false),
            ("169.254.100.1", false),
            ("0.0.0.0", false),
            ("0.1.2.3", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("::1", false),
            ("::", false),
            ("fe80::1", false),
            ("febf::1", false),
            ("ff02::1", false),
            ("fd00:ec2::254", false),
            ("fd00:ec2:1::254", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:169.254.169.254", false),
            ("::ffff:10.0.0.5", true),
            ("::127.0.0.1", false),
            ("64:ff9b::a9fe:a9fe", false),
        ] {
            assert_eq!(guard.allows("git.example.com", address.parse().unwrap()), expected, "{address}");
        }
    }

    #[tokio::test]
    async fn an_address_is_special_unless_the_entry_is_that_very_address() {
        let guard = guard("http://127.0.0.1:8080,*.0.0.1,*.254.169.254,10.0.0.5", Some("127.0.0.1:9001")).await;
        for (origin, expected) in [
            ("http://127.0.0.1:8080", true),
            ("10.0.0.5", true),
            ("127.0.0.1", false),
            ("169.254.169.254", false),
            ("10.0.0.1", true),
        ] {
            assert_eq!(guard.check(&origin.parse().unwrap()).is_ok(), expected, "{origin}");
        }
    }

    #[tokio::test]
    async fn the_runtime_api_is_never_connected_to() {
        let named = guard("http://127.0.0.1:9001,http://10.0.0.5:9001,git.example.com", Some("127.0.0.1:9001")).await;
        assert!(named.check(&"http://127.0.0.1:9001".parse().unwrap()).is_err());
        assert!(named.check(&"http://10.0.0.5:9001".parse().unwrap()).is_ok());
        let private = guard("git.example.com", Some("10.0.0.5:9001")).await;
        assert!(!private.allows("git.example.com", "10.0.0.5".parse().unwrap()));
        assert!(!private.allows("git.example.com", "::ffff:10.0.0.5".parse().unwrap()));
        assert!(private.allows("git.example.com", "10.0.0.6".parse().unwrap()));
    }

    #[tokio::test]
    async fn a_proxy_may_be_on_this_machine() {
        let guard = guard("git.example.com", Some("127.0.0.1:9001")).await;
        assert!(guard.allows("proxy.internal", "127.0.0.2".parse().unwrap()));
        assert!(!guard.allows("proxy.internal", "127.0.0.1".parse().unwrap()));
    }
}
