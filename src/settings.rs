//! The function's settings: `BUILDBRAKE_*`, and Lambda's log level.

use std::env::VarError;

use buildbrake_aws::ScheduleSettings;
use buildbrake_core::policy::Mode;
use tracing::Level;

/// All settings, each valid.
#[derive(Debug, PartialEq, Eq)]
pub struct Settings {
    /// The path of the policy file.
    pub policy: String,
    /// The ceiling over the policy's modes.
    pub mode: Mode,
    /// Where deadlines are scheduled, if they are.
    pub schedules: Option<ScheduleSettings>,
}

/// A setting with a fault.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {found}")]
pub struct SettingFault {
    /// The variable's name.
    pub name: &'static str,
    /// What was found, and what to do.
    pub found: String,
}

impl Settings {
    /// Parses the settings. `variable` returns an environment variable; an empty one is not set.
    ///
    /// # Errors
    /// All faults at once.
    pub fn parse(variable: impl Fn(&str) -> Result<String, VarError>) -> Result<Self, Vec<SettingFault>> {
        let mut variables = Variables { variable, faults: Vec::new() };
        let policy = variables.text("BUILDBRAKE_POLICY").unwrap_or_else(|| "/opt/policy.yaml".into());
        let mode = variables.mode("BUILDBRAKE_MODE");
        let schedules = variables.schedules();
        if variables.faults.is_empty() { Ok(Self { policy, mode, schedules }) } else { Err(variables.faults) }
    }
}

/// The least level of the log's lines: Lambda's `AWS_LAMBDA_LOG_LEVEL`, or else `RUST_LOG`. Another
/// text is no fault, since Lambda's other runtimes accept it too.
pub fn log_level(variable: impl Fn(&str) -> Result<String, VarError>) -> Level {
    let level = variable("AWS_LAMBDA_LOG_LEVEL").or_else(|_| variable("RUST_LOG")).unwrap_or_default();
    match level.to_ascii_uppercase().as_str() {
        "TRACE" => Level::TRACE,
        "DEBUG" => Level::DEBUG,
        "WARN" => Level::WARN,
        "ERROR" | "FATAL" => Level::ERROR,
        _ => Level::INFO,
    }
}

/// The variables, and the faults found so far.
struct Variables<F> {
    variable: F,
    faults: Vec<SettingFault>,
}

impl<F: Fn(&str) -> Result<String, VarError>> Variables<F> {
    fn text(&mut self, name: &'static str) -> Option<String> {
        match (self.variable)(name) {
            Ok(text) => Some(text).filter(|text| !text.is_empty()),
            Err(VarError::NotPresent) => None,
            Err(VarError::NotUnicode(_)) => self.fault(name, "is not UTF-8"),
        }
    }

    fn mode(&mut self, name: &'static str) -> Mode {
        let Some(text) = self.text(name) else { return Mode::Enforce };
        match text.parse::<Mode>() {
            Ok(mode) => mode,
            Err(wrong) => self.fault(name, wrong).unwrap_or(Mode::Enforce),
        }
    }

    fn schedules(&mut self) -> Option<ScheduleSettings> {
        const GROUP: &str = "BUILDBRAKE_SCHEDULE_GROUP";
        const ROLE: &str = "BUILDBRAKE_SCHEDULE_ROLE";
        let dead_letter_queue = self.text("BUILDBRAKE_SCHEDULE_DEAD_LETTER_QUEUE");
        match (self.text(GROUP), self.text(ROLE)) {
            (Some(group), Some(role)) => Some(ScheduleSettings { group, role, dead_letter_queue }),
            (None, None) => None,
            (Some(_), None) => self.fault(GROUP, format!("set without {ROLE}; set both, or neither")),
            (None, Some(_)) => self.fault(ROLE, format!("set without {GROUP}; set both, or neither")),
        }
    }

    fn fault<T>(&mut self, name: &'static str, found: impl ToString) -> Option<T> {
        self.faults.push(SettingFault { name, found: found.to_string() });
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(variables: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
        let settings = Settings::parse(|name| {
            let found = variables.iter().find(|(other, _)| *other == name);
            found.map(|(_, value)| (*value).to_owned()).ok_or(VarError::NotPresent)
        });
        settings.map_err(|faults| faults.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn what_is_not_set_has_its_default() {
        let expected = Settings { policy: "/opt/policy.yaml".into(), mode: Mode::Enforce, schedules: None };
        assert_eq!(parse(&[]).unwrap(), expected);
        assert_eq!(parse(&[("BUILDBRAKE_POLICY", ""), ("BUILDBRAKE_MODE", "")]).unwrap(), expected);
    }

    #[test]
    fn all_faults_are_found_at_once() {
        let faults = parse(&[("BUILDBRAKE_MODE", "dry-run"), ("BUILDBRAKE_SCHEDULE_ROLE", "arn:aws:iam::1:role/r")]);
        let faults = faults.unwrap_err();
        assert!(faults[0].starts_with("BUILDBRAKE_MODE: `dry-run`"), "{faults:?}");
        assert_eq!(faults[1], "BUILDBRAKE_SCHEDULE_ROLE: set without BUILDBRAKE_SCHEDULE_GROUP; set both, or neither");
    }
}
