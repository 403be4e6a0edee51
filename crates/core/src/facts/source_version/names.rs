//! The names of references, by git's rules.

/// The rest of a path below a directory. Several slashes count as one, as in
/// `git check-ref-format --normalize`.
pub(super) fn below<'a>(path: &'a str, directory: &str) -> Option<&'a str> {
    let rest = path.strip_prefix(directory)?.strip_prefix('/')?;
    Some(rest.trim_start_matches('/'))
}

/// Splits a revision where its name ends: at the first of `^`, `~`, `:` and `@{`, which names
/// cannot contain (`git-check-ref-format(1)`, rules 4 and 8).
///
/// A suffix (`^2`, `~3`, `^{commit}`, `@{yesterday}`, `:path`, or several) starts from that name, so it does
/// not change the branch. Neither does a suffix that git refuses: the build then either is a build of this
/// branch, or fails.
pub(super) fn split_suffix(revision: &str) -> (&str, &str) {
    let mut bytes = revision.bytes().enumerate();
    let is_end = |(at, byte)| match byte {
        b'^' | b'~' | b':' => true,
        b'@' => revision[at + 1..].starts_with('{'),
        _ => false,
    };
    revision.split_at(bytes.position(is_end).unwrap_or(revision.len()))
}

/// Returns whether a suffix contains a second revision: `~1..other`, `^0...other`. Dots in braces
/// are text (`^{/a..b}`).
pub(super) fn has_range(suffix: &str) -> bool {
    let mut rest = suffix;
    while let Some((outside, inside)) = rest.split_once('{') {
        if is_doubled(outside, b'.') {
            return true;
        }
        rest = inside.split_once('}').map_or("", |(_, after)| after);
    }
    is_doubled(rest, b'.')
}

/// Returns whether a character occurs twice in a row.
fn is_doubled(text: &str, character: u8) -> bool {
    text.as_bytes().windows(2).any(|pair| pair == [character, character])
}

/// Returns whether a reference may have this name (`git-check-ref-format(1)`). It may contain
/// neither NUL nor line breaks, which programs interpret differently.
pub(super) fn is_allowed(name: &str) -> bool {
    let forbidden = |byte: u8| is_space_or_control(byte.into()) || matches!(byte, b'?' | b'*' | b'[' | b'\\');
    !name.is_empty()
        // Git would read it as an option, or as the "force" sign of `git fetch`.
        && !name.starts_with(['-', '+'])
        && !name.bytes().any(forbidden)
        && !is_doubled(name, b'.')
        && !name.ends_with('.')
        && !name
            .split('/')
            .any(|part| part.starts_with('.') || part.ends_with(".lock"))
}

/// Returns whether every program interprets a short name in the same way.
///
/// Git refuses a doubled slash, and other programs may drop it. Git allows white space outside ASCII at the
/// ends of a name, and many programs trim it: for some programs, `main` with a no-break space at its end is the
/// branch `main`, for others another one.
pub(super) fn is_plain(name: &str) -> bool {
    let invisible = |c: char| c.is_whitespace() || c == '\u{feff}';
    !name.is_empty() && !is_doubled(name, b'/') && !name.starts_with(invisible) && !name.ends_with(invisible)
}

pub(super) fn is_space_or_control(c: char) -> bool {
    c == ' ' || c.is_ascii_control()
}

pub(in crate::facts) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `arn:PARTITION:s3:REGION:ACCOUNT:BUCKET/KEY`; region and account are empty.
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html>
pub(super) fn is_s3_arn(text: &str) -> bool {
    let mut fields = text.splitn(6, ':').skip(1);
    fields.next().is_some_and(|partition| partition.starts_with("aws"))
        && fields.next() == Some("s3")
        && fields.nth(2).is_some_and(|resource| !resource.is_empty())
}
