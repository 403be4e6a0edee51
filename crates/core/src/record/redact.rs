//! Redaction: the values of environment variables, secrets in URLs, the text of inline
//! buildspecs and whatever a phase quotes never leave the program.

use std::collections::HashSet;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{Failure, phase_context, refusal};
use crate::{
    facts::inquiry::Case,
    model::{Build, BuildBatch, Project, ProjectEnvironment, ProjectSource, Sandbox},
    url,
};

const STARS: &str = "***";

/// The replacement for a variable's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HiddenValues {
    /// `***`, for readers.
    Starred,
    /// Nothing, so that the value is unknown to rules.
    LeftOut,
}

impl HiddenValues {
    fn hide(self, value: &mut Option<String>) {
        *value = value.take().filter(|_| self == Self::Starred).map(|_| STARS.into());
    }
}

/// The Build without its secrets, except for those in URLs: [`url::to_redacted_json`] removes
/// these from every text.
pub(super) fn build(mut build: Box<Build>, values: HiddenValues) -> Box<Build> {
    build.environment.iter_mut().for_each(|one| environment(one, values));
    for variable in build.exported_environment_variables.iter_mut().flatten() {
        values.hide(&mut variable.value);
    }
    build.source.iter_mut().chain(build.secondary_sources.iter_mut().flatten()).for_each(buildspec);
    let phases = build.phases.iter_mut().flatten();
    phases.flat_map(|phase| phase.contexts.iter_mut().flatten()).for_each(phase_context::redact);
    build
}

/// The BuildBatch without its secrets, as [`build`].
pub(super) fn batch(mut batch: Box<BuildBatch>, values: HiddenValues) -> Box<BuildBatch> {
    batch.environment.iter_mut().for_each(|one| environment(one, values));
    batch.source.iter_mut().chain(batch.secondary_sources.iter_mut().flatten()).for_each(buildspec);
    let phases = batch.phases.iter_mut().flatten();
    phases.flat_map(|phase| phase.contexts.iter_mut().flatten()).for_each(phase_context::redact);
    batch
}

/// The Sandbox without its secrets, as [`build`].
pub(super) fn sandbox(mut sandbox: Box<Sandbox>, values: HiddenValues) -> Box<Sandbox> {
    sandbox.environment.iter_mut().for_each(|one| environment(one, values));
    sandbox.source.iter_mut().chain(sandbox.secondary_sources.iter_mut().flatten()).for_each(buildspec);
    let phases = sandbox.current_session.iter_mut().flat_map(|session| session.phases.iter_mut().flatten());
    phases.flat_map(|phase| phase.contexts.iter_mut().flatten()).for_each(phase_context::redact);
    sandbox
}

/// The Project without its secrets, as [`build`].
pub(super) fn project(mut project: Box<Project>, values: HiddenValues) -> Box<Project> {
    project.environment.iter_mut().for_each(|one| environment(one, values));
    project.source.iter_mut().chain(project.secondary_sources.iter_mut().flatten()).for_each(buildspec);
    if let Some(webhook) = &mut project.webhook {
        values.hide(&mut webhook.secret);
    }
    project
}

/// The Build's members without secrets, as [`build`], for an explanation.
pub(crate) fn build_json(build: &Build) -> Value {
    json!(self::build(Box::new(build.clone()), HiddenValues::Starred))
}

/// The BuildBatch's members without secrets, as [`batch`].
pub(crate) fn batch_json(batch: &BuildBatch) -> Value {
    json!(self::batch(Box::new(batch.clone()), HiddenValues::Starred))
}

/// The Project's members without secrets, as [`project`].
pub(crate) fn project_json(project: &Project) -> Value {
    json!(self::project(Box::new(project.clone()), HiddenValues::Starred))
}

fn environment(environment: &mut ProjectEnvironment, values: HiddenValues) {
    for variable in environment.environment_variables.iter_mut().flatten() {
        values.hide(&mut variable.value);
    }
    let docker_server = environment.docker_server.iter_mut();
    for message in docker_server.filter_map(|server| server.status.as_mut()?.message.as_mut()) {
        *message = phase_context::message(message);
    }
}

/// The failure without secrets: a service's text may quote the request, the build, its batch or its project. If
/// their values are unknown, its size and digest replace it, unless it quotes nothing but names.
pub(super) fn failure(failure: Failure, case: &Case<'_>) -> Failure {
    if !are_values_known(case) {
        return failure_without_build(failure);
    }
    // URLs come first: a value may be a part of the text by which they are recognized.
    let secrets = BuildSecrets::of(case);
    complete(failure, |text| secrets.removed_from(&url::redacted(text)))
}

/// The failure of a call that concerns no single build, without secrets.
pub(super) fn failure_without_build(failure: Failure) -> Failure {
    complete(failure, |text| match refusal::is_harmless(text) {
        true => text.to_owned(),
        false => format!("({})", digest("text", text)),
    })
}

/// Appends the service's text to the message.
fn complete(failure: Failure, redact: impl Fn(&str) -> String) -> Failure {
    let message = url::redacted(&failure.message);
    let message = match &failure.answer {
        Some(answer) => format!("{message}: {}", redact(answer)),
        None => message.into_owned(),
    };
    Failure { message, answer: None, ..failure }
}

/// Returns whether all values that a failed call may have quoted are known: those of the build, of its batch,
/// and of the subject of the last question.
fn are_values_known(case: &Case<'_>) -> bool {
    let variables =
        case.build().environment.as_ref().and_then(|environment| environment.environment_variables.as_ref());
    let is_batch_known = case.build().build_batch_arn.is_none() || case.batch().is_some();
    variables.is_some() && is_batch_known && case.next_question().is_none()
}

/// A text's size and digest, which distinguish it from another: `command, 11 bytes, sha256:…`.
pub(super) fn digest(what: &str, text: &str) -> String {
    let digest: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{what}, {} bytes, sha256:{digest}", text.len())
}

/// Replaces an inline buildspec by its size and digest, which distinguish it from another. A
/// path or an S3 ARN stays as it is.
fn buildspec(source: &mut ProjectSource) {
    source.buildspec = source.buildspec.take().map(|text| buildspec_text(&text));
}

/// A path or an S3 ARN as it is; the size and digest of an inline buildspec.
fn buildspec_text(text: &str) -> String {
    if is_path(text) { text.to_owned() } else { digest("inline buildspec", text) }
}

/// A buildspec is a path in the source, an S3 ARN, or the whole file. A text with any character
/// that plain paths do not have counts as the file.
/// <https://docs.aws.amazon.com/codebuild/latest/userguide/build-spec-ref.html#build-spec-ref-name-storage>
fn is_path(buildspec: &str) -> bool {
    let path = buildspec.strip_prefix("arn:").map_or(buildspec, |arn| arn.splitn(5, ':').last().unwrap_or_default());
    path.chars().all(|character| character.is_ascii_alphanumeric() || "/._-+@=%~".contains(character))
}

/// The values of a build that no text may quote.
struct BuildSecrets {
    /// The values of variables, and the lines of those that have several.
    values: Vec<String>,
    /// Shorter values and lines. They are replaced only where they are a whole word.
    short_values: Vec<String>,
    /// The words of inline buildspecs.
    words: HashSet<String>,
}

/// The minimum length, in bytes, of a value that is replaced even within a word. Shorter texts occur in many
/// words.
const MIN_SECRET_LENGTH: usize = 4;

impl BuildSecrets {
    fn of(case: &Case<'_>) -> Self {
        let (build, batch, project) = (case.build(), case.batch(), case.project());
        let environments = [
            build.environment.as_ref(),
            batch.and_then(|batch| batch.environment.as_ref()),
            project.and_then(|project| project.environment.as_ref()),
        ];
        let environments = environments.into_iter().flatten();
        let variables = environments.flat_map(|environment| environment.environment_variables.iter().flatten());
        let exported = build.exported_environment_variables.iter().flatten();
        let values = variables.filter_map(|variable| variable.value.as_deref());
        let values = values.chain(exported.filter_map(|variable| variable.value.as_deref()));
        let parts = values.flat_map(|value| [value, value.trim()].into_iter().chain(value.lines().map(str::trim)));
        let parts = parts.flat_map(|part| [part.to_owned(), url::redacted(part).into_owned(), escaped(part)]);
        let mut parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
        // A value that contains another goes first, or its remainder would stay.
        parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
        let (values, short_values) = parts.into_iter().partition(|part| part.len() >= MIN_SECRET_LENGTH);

        let of_batch = batch.map(|batch| (&batch.source, &batch.secondary_sources));
        let of_project = project.map(|project| (&project.source, &project.secondary_sources));
        let sources = [Some((&build.source, &build.secondary_sources)), of_batch, of_project].into_iter().flatten();
        let sources = sources.flat_map(|(source, secondary)| source.iter().chain(secondary.iter().flatten()));
        let inline = sources.filter_map(|source| source.buildspec.as_deref()).filter(|text| !is_path(text));
        let words =
            inline.flat_map(|text| text.split(ends_word)).map(bare).filter(|word| word.len() >= MIN_SECRET_LENGTH);
        Self { values, short_values, words: words.map(str::to_owned).collect() }
    }

    fn removed_from(&self, text: &str) -> String {
        let text = self.values.iter().fold(text.to_owned(), |text, value| text.replace(value.as_str(), STARS));
        let text = self.short_values.iter().fold(text, |text, value| without_word(&text, value));
        let pieces = text.split_inclusive(ends_word).map(|piece| {
            let word = bare(piece.trim_end_matches(ends_word));
            if self.words.contains(word) { piece.replace(word, STARS) } else { piece.to_owned() }
        });
        pieces.collect()
    }
}

/// A text as it stands in a JSON string.
fn escaped(text: &str) -> String {
    json!(text).to_string().trim_matches('"').to_owned()
}

/// Replaces a text by stars where no letter or digit adjoins it.
fn without_word(text: &str, word: &str) -> String {
    let (mut kept, mut from) = (String::new(), 0);
    for (at, _) in text.match_indices(word) {
        let adjoins = |neighbour: Option<char>| neighbour.is_some_and(char::is_alphanumeric);
        if !adjoins(text[..at].chars().next_back()) && !adjoins(text[at + word.len()..].chars().next()) {
            kept.push_str(&text[from..at]);
            kept.push_str(STARS);
            from = at + word.len();
        }
    }
    kept.push_str(&text[from..]);
    kept
}

/// Returns whether a word ends here, in YAML or in a sentence that quotes it.
fn ends_word(character: char) -> bool {
    character.is_whitespace() || "\"'`,;()[]{}".contains(character)
}

/// The word without the punctuation of a sentence or of a YAML key.
fn bare(word: &str) -> &str {
    word.trim_matches(['.', ':'])
}

#[cfg(test)]
mod tests;
