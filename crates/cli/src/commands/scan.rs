//! `buildbrake scan`.

use std::{
    collections::HashSet,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use buildbrake_core::{diagnostic::printable, pattern::Pattern};
use jiff::Timestamp;

use crate::{
    files::PolicyFile,
    input::account::connection::region,
    output::{Exit, count, print, print_detail, print_faults, print_note},
    report::scan::{csv, diagnostics, json, text},
    scan::{
        Destination, Projects,
        account::{self, ScannedAccounts},
        baseline::{Baseline, BaselineScope},
        results::{ScanResults, Status},
        template::{self, Parameter, StackTags},
        terraform,
    },
};

/// Judges projects before they build.
///
/// Each project is judged as if a build started with its settings: which rules they break, which cannot be
/// evaluated, and which cannot apply. Projects are those of CloudFormation and SAM templates, of plans and
/// states of Terraform, or of AWS accounts. What a file does not show is unknown and never guessed.
///
/// Exit status: 0 no findings, 1 findings, 2 unusable policy or input.
#[derive(clap::Args)]
#[command(
    override_usage = "buildbrake scan [OPTIONS] --policy <POLICY> <--template|--terraform|--account> ...",
    group = clap::ArgGroup::new("input").required(true).multiple(true),
    after_help = "\
Examples:
  buildbrake scan --policy policy.yaml --template template.yaml
  buildbrake scan --policy policy.yaml --terraform plan.json --format github
  buildbrake scan --policy policy.yaml --account --region eu-west-1"
)]
pub(crate) struct Arguments {
    /// The policy.
    #[arg(long, value_name = "POLICY")]
    policy: PathBuf,
    /// CloudFormation or SAM templates.
    ///
    /// YAML or JSON. Parameters with defaults, mappings, conditions and functions are evaluated where the result
    /// is certain before the template is deployed.
    #[arg(long, value_name = "FILE", num_args = 1.., group = "input")]
    template: Vec<PathBuf>,
    /// A value for a template's parameter. Can be repeated.
    #[arg(long, value_name = "NAME=VALUE", requires = "template")]
    parameter: Vec<Parameter>,
    /// The tags of the stack that templates are deployed as.
    ///
    /// As in `team=payments,stage=prod`, or an empty text for none. A deployment adds them to a project's own tags,
    /// so without this option a project may have other tags than its own.
    #[arg(long, value_name = "TAGS", requires = "template")]
    stack_tags: Option<StackTags>,
    /// Plans or states that `terraform show -json` printed.
    ///
    /// `-` reads standard input, also as a template.
    #[arg(long, value_name = "FILE", num_args = 1.., group = "input")]
    terraform: Vec<PathBuf>,
    /// The projects of AWS accounts.
    #[arg(long, group = "input")]
    account: bool,
    /// A profile of the AWS CLI. Can be repeated.
    #[arg(long, value_name = "NAME", requires = "account")]
    profile: Vec<String>,
    /// The region of the account or of the files.
    ///
    /// Can be repeated with `--account`. Files are deployed to one region.
    #[arg(long, value_name = "REGION", value_parser = region)]
    region: Vec<String>,
    /// The account that files are deployed to.
    #[arg(long, value_name = "ID", value_parser = account_id)]
    account_id: Option<String>,
    /// Another endpoint for all calls.
    #[arg(long, value_name = "URL", requires = "account")]
    endpoint_url: Option<String>,
    /// Only projects of these names, with `*` and `?`.
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    projects: Vec<Pattern>,
    /// The output format.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// A file with findings that are accepted.
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write all findings to the file of `--baseline`.
    ///
    /// Reasons that somebody added to the file are kept.
    #[arg(long, requires = "baseline")]
    write_baseline: bool,
    /// Count rules that cannot be evaluated, and parts that are not judged, as findings.
    ///
    /// Rules that only a build can decide are not findings. A nested stack, for example, is not judged.
    #[arg(long)]
    deny_unknown: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// A report for people.
    Text,
    /// One JSON object.
    Json,
    /// SARIF 2.1.0, which code scanning reads.
    Sarif,
    /// One row per project and rule.
    Csv,
    /// Workflow commands of GitHub Actions, which become annotations.
    Github,
}

pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let file = match PolicyFile::load(&arguments.policy) {
        Ok(file) => file,
        Err(exit) => return Ok(exit),
    };
    let baseline = match &arguments.baseline {
        Some(path) if arguments.write_baseline => Baseline::read_if_exists(path)?,
        Some(path) => Baseline::read(path)?,
        None => Baseline::default(),
    };
    let Some(projects) = read(arguments)? else { return Ok(Exit::Error) };
    let names: Vec<String> = arguments.template.iter().chain(&arguments.terraform).map(|path| name_of(path)).collect();
    let scope = BaselineScope::of_files(names.iter().map(String::as_str)).partial(!arguments.projects.is_empty());
    let results = ScanResults::of(&file.policy, projects, baseline, &scope, arguments.deny_unknown, Timestamp::now());
    if let Some(path) = arguments.baseline.as_ref().filter(|_| arguments.write_baseline) {
        let entries = results.entries();
        let number = count(entries.len(), "finding");
        Baseline::write(path, entries)?;
        print_note(&format!("{}: {number} accepted", path.display()));
    }
    print(&match arguments.format {
        Format::Text => text::report(&results),
        Format::Json => json::report(&results)?,
        Format::Sarif => diagnostics::log(&results, &file.name)?,
        Format::Csv => csv::report(&results)?,
        Format::Github => diagnostics::annotations(&results),
    })?;
    let has_findings = results.count(Status::Finding) > 0 && !arguments.write_baseline;
    Ok(if has_findings { Exit::Findings } else { Exit::Success })
}

/// The projects of all inputs. `None` if a file has faults, which have been printed.
fn read(arguments: &Arguments) -> anyhow::Result<Option<Projects>> {
    let files = || arguments.template.iter().chain(&arguments.terraform);
    ensure!(
        arguments.region.len() <= 1 || files().next().is_none(),
        "files are deployed to one region; give one `--region`"
    );
    let mut named = HashSet::new();
    if let Some(path) = files().find(|path| !named.insert(*path)) {
        bail!("`{}` is named twice; name it once", printable(&path.to_string_lossy(), 200));
    }
    let destination = Destination {
        account: arguments.account_id.clone(),
        region: arguments.region.first().cloned(),
        stack_tags: arguments.stack_tags.clone(),
    };
    let mut all = Projects::default();
    let mut has_faults = false;
    for path in &arguments.template {
        let (name, content) = content(path)?;
        match template::read(&name, content, &arguments.parameter, &destination) {
            Ok(projects) => {
                print_detail(&format!("{name}: {}", count(projects.projects.len(), "project")));
                all.extend(projects);
            }
            Err(faults) => {
                print_faults(&faults.findings().collect::<Vec<_>>());
                has_faults = true;
            }
        }
    }
    if let Some(unknown) = arguments.parameter.iter().find(|given| given.is_unknown(&all.parameters) && !has_faults) {
        bail!("no template has a parameter `{}`; correct its name", printable(unknown.name(), 100));
    }
    ensure!(all.refused.is_empty() || has_faults, all.refused.join("; "));
    for path in &arguments.terraform {
        let (name, content) = content(path)?;
        let projects = terraform::read(&name, &content, &destination)?;
        print_detail(&format!("{name}: {}", count(projects.projects.len(), "project")));
        all.extend(projects);
    }
    if arguments.account {
        all.extend(account::read(&ScannedAccounts {
            profiles: &arguments.profile,
            regions: &arguments.region,
            endpoint_url: arguments.endpoint_url.as_deref(),
            projects: &arguments.projects,
        })?);
    }
    let has_projects = !all.projects.is_empty();
    // A project whose name is unknown may be one of them.
    all.projects.retain(|project| {
        let name = project.settings.name();
        arguments.projects.is_empty()
            || name.is_none_or(|name| arguments.projects.iter().any(|pattern| pattern.fits(name)))
    });
    if all.projects.is_empty() && !has_faults {
        match (arguments.projects.is_empty(), has_projects) {
            (false, true) => print_note("warning: the input contains projects, but none that matches `--projects`"),
            (false, false) => print_note("warning: the input contains no project that matches `--projects`"),
            (true, _) if all.left_out.is_empty() => print_note(match all.has_absent {
                true => "warning: with these parameters, the templates create no CodeBuild project",
                false => "warning: the input contains no CodeBuild project",
            }),
            // The report lists what may contain projects.
            (true, _) => {}
        }
    }
    Ok((!has_faults).then_some(all))
}

/// The name and the content of a file, or of standard input if the path is `-`.
fn content(path: &Path) -> anyhow::Result<(String, Vec<u8>)> {
    let name = name_of(path);
    let content = match is_standard_input(path) {
        true => {
            let mut content = Vec::new();
            io::stdin().read_to_end(&mut content).map(|_| content)
        }
        false => fs::read(path),
    };
    let content = content.with_context(|| format!("{name}: the file cannot be read"))?;
    Ok((name, content))
}

fn name_of(path: &Path) -> String {
    if is_standard_input(path) { "standard input".to_owned() } else { path.display().to_string() }
}

fn is_standard_input(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn account_id(text: &str) -> Result<String, String> {
    match text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(text.to_owned()),
        false => Err("an account has twelve digits".to_owned()),
    }
}
