//! Projects of CloudFormation and SAM templates.

mod conditions;
mod functions;
mod parameters;
mod resource;
mod tags;
#[cfg(test)]
mod tests;

use buildbrake_core::{
    diagnostic::{Code, Diagnostic, Diagnostics, Place},
    yaml::{self, Node, Value},
};

use self::{conditions::Conditions, functions::Evaluation, parameters::Parameters};
pub(crate) use self::{parameters::Parameter, tags::StackTags};
use super::{Destination, Project, ProjectOrigin, Projects, SkippedInput};

/// Transforms that change no project beyond what is evaluated here.
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/transform-reference.html>
const KNOWN_TRANSFORMS: [&str; 4] = [
    "AWS::Serverless-2016-10-31",
    "AWS::LanguageExtensions",
    "AWS::CodeDeployBlueGreen",
    "AWS::SecretsManager-2020-07-23",
];

/// The type of projects.
const PROJECT: &str = "AWS::CodeBuild::Project";

/// The reason why a part of a template is not judged.
const OF_MACRO: &str = "what the macro adds is not judged";

/// Reads the projects of a template. `parameters` contains the given values of its parameters.
///
/// # Errors
/// If the file is not a template. The diagnostic names the place.
pub(crate) fn read(
    file: &str,
    bytes: Vec<u8>,
    parameters: &[Parameter],
    destination: &Destination,
) -> Result<Projects, Diagnostics> {
    let content = yaml::decode(file, bytes)?;
    let content = content.strip_prefix('\u{feff}').unwrap_or(&content);
    let faults = |fault| Diagnostics::new(file, content, vec![fault]);
    let root = Node::parse(content).or_else(|fault| Node::parse_json(content).ok_or(fault)).map_err(faults)?;
    let Some(resources) = member(&root, "Resources") else {
        let help = "name a CloudFormation or SAM template; a plan of Terraform is read by `--terraform`";
        return Err(faults(Diagnostic::new(
            Code::NotATemplate,
            root.place,
            "no `Resources`: this is not a template",
            help,
        )));
    };
    if resources.tag.is_none() && !matches!(resources.value, Value::Mapping(_)) {
        let found = "`Resources` is not a mapping of resources: this is not a template";
        let help = "write each resource below `Resources`, as in `Build: { Type: AWS::CodeBuild::Project }`";
        return Err(faults(Diagnostic::new(Code::NotATemplate, resources.place, found, help)));
    }
    let refused = parameters::refused(member(&root, "Parameters"), parameters);
    let refused: Vec<String> = refused.into_iter().map(|why| format!("{file}: {why}")).collect();
    let parameters = Parameters::read(member(&root, "Parameters"), parameters, destination);
    let conditions = Conditions::new(member(&root, "Conditions"));
    let evaluation = Evaluation::new(&parameters, &conditions, member(&root, "Mappings"));
    let evaluation = if adds_resources(&root) { evaluation } else { evaluation.with_all_resources(resources) };
    let (given, conditions) = (parameters.without_defaults(), Conditions::new(member(&root, "Conditions")));
    let without_defaults = Evaluation::new(&given, &conditions, member(&root, "Mappings"));
    let reader = TemplateReader { file, evaluation, without_defaults, destination };
    let declared = member(&root, "Parameters").map(members).into_iter().flatten();
    let declared = declared.filter_map(|(name, _)| text(name).map(str::to_owned));
    let mut projects = Projects { parameters: declared.collect(), refused, ..Projects::default() };
    if member(&root, "Fn::Transform").is_some() {
        projects.left_out.push(reader.left_out("Fn::Transform", root.place, OF_MACRO.to_owned()));
    }
    let macros = transforms(member(&root, "Transform"));
    for name in macros.iter().filter(|name| !KNOWN_TRANSFORMS.contains(&name.as_str())) {
        let why = format!("the macro `{name}` may change projects and add others; they are judged as they are written");
        projects.left_out.push(reader.left_out("Transform", root.place, why));
    }
    if resources.tag.is_some() {
        projects.left_out.push(reader.left_out("Resources", resources.place, OF_MACRO.to_owned()));
        return Ok(projects);
    }
    for (key, resource) in members(resources) {
        reader.resource(key, resource, &mut projects);
    }
    Ok(projects)
}

struct TemplateReader<'a> {
    file: &'a str,
    evaluation: Evaluation<'a>,
    /// The same, with unknown values in place of parameters' defaults.
    without_defaults: Evaluation<'a>,
    destination: &'a Destination,
}

impl<'a> TemplateReader<'a> {
    fn resource(&self, key: &'a Node, resource: &'a Node, projects: &mut Projects) {
        let Some(id) = text(key) else { return };
        let left_out = |why: &str| self.left_out(id, key.place, why.to_owned());
        if id.starts_with("Fn::ForEach::") {
            if may_contain_project(resource) {
                projects.left_out.push(left_out("what `Fn::ForEach` makes is not judged"));
            }
            return;
        }
        if id == "Fn::Transform" {
            projects.left_out.push(left_out(OF_MACRO));
            return;
        }
        let Some(kind) = member(resource, "Type").and_then(text) else {
            if resource.tag.is_some() || has_function(resource) {
                projects.left_out.push(left_out(OF_MACRO));
            }
            return;
        };
        let why_not_read = not_read(kind);
        if kind != PROJECT && why_not_read.is_none() {
            return;
        }
        match (self.is_created(resource), why_not_read) {
            (Some(false), _) => {
                projects.has_absent = true;
                projects.left_out.extend(self.why_absent(resource).map(|why| left_out(&why)));
            }
            (_, Some(why)) => projects.left_out.push(left_out(why)),
            (is_created, None) => {
                let settings = resource::settings(resource, &self.evaluation, self.destination);
                let condition = member(resource, "Condition").and_then(text).unwrap_or_default();
                let doubt =
                    || format!("the template creates it only if the condition `{condition}` holds, which is unknown");
                projects.projects.push(Project {
                    settings,
                    origin: self.origin(id, key.place),
                    doubt: is_created.is_none().then(doubt),
                });
            }
        }
    }

    /// Returns the reason why a resource is absent, if other values of parameters may create it.
    fn why_absent(&self, resource: &'a Node) -> Option<String> {
        let condition = member(resource, "Condition").and_then(text)?;
        if self.without_defaults.condition(condition) == Some(false) {
            return None;
        }
        let parameters = self.evaluation.defaults_of(condition);
        let noun = match parameters.len() {
            0 => return None,
            1 => "default",
            _ => "defaults",
        };
        let names: Vec<String> = parameters.iter().map(|name| format!("`{name}`")).collect();
        let options: Vec<String> = parameters.iter().map(|name| format!("--parameter {name}=VALUE")).collect();
        let (names, options) = (names.join(" and "), options.join(" "));
        Some(format!("the condition `{condition}` is false with the {noun} of {names}; scan with `{options}`, too"))
    }

    /// Returns whether the template creates the resource. `None` if its condition is unknown.
    fn is_created(&self, resource: &Node) -> Option<bool> {
        match member(resource, "Condition").and_then(text) {
            Some(condition) => self.evaluation.condition(condition),
            None => Some(true),
        }
    }

    fn origin(&self, id: &str, place: Place) -> ProjectOrigin {
        ProjectOrigin { file: Some(self.file.to_owned()), address: id.to_owned(), place: Some(place) }
    }

    fn left_out(&self, id: &str, place: Place, why: String) -> SkippedInput {
        SkippedInput { origin: self.origin(id, place), why }
    }
}

/// Returns whether a deployed template may have resources that this one does not name.
fn adds_resources(root: &Node) -> bool {
    let is_module =
        |resource: &Node| member(resource, "Type").and_then(text).is_some_and(|kind| kind.ends_with("::MODULE"));
    let resources = member(root, "Resources").map(members).unwrap_or_default();
    member(root, "Transform").is_some()
        || has_function(root)
        || member(root, "Resources").is_some_and(has_function)
        || resources.iter().any(|(_, resource)| is_module(resource))
}

/// The names of the template's transforms.
fn transforms(node: Option<&Node>) -> Vec<String> {
    match node.map(|node| &node.value) {
        Some(Value::List(list)) => list.iter().flat_map(|node| transforms(Some(node))).collect(),
        Some(Value::Scalar(name)) => vec![name.clone()],
        Some(Value::Mapping(_)) => {
            node.and_then(|node| member(node, "Name")).and_then(text).map(str::to_owned).into_iter().collect()
        }
        Some(Value::Empty) | None => Vec::new(),
    }
}

/// Returns the reason why resources of a type may contain projects that are not read. `None` for any other type.
fn not_read(kind: &str) -> Option<&'static str> {
    match kind {
        "AWS::CloudFormation::Stack" | "AWS::Serverless::Application" => {
            Some("the template of a nested stack is not read; scan it by itself")
        }
        "AWS::CloudFormation::StackSet" | "AWS::ServiceCatalog::CloudFormationProvisionedProduct" => {
            Some("the template that it deploys is not read; scan it by itself")
        }
        kind if kind.ends_with("::MODULE") => Some("what a module contains is not read"),
        _ => None,
    }
}

/// Returns whether a part of the template names the type of projects, or another one that may contain projects, or calls
/// a macro.
fn may_contain_project(node: &Node) -> bool {
    let is_macro = |(key, _): &(Node, Node)| text(key) == Some("Fn::Transform");
    node.tag.as_ref().is_some_and(|tag| tag.name == "Transform")
        || text(node).is_some_and(|text| text == PROJECT || not_read(text).is_some())
        || elements(node).iter().any(may_contain_project)
        || members(node).iter().any(|entry| is_macro(entry) || may_contain_project(&entry.1))
}

/// Returns whether a key of a mapping is a function, which may add other members.
fn has_function(node: &Node) -> bool {
    members(node).iter().any(|(key, _)| text(key).is_some_and(|key| key.starts_with("Fn::")))
}

/// The text of a scalar. `None` if the node is not a scalar.
fn text(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Scalar(text) => Some(text),
        Value::Empty | Value::List(_) | Value::Mapping(_) => None,
    }
}

/// The text of a scalar as CloudFormation reads it: a plain flag of YAML 1.1 is `true` or `false`. `None` if the node is
/// not a scalar.
/// <https://yaml.org/type/bool.html>
fn normalized(node: &Node) -> Option<&str> {
    text(node).map(|text| match text {
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" if node.is_plain => "true",
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" if node.is_plain => "false",
        text => text,
    })
}

/// The entries of a mapping; none if it is not a mapping.
fn members(node: &Node) -> &[(Node, Node)] {
    match &node.value {
        Value::Mapping(entries) => entries,
        Value::Empty | Value::Scalar(_) | Value::List(_) => &[],
    }
}

/// A member of a mapping.
fn member<'a>(node: &'a Node, name: &str) -> Option<&'a Node> {
    members(node).iter().find(|(key, _)| text(key) == Some(name)).map(|(_, value)| value)
}

/// The elements of a list; none if it is not a list.
fn elements(node: &Node) -> &[Node] {
    match &node.value {
        Value::List(list) => list,
        Value::Empty | Value::Scalar(_) | Value::Mapping(_) => &[],
    }
}
