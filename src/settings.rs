//! The function's settings: `BUILDBRAKE_*`, and Lambda's log level.

use std::{env::VarError, fs, path::Path, str::FromStr};

use buildbrake_aws::{
    AlarmName, Bundle, BusName, MemberRole, ScheduleSettings,
    git::{GitCredentials, GitHosts, GitSettings},
};
use buildbrake_core::{
    event::{MemberAccounts, MemberPlaces, MemberRegions, SweepQueue, SweepSchedule},
    policy::Mode,
};
use tracing::Level;

/// The function's settings, all valid.
#[derive(Debug, PartialEq, Eq)]
pub struct Settings {
    /// The path of the policy file.
    pub policy: String,
    /// The ceiling over the policy's modes.
    pub mode: Mode,
    /// The settings for scheduling deadlines, if they are scheduled.
    pub schedules: Option<ScheduleSettings>,
    /// The git hosts that may be asked, if there are any.
    pub git: Option<GitSettings>,
    /// The bus that receives violations, if one is set.
    pub event_bus: Option<BusName>,
    /// `true` if the reason for a stop is written into the build's own log.
    pub build_log: bool,
    /// The alarm that suspends all stops while it is in ALARM, if one is set.
    pub stop_alarm: Option<AlarmName>,
    /// The accounts and regions, beside its own, in which the function acts.
    pub members: MemberPlaces,
    /// The role in the other accounts, if there are any.
    pub member_role: Option<MemberRole>,
    /// The queue of sweep messages, if one is set.
    pub sweep_queue: Option<SweepQueue>,
    /// The time between two sweeps.
    pub sweep_schedule: SweepSchedule,
}

/// A setting with a fault.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {found}")]
pub struct SettingFault {
    /// The variable's name.
    pub name: &'static str,
    /// The finding, and the advice.
    pub found: String,
}

impl Settings {
    /// Parses the settings. `variable` returns an environment variable; an empty one is not set.
    ///
    /// # Errors
    /// All faults at once.
    pub fn parse(variable: impl Fn(&str) -> Result<String, VarError>) -> Result<Self, Vec<SettingFault>> {
        let mut variables = VariableReader { variable, faults: Vec::new() };
        let policy = variables.text("BUILDBRAKE_POLICY").unwrap_or_else(|| "/opt/policy.yaml".into());
        let mode = variables.mode("BUILDBRAKE_MODE");
        let schedules = variables.schedules();
        let git = variables.git();
        let event_bus = variables.parsed("BUILDBRAKE_EVENT_BUS");
        let build_log = variables.flag("BUILDBRAKE_BUILD_LOG");
        let stop_alarm = variables.parsed("BUILDBRAKE_STOP_ALARM");
        let (members, member_role) = variables.members();
        let sweep_queue = variables.parsed("BUILDBRAKE_SWEEP_QUEUE");
        let sweep_schedule = variables.parsed("BUILDBRAKE_SWEEP_SCHEDULE").unwrap_or_default();
        let settings = Self {
            policy,
            mode,
            schedules,
            git,
            event_bus,
            build_log,
            stop_alarm,
            members,
            member_role,
            sweep_queue,
            sweep_schedule,
        };
        if variables.faults.is_empty() { Ok(settings) } else { Err(variables.faults) }
    }
}

/// The lowest level that is logged: Lambda's `AWS_LAMBDA_LOG_LEVEL`, or else `RUST_LOG`. An unknown
/// level is not a fault, since Lambda's other runtimes accept it too.
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
struct VariableReader<F> {
    variable: F,
    faults: Vec<SettingFault>,
}

impl<F: Fn(&str) -> Result<String, VarError>> VariableReader<F> {
    fn text(&mut self, name: &'static str) -> Option<String> {
        match (self.variable)(name) {
            Ok(text) => Some(text).filter(|text| !text.is_empty()),
            Err(VarError::NotPresent) => None,
            Err(VarError::NotUnicode(_)) => self.fault(name, "is not UTF-8"),
        }
    }

    fn is_set(&self, name: &str) -> bool {
        (self.variable)(name).is_ok_and(|text| !text.is_empty())
    }

    fn flag(&mut self, name: &'static str) -> bool {
        match self.text(name).as_deref() {
            Some("true") => true,
            None | Some("false") => false,
            Some(other) => self
                .fault(name, format!("`{other}` is neither `true` nor `false`; set one of them"))
                .unwrap_or_default(),
        }
    }

    /// Parses a text, if it is set.
    fn parsed<T: FromStr<Err = String>>(&mut self, name: &'static str) -> Option<T> {
        match self.text(name)?.parse() {
            Ok(value) => Some(value),
            Err(wrong) => self.fault(name, wrong),
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
            (Some(_), None) => self.fault(GROUP, format!("needs {ROLE}; set {ROLE}, or remove this")),
            (None, Some(_)) => self.fault(ROLE, format!("needs {GROUP}; set {GROUP}, or remove this")),
        }
    }

    fn git(&mut self) -> Option<GitSettings> {
        const HOSTS: &str = "BUILDBRAKE_GIT_HOSTS";
        const CREDENTIALS: &str = "BUILDBRAKE_GIT_CREDENTIALS";
        const CA_BUNDLE: &str = "BUILDBRAKE_GIT_CA_BUNDLE";
        let hosts = self.text(HOSTS).map(|text| self.list::<GitHosts>(HOSTS, &text));
        let credentials = self.text(CREDENTIALS).map(|text| self.list::<GitCredentials>(CREDENTIALS, &text));
        let ca_bundle = self.text(CA_BUNDLE).map(|path| match Bundle::read(Path::new(&path)) {
            Ok(bundle) => Some(bundle),
            Err(fault) => self.fault(CA_BUNDLE, fault),
        });
        let Some(hosts) = hosts else {
            for name in [credentials.map(|_| CREDENTIALS), ca_bundle.map(|_| CA_BUNDLE)].into_iter().flatten() {
                self.fault::<()>(name, format!("needs {HOSTS}; set {HOSTS}, or remove this"));
            }
            return None;
        };
        let (hosts, credentials) = (hosts?, credentials.flatten().unwrap_or_default());
        for fault in credentials.unlisted(&hosts) {
            self.fault::<()>(CREDENTIALS, fault);
        }
        let runtime_api = self.text("AWS_LAMBDA_RUNTIME_API");
        Some(GitSettings { hosts, credentials, ca_bundle: ca_bundle.flatten(), runtime_api })
    }

    fn members(&mut self) -> (MemberPlaces, Option<MemberRole>) {
        const ROLE: &str = "BUILDBRAKE_MEMBER_ROLE";
        const EXTERNAL_ID: &str = "BUILDBRAKE_MEMBER_EXTERNAL_ID";
        const ACCOUNTS: &str = "BUILDBRAKE_MEMBER_ACCOUNTS";
        const REGIONS: &str = "BUILDBRAKE_MEMBER_REGIONS";
        for (name, needed) in [(ROLE, ACCOUNTS), (ACCOUNTS, ROLE), (EXTERNAL_ID, ROLE)] {
            if self.is_set(name) && !self.is_set(needed) {
                self.fault::<()>(name, format!("needs {needed}; set {needed}, or remove this"));
            }
        }
        let external_id = self.parsed(EXTERNAL_ID);
        let role = self.parsed(ROLE).map(|name| MemberRole { name, external_id });
        let accounts = self.text(ACCOUNTS).and_then(|text| self.accounts(ACCOUNTS, &text));
        let regions = self.text(REGIONS).and_then(|text| self.list::<MemberRegions>(REGIONS, &text));
        (MemberPlaces { accounts: accounts.unwrap_or_default(), regions: regions.unwrap_or_default() }, role)
    }

    /// Parses a list of accounts. A text that begins with `/` is the path of a file that contains the list: Lambda's
    /// environment variables have 4 KB in all.
    /// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
    fn accounts(&mut self, name: &'static str, text: &str) -> Option<MemberAccounts> {
        if !text.starts_with('/') {
            return self.list(name, text);
        }
        match fs::read_to_string(text) {
            Ok(lines) => self.kept(name, MemberAccounts::parse_lines(&lines)),
            Err(error) => self.fault(name, format!("the file `{text}` cannot be read: {error}")),
        }
    }

    fn list<T: FromStr<Err = Vec<String>>>(&mut self, name: &'static str, text: &str) -> Option<T> {
        self.kept(name, text.parse())
    }

    /// Keeps all faults of a list.
    fn kept<T>(&mut self, name: &'static str, parsed: Result<T, Vec<String>>) -> Option<T> {
        let faults = parsed.map_err(|faults| {
            faults.iter().for_each(|fault| drop(self.fault::<T>(name, fault)));
        });
        faults.ok()
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
        let expected = Settings {
            policy: "/opt/policy.yaml".into(),
            mode: Mode::Enforce,
            schedules: None,
            git: None,
            event_bus: None,
            build_log: false,
            stop_alarm: None,
            members: MemberPlaces::default(),
            member_role: None,
            sweep_queue: None,
            sweep_schedule: SweepSchedule::default(),
        };
        assert_eq!(parse(&[]).unwrap(), expected);
        assert_eq!(parse(&[("BUILDBRAKE_POLICY", ""), ("BUILDBRAKE_MODE", "")]).unwrap(), expected);
    }

    #[test]
    fn all_faults_are_found_at_once() {
        let faults = parse(&[
            ("BUILDBRAKE_MODE", "dry-run"),
            ("BUILDBRAKE_SCHEDULE_ROLE", "arn:aws:iam::1:role/r"),
            ("BUILDBRAKE_EVENT_BUS", "the bus"),
            ("BUILDBRAKE_BUILD_LOG", "yes"),
            ("BUILDBRAKE_STOP_ALARM", "stops-{region}"),
            ("BUILDBRAKE_SWEEP_QUEUE", "arn:aws:sqs:eu-west-1:111122223333:sweeps"),
            ("BUILDBRAKE_SWEEP_SCHEDULE", "hourly"),
        ]);
        let faults = faults.unwrap_err();
        assert!(faults[0].starts_with("BUILDBRAKE_MODE: `dry-run`"), "{faults:?}");
        assert_eq!(
            faults[1],
            "BUILDBRAKE_SCHEDULE_ROLE: needs BUILDBRAKE_SCHEDULE_GROUP; set BUILDBRAKE_SCHEDULE_GROUP, or remove this"
        );
        assert_eq!(
            faults[2],
            "BUILDBRAKE_EVENT_BUS: `the bus` is not the name or ARN of an event bus, such as `default`"
        );
        assert_eq!(faults[3], "BUILDBRAKE_BUILD_LOG: `yes` is neither `true` nor `false`; set one of them");
        let placeholder = "`stops-{region}` has a placeholder other than `{account}`; remove it";
        assert_eq!(faults[4], format!("BUILDBRAKE_STOP_ALARM: {placeholder}"));
        assert!(faults[5].starts_with("BUILDBRAKE_SWEEP_QUEUE: `arn:aws:sqs"), "{faults:?}");
        assert_eq!(faults[6], "BUILDBRAKE_SWEEP_SCHEDULE: `hourly` is not a rate, as in `rate(5 minutes)`");
    }

    #[test]
    fn all_faults_about_members_are_found_at_once() {
        let faults = parse(&[
            ("BUILDBRAKE_MEMBER_ROLE", "ci/buildbrake-member"),
            ("BUILDBRAKE_MEMBER_EXTERNAL_ID", "no spaces"),
            ("BUILDBRAKE_MEMBER_ACCOUNTS", "4444,111122223333,111122223333"),
            ("BUILDBRAKE_MEMBER_REGIONS", "Ireland,eu-west-1,eu-west-1"),
        ]);
        let names = ["EXTERNAL_ID", "ROLE", "ACCOUNTS", "ACCOUNTS", "REGIONS", "REGIONS"];
        let faults = faults.unwrap_err();
        assert_eq!(faults.len(), names.len(), "{faults:?}");
        for (fault, name) in faults.iter().zip(names) {
            assert!(fault.starts_with(&format!("BUILDBRAKE_MEMBER_{name}: ")), "{faults:?}");
        }
        for (name, value, needed) in [
            ("BUILDBRAKE_MEMBER_ROLE", "buildbrake-member", "BUILDBRAKE_MEMBER_ACCOUNTS"),
            ("BUILDBRAKE_MEMBER_ACCOUNTS", "444455556666", "BUILDBRAKE_MEMBER_ROLE"),
            ("BUILDBRAKE_MEMBER_EXTERNAL_ID", "o-1a2b3c4d5e", "BUILDBRAKE_MEMBER_ROLE"),
        ] {
            let expected = format!("{name}: needs {needed}; set {needed}, or remove this");
            assert_eq!(parse(&[(name, value)]).unwrap_err(), [expected]);
        }
        let missing = parse(&[
            ("BUILDBRAKE_MEMBER_ROLE", "buildbrake-member"),
            ("BUILDBRAKE_MEMBER_ACCOUNTS", "/no/such/accounts.txt"),
        ]);
        let missing = missing.unwrap_err();
        assert!(missing[0].contains("the file `/no/such/accounts.txt` cannot be read"), "{missing:?}");
    }

    #[test]
    fn regions_of_the_own_account_need_no_role() {
        let settings = parse(&[("BUILDBRAKE_MEMBER_REGIONS", "eu-west-1,us-east-1")]).unwrap();
        assert_eq!((settings.members.regions, settings.member_role), ("eu-west-1,us-east-1".parse().unwrap(), None));
    }

    #[test]
    fn all_faults_about_git_hosts_are_found_at_once() {
        let secret = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:git";
        let faults = parse(&[
            ("BUILDBRAKE_GIT_HOSTS", "github.com,git.example.com/acme,*"),
            ("BUILDBRAKE_GIT_CREDENTIALS", "github.com=token"),
            ("BUILDBRAKE_GIT_CA_BUNDLE", "/no/such/bundle.pem"),
        ]);
        let names = ["HOSTS", "HOSTS", "CREDENTIALS", "CA_BUNDLE"].map(|name| format!("BUILDBRAKE_GIT_{name}: "));
        let faults = faults.unwrap_err();
        assert_eq!(faults.len(), names.len(), "{faults:?}");
        assert!(faults.iter().zip(&names).all(|(fault, name)| fault.starts_with(name)), "{faults:?}");

        let credentials = format!("gitlab.com={secret}");
        let unlisted = [("BUILDBRAKE_GIT_HOSTS", "github.com"), ("BUILDBRAKE_GIT_CREDENTIALS", &credentials)];
        assert_eq!(
            parse(&unlisted).unwrap_err(),
            ["BUILDBRAKE_GIT_CREDENTIALS: `gitlab.com` is not listed for https in BUILDBRAKE_GIT_HOSTS; list it there"]
        );
        assert_eq!(
            parse(&[("BUILDBRAKE_GIT_CREDENTIALS", &credentials)]).unwrap_err(),
            ["BUILDBRAKE_GIT_CREDENTIALS: needs BUILDBRAKE_GIT_HOSTS; set BUILDBRAKE_GIT_HOSTS, or remove this"]
        );
    }

    #[test]
    fn git_hosts_may_have_credentials() {
        let secret = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:git";
        let (hosts, credentials) = ("github.com", format!("github.com={secret}"));
        let settings = [
            ("BUILDBRAKE_GIT_HOSTS", hosts),
            ("BUILDBRAKE_GIT_CREDENTIALS", &credentials),
            ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"),
        ];
        let expected = GitSettings {
            hosts: hosts.parse().unwrap(),
            credentials: credentials.parse().unwrap(),
            ca_bundle: None,
            runtime_api: Some("127.0.0.1:9001".into()),
        };
        assert_eq!(parse(&settings).unwrap().git, Some(expected));
    }
}
