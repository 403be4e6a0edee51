use proptest::prelude::*;

use super::{
    Direction::{Allow, Forbid},
    *,
};

#[track_caller]
fn full(text: &str, expected: &str) {
    let image = Image::read(text);
    assert_eq!((image.full(), Image::read(image.full()).full()), (expected, expected), "{text}");
}

#[test]
fn as_docker_reads_a_name() {
    let digest = format!("@sha256:{}", "0".repeat(64));
    for (text, expected) in [
        ("tools", "docker.io/library/tools:latest"),
        (" tools ", "docker.io/library/tools:latest"),
        ("tools:1", "docker.io/library/tools:1"),
        ("acme/tools", "docker.io/acme/tools:latest"),
        ("library/tools", "docker.io/library/tools:latest"),
        ("docker.io/tools", "docker.io/library/tools:latest"),
        ("Docker.IO/tools", "docker.io/library/tools:latest"),
        ("docker.io:443/tools", "docker.io/library/tools:latest"),
        ("index.docker.io/tools", "docker.io/library/tools:latest"),
        ("registry-1.docker.io/library/tools", "docker.io/library/tools:latest"),
        ("registry.hub.docker.com/acme/tools:1", "docker.io/acme/tools:1"),
        ("localhost/tools", "localhost/tools:latest"),
        ("tools:5000/x", "tools:5000/x:latest"),
        ("registry.example.com:5000/a/b:1", "registry.example.com:5000/a/b:1"),
        ("ghcr.io/acme/tools", "ghcr.io/acme/tools:latest"),
        ("aws/codebuild/standard:7.0", "aws/codebuild/standard:7.0"),
        ("aws/codebuild/standard", "aws/codebuild/standard"),
        ("awsome/tools", "docker.io/awsome/tools:latest"),
        (
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com/tools",
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com/tools:latest",
        ),
        (&format!("tools{digest}"), &format!("docker.io/library/tools{digest}")),
        (&format!("tools:1{digest}"), &format!("docker.io/library/tools{digest}")),
        (&format!("ghcr.io/a/b:1{digest}"), &format!("ghcr.io/a/b{digest}")),
        // A build may have any text there.
        ("a*b", "docker.io/library/a*b:latest"),
    ] {
        full(text, expected);
    }
}

#[track_caller]
fn check(pattern: &str, image: &str, forbid: bool, allow: bool) {
    for (direction, expected) in [(Forbid, forbid), (Allow, allow)] {
        let (pattern, _) = ImagePattern::parse(pattern, direction).unwrap();
        let image = Image::read(image);
        assert_eq!(pattern.matches(&image, direction), expected, "{direction:?} {} {image:?}", pattern.written());
    }
}

#[test]
fn forbidding_matches_either_form_and_allowing_the_full_one() {
    for (pattern, image, forbid, allow) in [
        ("*:latest", "tools", true, true),
        ("*:latest", "tools:1", false, false),
        ("*:latest", "ghcr.io/acme/tools", true, true),
        ("*", "tools", true, true),
        ("tools", "tools", true, true),
        ("tools", "docker.io/library/tools:latest", true, true),
        ("tools", "tools:1", false, false),
        ("tools", "ghcr.io/acme/tools", false, false),
        ("tools:*", "tools:1", true, true),
        ("tools:*", "index.docker.io/tools:1", true, true),
        ("tools:*", "tools", true, true),
        ("tools:1", "docker.io/library/tools:1", true, true),
        ("acme/*", "acme/tools", true, true),
        ("acme/*", "docker.io/acme/tools:1", true, true),
        ("acme/*", "ghcr.io/acme/tools", false, false),
        ("docker.io/*", "tools", true, true),
        ("docker.io/library/*", "tools", true, true),
        ("docker.io/to*", "tools", true, true),
        ("docker.io/to*", "docker.io/tom/app", true, true),
        ("index.docker.io/*", "tools", true, true),
        ("registry.hub.docker.com/tools:*", "tools:1", true, true),
        ("GHCR.io/acme/*", "ghcr.io/acme/tools", true, true),
        ("ghcr.io:443/acme/*", "ghcr.io/acme/tools", true, true),
        ("registry.example.com:5000/*", "registry.example.com:5000/tools", true, true),
        ("registry.example.com:*/tools", "registry.example.com:5000/tools", true, true),
        // The written form alone.
        ("too*", "tools", true, false),
        ("*/tools", "acme/tools", true, true),
        ("*/tools", "acme/tools:1", false, false),
        ("?ools", "tools", true, false),
        // The owner of an image is no registry.
        ("111122223333.dkr.ecr.*", "111122223333.dkr.ecr.eu-west-1.amazonaws.com/a", true, true),
        ("*.dkr.ecr.*/tools", "111122223333.dkr.ecr.eu-west-1.amazonaws.com/tools", true, true),
        ("aws/codebuild/*", "aws/codebuild/standard:7.0", true, true),
        ("aws/codebuild/*", "docker.io/aws/codebuild/standard:7.0", false, false),
        ("aws/codebuild/standard:7.0", "aws/codebuild/standard:7.0", true, true),
        ("aws*", "awsevil/tools", true, false),
        ("*@sha256:*", "tools@sha256:00", true, true),
        ("*@sha256:*", "tools:1@sha256:00", true, true),
        ("*@sha256:*", "tools:1", false, false),
        // Docker ignores the tag beside a digest.
        ("tools:1", "tools:1@sha256:00", false, false),
        ("tools:1*", "tools:1@sha256:00", true, false),
        ("tools:1@sha256:00", "tools@sha256:00", true, true),
        ("tools@sha256:*", "tools:1@sha256:00", true, true),
    ] {
        let digest = format!("@sha256:{}", "0".repeat(64));
        let with_digest = |text: &str| text.replace("@sha256:00", &digest);
        check(&with_digest(pattern), &with_digest(image), forbid, allow);
    }
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    let Remark { message, help } = ImagePattern::parse(text, Forbid).unwrap_err();
    assert_eq!(format!("{message} = {help}"), expected);
}

#[test]
fn patterns_that_no_image_fits() {
    refused(
        "https://ghcr.io/acme/*",
        "no image fits `https://ghcr.io/acme/*`: an image has no scheme = write `ghcr.io/acme/*`",
    );
    refused(
        "arn:aws:ecr:eu-west-1:111122223333:repository/tools",
        "no image fits `arn:aws:ecr:eu-west-1:111122223333:repository/tools`: an image's name is not an ARN = write `111122223333.dkr.ecr.eu-west-1.amazonaws.com/tools:*`",
    );
    refused("Ubuntu:*", "no image fits `Ubuntu:*`: the names of images are lower case = write `ubuntu:*`");
    refused(
        "GHCR.io/Acme/*",
        "no image fits `GHCR.io/Acme/*`: the names of images are lower case = write `GHCR.io/acme/*`",
    );
    refused(":latest", "no image fits `:latest`: a name stands in front of the tag = write `*:latest`");
    refused("ubuntu:", "no image fits `ubuntu:`: a tag follows the `:` = write `ubuntu:*`");
    refused(
        "111122223333.dkr.ecr.eu-west-1.amazonaws.com/",
        "no image fits `111122223333.dkr.ecr.eu-west-1.amazonaws.com/`: a name follows the `/` = write `111122223333.dkr.ecr.eu-west-1.amazonaws.com/*`",
    );
    refused(
        "11112222333.dkr.ecr.*.amazonaws.com/*",
        "no image fits `11112222333.dkr.ecr.*.amazonaws.com/*`: no account fits `11112222333`: an account id has twelve digits = write all twelve digits; perhaps a zero in front was lost",
    );
    refused(
        "*.dkr.ecr.ireland.amazonaws.com/*",
        "no image fits `*.dkr.ecr.ireland.amazonaws.com/*`: no region fits `ireland`: write a region as its code = write `eu-west-1`",
    );
    refused(
        "tools@sha256:abc",
        "no image fits `tools@sha256:abc`: a sha256 digest has 64 hexadecimal digits = write all of them, or `tools@sha256:*`",
    );
    for text in ["/tools", "tools@", "a//b", "tools:a:b", "tools:1/x:", "to$ls", "-x", "tools:a@b", "ghcr.io:x/tools"] {
        let remark = ImagePattern::parse(text, Forbid).expect_err(text);
        assert!(remark.message.starts_with("no image fits"), "{text}: {}", remark.message);
    }
    refused("a, b", "no image fits `a, b`: a name has no white space = write a list with an element for each image");
}

#[test]
fn patterns_that_are_probably_not_meant() {
    let warnings = |text: &str, direction| -> Vec<String> {
        let (_, warnings) = ImagePattern::parse(text, direction).unwrap();
        warnings.into_iter().map(|Remark { message, help }| format!("{message} = {help}")).collect()
    };
    assert_eq!(
        warnings("aws/codebuild/standard", Forbid),
        ["`aws/codebuild/standard` has no tag, and CodeBuild's own images have one = write `aws/codebuild/standard:*`"]
    );
    assert_eq!(
        warnings("tools*", Allow),
        [
            "`tools*` is compared with full names such as `docker.io/library/tools:latest` = write `docker.io/library/tools*`, or the registry that you mean"
        ]
    );
    for (text, expected) in [
        ("docker.io", "`docker.io` is read as an image of that name, not as a registry = write `docker.io/*`"),
        (
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com",
            "`111122223333.dkr.ecr.eu-west-1.amazonaws.com` is read as an image of that name, not as a registry = write `111122223333.dkr.ecr.eu-west-1.amazonaws.com/*`",
        ),
        (
            "hub.docker.com/*",
            "`hub.docker.com` is the host of pages about images, not a registry = write `docker.io/*`",
        ),
        (
            "AWS/codebuild/*",
            "`AWS/codebuild/*` is read as an image of a registry called `AWS` = write `aws/codebuild/*`",
        ),
        ("codebuild/*", "`codebuild/*` is read as an image of Docker Hub = write `aws/codebuild/*`"),
        ("aws/codebuild", "`aws/codebuild` fits none of CodeBuild's own images = write `aws/codebuild/*`"),
        (
            "aws/standard:7.0",
            "`aws/standard:7.0` fits none of CodeBuild's own images = write `aws/codebuild/standard:7.0`",
        ),
        ("standard:7.0", "`standard:7.0` is read as an image of Docker Hub = write `aws/codebuild/standard:7.0`"),
        ("latest", "`latest` fits only an image with this name = write `*:latest` for the tag"),
        ("18.04", "`18.04` fits only an image with this name = write `*:18.04` for the tag"),
    ] {
        assert_eq!(warnings(text, Forbid), [expected], "{text}");
    }
    for text in [
        "*",
        "*:latest",
        "*SNAPSHOT*",
        "*-RC?",
        "*/standard:*",
        "acme/standard:7.0",
        "public.ecr.aws/*",
        "localhost:5000/ci/*",
        "registry.example.com/*",
        "tools-v2",
        "tools",
        "tools:*",
        "aws/codebuild/*",
        "aws/codebuild/standard:?.0",
        "*@sha256:*",
        "111122223333.dkr.ecr.*.amazonaws.com/*",
        "*/untrusted-*",
        "ghcr.io/acme/*:Release-*",
        "ghcr*/acme",
    ] {
        for direction in [Forbid, Allow] {
            assert_eq!(warnings(text, direction), [""; 0], "{text}");
        }
    }
    assert_eq!(warnings("tools*", Forbid), [""; 0]);
}

/// The spellings of an image of Docker Hub's library, with that end.
fn spellings(name: &str, end: &str) -> Vec<String> {
    let hubs =
        ["", "docker.io/", "index.docker.io/", "registry-1.docker.io/", "registry.hub.docker.com/", "DOCKER.io:443/"];
    let paths = ["", "library/"];
    let mut ends = vec![end];
    if end == ":latest" {
        ends.push("");
    }
    let mut spellings = Vec::new();
    for hub in hubs {
        for path in paths {
            spellings.extend(ends.iter().map(|end| format!("{hub}{path}{name}{end}")));
        }
    }
    spellings
}

proptest! {
    #[test]
    fn one_spelling_matches_every_other(
        name in "[a-z][a-z0-9]{0,2}([._-][a-z0-9]{1,2}){0,2}",
        end in prop::sample::select(vec![":latest".to_owned(), ":1".to_owned(), format!("@sha256:{}", "0".repeat(64))]),
        (one, two) in (0..24_usize, 0..24_usize),
    ) {
        let spellings = spellings(&name, &end);
        let (one, two) = (&spellings[one % spellings.len()], &spellings[two % spellings.len()]);
        for direction in [Forbid, Allow] {
            let (pattern, _) = ImagePattern::parse(one, direction).unwrap();
            prop_assert!(pattern.matches(&Image::read(two), direction), "{} {}", one, two);
        }
    }

    #[test]
    fn what_is_allowed_would_be_forbidden(pattern in "[a-z:/.*@]{1,12}", image in "[a-z:/.@]{1,12}") {
        if let Ok((pattern, _)) = ImagePattern::parse(&pattern, Forbid) {
            let image = Image::read(&image);
            prop_assert!(!pattern.matches(&image, Allow) || pattern.matches(&image, Forbid));
        }
    }

    #[test]
    fn a_full_name_is_its_own(image in "[a-zA-Z0-9/.-]{1,16}(:[0-9]{1,4}/[a-z]{1,3})?(:[a-z0-9.]{1,4})?(@sha256:0)?") {
        let full = Image::read(&image).full().to_owned();
        let again = Image::read(&full);
        prop_assert_eq!(again.full(), full.as_str());
    }
}
