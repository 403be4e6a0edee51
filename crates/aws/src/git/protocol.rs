//! Git's smart HTTP protocol, as far as it lists refs: the request of version 2, and the answers of versions 0 to 2.
//! An incomplete answer could hide a ref, so it is refused.
//!
//! <https://git-scm.com/docs/protocol-v2>, <https://git-scm.com/docs/gitprotocol-http>

use std::borrow::Cow;

use buildbrake_core::facts::remote_refs::{ObjectFormat, ObjectId, RemoteRef, RemoteRefs};
use gix_packetline::{
    PacketLineRef,
    decode::{Stream, streaming},
};

/// An answer that violates the protocol.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// The command of version 2 that lists HEAD, all branches and all tags. Without a format, a
/// server assumes SHA-1; an old one would refuse the format's line.
pub(super) fn ls_refs(format: ObjectFormat) -> String {
    let line = |text: &str| format!("{:04x}{text}\n", text.len() + "0000\n".len());
    let format = match format {
        ObjectFormat::Sha1 => String::new(),
        ObjectFormat::Sha256 => line("object-format=sha256"),
    };
    let arguments = ["peel", "symrefs", "ref-prefix HEAD", "ref-prefix refs/heads/", "ref-prefix refs/tags/"];
    [line("command=ls-refs"), format, "0001".to_owned(), arguments.map(line).concat(), "0000".to_owned()].concat()
}

/// Parses the answer to [`ls_refs`].
pub(super) fn parse_listing(answer: &[u8]) -> Result<RemoteRefs, Malformed> {
    let mut remote = RemoteRefs::default();
    let mut lines = PacketLines(answer);
    while let Some(line) = lines.next()? {
        let mut words = line.split(|byte| *byte == b' ');
        let (id, name) = (id(words.next())?, name(words.next())?);
        let mut peeled = None;
        for word in words {
            if let Some(object) = word.strip_prefix(b"peeled:") {
                peeled = Some(self::id(Some(object))?);
            } else if let (b"HEAD", Some(target)) = (name.as_bytes(), word.strip_prefix(b"symref-target:")) {
                remote.head = Some(self::name(Some(target))?.into_owned());
            }
        }
        add(&mut remote, &name, id, peeled);
    }
    lines.end()?;
    Ok(remote)
}

/// Parses the refs that a server of version 0 or 1 advertises.
pub(super) fn parse_advertisement(answer: &[u8]) -> Result<RemoteRefs, Malformed> {
    let mut remote = RemoteRefs::default();
    let mut lines = PacketLines(answer);
    if lines.next()? != Some(b"# service=git-upload-pack") || lines.next()?.is_some() {
        return Err(Malformed);
    }
    let mut is_first = true;
    while let Some(line) = lines.next()? {
        if is_first && line == b"version 1" {
            continue;
        }
        let mut line = line;
        if is_first {
            // The server's capabilities follow the first ref.
            let at = line.iter().position(|byte| *byte == 0).ok_or(Malformed)?;
            let mut capabilities = line[at + 1..].split(|byte| *byte == b' ');
            let target = capabilities.find_map(|capability| capability.strip_prefix(b"symref=HEAD:"));
            remote.head = target.map(|target| name(Some(target))).transpose()?.map(Cow::into_owned);
            line = &line[..at];
        }
        is_first = false;
        if line.starts_with(b"shallow ") {
            continue;
        }
        let mut words = line.splitn(2, |byte| *byte == b' ');
        let (id, name) = (id(words.next())?, name(words.next())?);
        match name.strip_suffix("^{}") {
            Some("capabilities") => {}
            Some(tag) => {
                if let Some(last) = remote.refs.last_mut().filter(|last| last.name == tag) {
                    last.peeled = Some(id);
                }
            }
            None => add(&mut remote, &name, id, None),
        }
    }
    lines.end()?;
    Ok(remote)
}

/// Adds a branch or a tag. A server may list other refs too, such as those of pull requests.
fn add(remote: &mut RemoteRefs, name: &str, id: ObjectId, peeled: Option<ObjectId>) {
    if name.starts_with("refs/heads/") || name.starts_with("refs/tags/") {
        remote.refs.push(RemoteRef { name: name.to_owned(), id, peeled });
    }
}

fn id(word: Option<&[u8]>) -> Result<ObjectId, Malformed> {
    word.and_then(|word| std::str::from_utf8(word).ok()).and_then(ObjectId::read).ok_or(Malformed)
}

/// A ref's name. Git allows bytes that are not UTF-8, but neither a space nor a control character.
fn name(word: Option<&[u8]>) -> Result<Cow<'_, str>, Malformed> {
    let word = word.filter(|word| !word.is_empty() && !word.iter().any(|byte| matches!(byte, 0..=b' ' | 0x7f)));
    word.map(String::from_utf8_lossy).ok_or(Malformed)
}

/// The lines of an answer that are not read yet.
struct PacketLines<'a>(&'a [u8]);

impl<'a> PacketLines<'a> {
    /// The next line of a section, without the line feed that may end it. `None` ends the section.
    fn next(&mut self) -> Result<Option<&'a [u8]>, Malformed> {
        match streaming(self.0) {
            Ok(Stream::Complete { line, bytes_consumed }) => {
                self.0 = &self.0[bytes_consumed..];
                match line {
                    PacketLineRef::Data(_) => Ok(line.as_text().map(|text| text.as_slice())),
                    PacketLineRef::Flush => Ok(None),
                    PacketLineRef::Delimiter | PacketLineRef::ResponseEnd => Err(Malformed),
                }
            }
            Ok(Stream::Incomplete { .. }) | Err(_) => Err(Malformed),
        }
    }

    /// Checks that nothing is left.
    fn end(self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed) }
    }
}

#[cfg(test)]
mod tests;
