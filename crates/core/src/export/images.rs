//! `forbidden-images` and `allowed-images` as conditions. The key contains the image as the call
//! spells it, while the checks compare it as Docker reads it.

use super::prevention::{KeyCondition, Prevention};
use crate::{
    checks::Patterns,
    facts::{image::OWN_IMAGES, possible::can_begin_with},
};

const IMAGE: &str = "codebuild:environment.image";

/// Refuses a call whose image has a forbidden name in one of its usual spellings.
pub(super) fn forbidden(patterns: &Patterns) -> Prevention {
    let mut refusals = vec![vec![KeyCondition::Like(IMAGE, patterns.image_spellings()), KeyCondition::Given(IMAGE)]];
    if patterns.iter().any(|pattern| pattern.as_str() == "*:latest") {
        // An image without tag and digest is `:latest`. Those that CodeBuild provides are not.
        let with_tag = ["*:*", "*@*", "aws/*"].map(str::to_owned).to_vec();
        refusals.push(vec![KeyCondition::NotLike(IMAGE, with_tag), KeyCondition::Given(IMAGE)]);
    }
    let remark = "an image is compared as the call spells it: another name of its registry is not refused";
    Prevention::Exact { refusals, remarks: remarks(patterns, remark) }
}

/// Refuses a call whose image is none of the usual spellings of an allowed name.
pub(super) fn allowed(patterns: &Patterns) -> Prevention {
    // A short name stands for many images of Docker Hub that such a pattern may allow.
    if patterns.images().any(|image| image.full().any(|full| full.is_wild() && can_begin_with(full, "docker.io/"))) {
        let remark = "IAM compares an image as the call spells it, and not as Docker reads it; use patterns that begin \
                      with the registry's whole name, and not with `docker.io` or a wildcard";
        return Prevention::Exact { refusals: Vec::new(), remarks: vec![remark.to_owned()] };
    }
    let refusals = vec![vec![KeyCondition::NotLike(IMAGE, patterns.image_spellings()), KeyCondition::Given(IMAGE)]];
    let remark = "an image is compared as the call spells it: one with an unusual spelling of its name is refused even \
                  if the rule allows it";
    Prevention::Exact { refusals, remarks: remarks(patterns, remark) }
}

/// The images that CodeBuild provides have one spelling.
fn remarks(patterns: &Patterns, remark: &str) -> Vec<String> {
    let only_own = patterns.iter().all(|pattern| pattern.as_str().starts_with(OWN_IMAGES));
    if only_own { Vec::new() } else { vec![remark.to_owned()] }
}
