//! The faults of a pattern of images, and its probable mistakes.

use super::{DOCKER_HUB, OWN_IMAGES, SECOND_NAMES, is_registry, split_end};
use crate::facts::{
    possible::{Form, Remark, can_fit, is_wild},
    source_pattern::Direction,
    vocabulary::{account_pattern, is_host_like, region_pattern},
};

/// `HOST:PORT/PATH:TAG@ALGORITHM:DIGEST`. A path is in lower case, a tag is not.
/// <https://pkg.go.dev/github.com/distribution/reference>
const REFERENCE: Form =
    Form { step, ends: |state| matches!(state, PATH | LAST | PORT_OR_TAG | TAG | DIGEST), alphabet: "aA0.-:/@" };

const START: u8 = 0;
/// In the first part, which may be a host or the whole path.
const PATH: u8 = 1;
/// In a first part with capital letters, which is a host.
const HOST: u8 = 2;
/// Behind the first part's `:`.
const COLON: u8 = 3;
const PORT_OR_TAG: u8 = 4;
/// At the start of a further part.
const PART: u8 = 5;
/// In a further part, which may be the last.
const LAST: u8 = 6;
const TAG_START: u8 = 7;
const TAG: u8 = 8;
const ALGORITHM_START: u8 = 9;
const ALGORITHM: u8 = 10;
const DIGEST_START: u8 = 11;
const DIGEST: u8 = 12;
/// Behind a dot, a hyphen or an underscore of the first part, or of a further one. The name cannot end here.
const PATH_JOIN: u8 = 13;
const LAST_JOIN: u8 = 14;

fn step(state: u8, next: char) -> Option<u8> {
    let is_lower = next.is_ascii_lowercase() || next.is_ascii_digit();
    let is_upper = next.is_ascii_uppercase();
    let joins = matches!(next, '.' | '_' | '-');
    let next_state = match (state, next) {
        (START | PATH | PATH_JOIN, _) if is_lower => PATH,
        (PATH, _) if joins => PATH_JOIN,
        (PATH_JOIN, '-' | '_') => PATH_JOIN,
        (START | PATH | PATH_JOIN | HOST, _) if is_upper || state == HOST && (is_lower || joins) => HOST,
        (PATH | HOST, ':') => COLON,
        (COLON | PORT_OR_TAG, '0'..='9') => PORT_OR_TAG,
        (COLON | PORT_OR_TAG | TAG_START | TAG, _) if is_lower || is_upper || next == '_' => TAG,
        (PORT_OR_TAG | TAG, '.' | '-') => TAG,
        (PATH | HOST | PORT_OR_TAG, '/') | (LAST, '/') => PART,
        (PART | LAST | LAST_JOIN, _) if is_lower => LAST,
        (LAST, _) if joins => LAST_JOIN,
        (LAST_JOIN, '-' | '_') => LAST_JOIN,
        (LAST, ':') => TAG_START,
        (PATH | LAST | PORT_OR_TAG | TAG, '@') => ALGORITHM_START,
        (ALGORITHM_START, _) if is_lower || is_upper => ALGORITHM,
        (ALGORITHM, '+' | '.' | '_' | '-') => ALGORITHM,
        (ALGORITHM, _) if is_lower || is_upper => ALGORITHM,
        (ALGORITHM, ':') => DIGEST_START,
        (DIGEST_START | DIGEST, 'a'..='f' | '0'..='9') => DIGEST,
        _ => return None,
    };
    Some(next_state)
}

/// Refuses a pattern that no image can fit.
pub(super) fn check(text: &str) -> Result<(), Remark> {
    let never = |why: &str, right: String| Err(Remark::new(format!("no image fits `{text}`: {why}"), right));
    if let Some((_, rest)) = text.split_once("://") {
        return never("an image has no scheme", format!("`{rest}`"));
    }
    if text.starts_with("arn:") {
        let fields: Vec<&str> = text.splitn(6, ':').collect();
        let right = match fields[..] {
            [_, _, "ecr", region, account, resource] => {
                let name = resource.strip_prefix("repository/").unwrap_or(resource);
                format!("`{account}.dkr.ecr.{region}.amazonaws.com/{name}:*`")
            }
            _ => "the image's name, as in `aws/codebuild/*`".to_owned(),
        };
        return never("an image's name is not an ARN", right);
    }
    if text.contains(char::is_whitespace) {
        return never("a name has no white space", "a list with an element for each image".to_owned());
    }
    let (name, end) = split_end(text, is_wild);
    let first = name.split('/').next().unwrap_or(name);
    registry_of_an_account(text, first)?;
    let digest = text.rsplit_once('@').map(|(_, digest)| digest).filter(|digest| !is_wild(digest));
    if let Some(digest) = digest.and_then(|digest| digest.strip_prefix("sha256:"))
        && digest.len() != 64
    {
        let right = format!("all of them, or `{name}@sha256:*`");
        return never("a sha256 digest has 64 hexadecimal digits", right);
    }
    let path =
        name.split_once('/').filter(|(first, _)| is_registry(first) || is_wild(first)).map_or(name, |(_, path)| path);
    // The text behind a `*` may be a tag.
    let before = path.split('*').next().unwrap_or(path);
    let lower = text.replacen(before, &before.to_ascii_lowercase(), 1);
    if lower != text && can_fit(&lower, &REFERENCE) {
        return never("the names of images are lower case", format!("`{lower}`"));
    }
    if can_fit(text, &REFERENCE) {
        return Ok(());
    }
    if let Some(bare) = text.strip_suffix('/') {
        return never("a name follows the `/`", format!("`{bare}/*`"));
    }
    match (name, &*end) {
        ("", end) => never("a name stands in front of the tag", format!("`*{end}`")),
        (name, ":") => never("a tag follows the `:`", format!("`{name}:*`")),
        _ => never(
            "it is not an image's name",
            "a name as in `docker.io/library/tools:1.2` or `aws/codebuild/*`".to_owned(),
        ),
    }
}

/// Refuses a host of ECR whose account or region cannot be one.
fn registry_of_an_account(text: &str, host: &str) -> Result<(), Remark> {
    let labels: Vec<&str> = host.split('.').collect();
    let [account, "dkr" | "dkr-fips", "ecr" | "ecr-fips", region, "amazonaws", ..] = labels[..] else { return Ok(()) };
    let found = |why: Remark| Remark { message: format!("no image fits `{text}`: {}", why.message), help: why.help };
    account_pattern(account).map_err(|why| Remark { help: why.help.replace(" in quotes", ""), ..found(why) })?;
    region_pattern(region).map_err(found)?;
    Ok(())
}

/// Hosts of pages about images, each with the registry.
const PAGES: [(&str, &str); 4] = [
    ("hub.docker.com", DOCKER_HUB),
    ("docker.com", DOCKER_HUB),
    ("gallery.ecr.aws", "public.ecr.aws"),
    ("github.com", "ghcr.io"),
];

/// Words that stand for a registry in other programs, each with its host.
const REGISTRIES: [(&str, &str); 7] = [
    ("dockerhub", DOCKER_HUB),
    ("docker-hub", DOCKER_HUB),
    ("ecr", "*.dkr.ecr.*.amazonaws.com"),
    ("public-ecr", "public.ecr.aws"),
    ("quay", "quay.io"),
    ("ghcr", "ghcr.io"),
    ("gcr", "gcr.io"),
];

/// Registries in which every image's name begins with an owner's.
const WITH_OWNERS: [&str; 3] = ["ghcr.io", "quay.io", "public.ecr.aws"];

/// The usual ports of registries.
const PORTS: [&str; 6] = ["443", "5000", "5001", "8080", "8082", "8443"];

/// The beginnings of the names of CodeBuild's own images behind `aws/codebuild/`.
const OWN_NAMES: [&str; 4] = ["standard", "windows-base", "macos-arm-base", "ubuntu-base"];

/// Returns remarks about a pattern that probably does not do what its author intends.
pub(super) fn probably_not_meant(text: &str, direction: Direction) -> Vec<Remark> {
    let mut warnings = Vec::new();
    let mut warn = |found: String, right: String| warnings.push(Remark::new(found, right));
    let (name, end) = split_end(text, is_wild);
    if end != ":latest" && end.eq_ignore_ascii_case(":latest") {
        warn(format!("`{text}` does not fit the tag `latest`, which is lower case"), format!("`{name}:latest`"));
    }
    let only = || format!("`{text}` fits only an image with this name");
    let (first, path) = name.split_once('/').map_or((name, None), |(first, path)| (first, Some(path)));
    match path {
        Some(_) if first == "aws" => {
            if name.starts_with("aws/codebuild/") && name == text && !is_wild(name) {
                let found = format!("`{text}` has no tag, and CodeBuild's own images have one");
                warn(found, format!("`{text}:*`"));
            } else if let Some(other) = name.strip_prefix(OWN_IMAGES).filter(|name| !can_begin(name)) {
                let right = if other == "codebuild" {
                    "`aws/codebuild/*`".to_owned()
                } else {
                    format!("`aws/codebuild/{}`", &text[OWN_IMAGES.len()..])
                };
                warn(format!("`{text}` fits none of CodeBuild's own images"), right);
            } else if end.len() > 1 && end[1..].bytes().all(|byte| byte.is_ascii_digit()) {
                let found = format!("`{text}` fits none of CodeBuild's own images, whose versions are like `7.0`");
                warn(found, format!("`{text}.*`"));
            }
        }
        Some(path) if first.eq_ignore_ascii_case("aws") && path.starts_with("codebuild") => {
            warn(
                format!("`{text}` is read as an image of a registry called `{first}`"),
                format!("`aws{}`", &text[3..]),
            );
        }
        Some(_) if first == "codebuild" => {
            warn(format!("`{text}` is read as an image of Docker Hub"), format!("`aws/{text}`"))
        }
        Some(_) if first == "aws-codebuild" => {
            let right = format!("`aws/codebuild{}`", &text[first.len()..]);
            warn(format!("`{text}` is read as an image of Docker Hub"), right)
        }
        Some(_)
            if first.contains(|c: char| c.is_ascii_uppercase()) && !first.contains(['.', ':']) && !is_wild(first) =>
        {
            let found = format!("`{text}` is read as an image of a registry called `{first}`");
            warn(found, format!("`{}{}`", first.to_ascii_lowercase(), &text[first.len()..]));
        }
        Some(path) if WITH_OWNERS.contains(&first) && text == name && !path.contains('/') && !is_wild(path) => {
            let found = format!("`{text}` fits no image: in `{first}` an owner's name stands in front of an image's");
            warn(found, format!("`{text}/*`"));
        }
        Some(_) if is_of_aws(first) => {
            let found = format!("`{first}` is not a registry of AWS");
            warn(found, format!("`111122223333.dkr.ecr.eu-west-1.amazonaws.com{}`", &text[first.len()..]));
        }
        Some(_) => {
            if let Some((page, registry)) = PAGES.iter().find(|(page, _)| page.eq_ignore_ascii_case(first)) {
                let found = format!("`{page}` is the host of pages about images, not a registry");
                warn(found, format!("`{registry}{}`", &text[first.len()..]));
            } else if let Some((_, registry)) = REGISTRIES.iter().find(|(word, _)| *word == first) {
                warn(
                    format!("`{text}` is read as an image of Docker Hub"),
                    format!("`{registry}{}`", &text[first.len()..]),
                );
            }
        }
        None if is_host_like(name) || SECOND_NAMES.contains(&name) => {
            warn(format!("`{text}` is read as an image of that name, not as a registry"), format!("`{text}/*`"));
        }
        None if OWN_NAMES
            .iter()
            .any(|own| name == *own || name.starts_with("amazonlinux") && name.ends_with("-standard")) =>
        {
            warn(format!("`{text}` is read as an image of Docker Hub"), format!("`aws/codebuild/{text}`"));
        }
        None if is_tag(text) => warn(only(), format!("`*:{text}` for the tag")),
        None if name == "sha256" => warn(only(), format!("`*@{text}` for the digest")),
        None if end.strip_prefix(':').is_some_and(|port| PORTS.contains(&port)) => {
            warn(
                format!("`{text}` is read as an image with the tag `{}`, not as a registry", &end[1..]),
                format!("`{text}/*`"),
            );
        }
        None => {}
    }
    // Without a registry, the pattern would fit only images of registries whose names begin so.
    if direction == Direction::Allow && !text.contains('/') && is_wild(name) && !name.starts_with(['*', '?']) {
        let found = format!("`{text}` is compared with full names such as `{DOCKER_HUB}/library/tools:latest`");
        warn(found, format!("`{DOCKER_HUB}/library/{text}`, or the registry that you mean"));
    }
    warnings
}

/// Returns whether a host belongs to AWS, but is not a registry.
fn is_of_aws(host: &str) -> bool {
    let labels: Vec<&str> = host.split('.').collect();
    let is_aws = host.ends_with(".amazonaws.com") || host.ends_with(".amazonaws.com.cn");
    is_aws && !is_wild(host) && !matches!(labels[..], [_, "dkr" | "dkr-fips", "ecr" | "ecr-fips", _, "amazonaws", ..])
}

/// Returns whether it can be the beginning of `codebuild/…`.
fn can_begin(name: &str) -> bool {
    name.starts_with("codebuild/") || is_wild(name)
}

/// Returns whether a text is more likely a tag than a name: `latest`, `1.2`, `v7`.
fn is_tag(text: &str) -> bool {
    let version = text.strip_prefix('v').unwrap_or(text);
    matches!(text, "latest" | "stable" | "lts")
        || version.starts_with(|first: char| first.is_ascii_digit())
            && version.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'*' | b'?'))
}
