//! The ids and ARNs that builds, batches and projects have.

use crate::facts::possible::Form;

/// `PROJECT:ID`, the id of a build or batch.
pub(super) const BUILD_ID: Form = Form {
    step: |state, next| match (state, next) {
        (0, _) if next.is_ascii_alphanumeric() => Some(1),
        (1, ':') => Some(2),
        (1, _) if is_name(next) => Some(1),
        (2..=3, _) if next.is_ascii_alphanumeric() || next == '-' => Some(3),
        _ => None,
    },
    ends: |state| state == 3,
    alphabet: "a0-_:",
};

/// `arn:PARTITION:codebuild:REGION:ACCOUNT:build/PROJECT:ID`.
pub(super) const BUILD: Form = form::<0>();
/// `…:build-batch/PROJECT:ID`.
pub(super) const BUILD_BATCH: Form = form::<1>();
/// `…:project/PROJECT`.
pub(super) const PROJECT: Form = form::<2>();

/// The prefixes of a name, each with `true` if an id follows the name.
const RESOURCES: [(&str, bool); 3] = [("build/", true), ("build-batch/", true), ("project/", false)];

const fn form<const RESOURCE: usize>() -> Form {
    Form { step: step::<RESOURCE>, ends: ends::<RESOURCE>, alphabet: "arn:codebuildptjh/0-_A" }
}

const PARTITION: u8 = 4;
const SERVICE: u8 = 5;
const REGION: u8 = 15;
const IN_REGION: u8 = 16;
/// The first of twelve digits.
const ACCOUNT: u8 = 17;
const COLON: u8 = 29;
const KIND: u8 = 30;
const NAME: u8 = 50;
const IN_NAME: u8 = 51;
const ID: u8 = 52;
const IN_ID: u8 = 53;

fn step<const RESOURCE: usize>(state: u8, next: char) -> Option<u8> {
    let (kind, has_id) = RESOURCES[RESOURCE];
    let word = |text: &str, start: u8| text.chars().nth((state - start).into()).filter(|one| *one == next);
    match (state, next) {
        (0..PARTITION, _) => word("arn:", 0).map(|_| state + 1),
        (PARTITION, ':') => Some(SERVICE),
        (PARTITION, 'a'..='z' | '-') => Some(PARTITION),
        (SERVICE..REGION, _) => word("codebuild:", SERVICE).map(|_| state + 1),
        (IN_REGION, ':') => Some(ACCOUNT),
        (REGION | IN_REGION, 'a'..='z') | (IN_REGION, '0'..='9' | '-') => Some(IN_REGION),
        (COLON, ':') => Some(KIND),
        (ACCOUNT..COLON, '0'..='9') => Some(state + 1),
        (KIND..NAME, _) => {
            word(kind, KIND).map(|_| if usize::from(state - KIND) + 1 == kind.len() { NAME } else { state + 1 })
        }
        (NAME, _) if next.is_ascii_alphanumeric() => Some(IN_NAME),
        (IN_NAME, ':') if has_id => Some(ID),
        (IN_NAME, _) if is_name(next) => Some(IN_NAME),
        (ID | IN_ID, _) if next.is_ascii_alphanumeric() || next == '-' => Some(IN_ID),
        _ => None,
    }
}

fn ends<const RESOURCE: usize>(state: u8) -> bool {
    state == if RESOURCES[RESOURCE].1 { IN_ID } else { IN_NAME }
}

fn is_name(next: char) -> bool {
    next.is_ascii_alphanumeric() || next == '-' || next == '_'
}
