//! The stable ids of all diagnostics.

use super::Severity;

/// Declares the codes with their ids and severities.
macro_rules! codes {
    ($(#[doc = $summary:literal] $code:ident = $id:literal $severity:ident,)+) => {
        /// The kind of a diagnostic. Its id is stable: a later version keeps it, or drops it, and
        /// never uses it for another kind.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $(#[doc = $summary] $code,)+
        }

        impl Code {
            /// All codes, sorted by id.
            pub const ALL: &[Self] = &[$(Self::$code),+];

            /// The id: `BB025`.
            pub fn id(self) -> &'static str {
                match self {
                    $(Self::$code => $id,)+
                }
            }

            /// The name that SARIF shows beside the id, such as `DuplicateKey`.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$code => stringify!($code),)+
                }
            }

            /// The fault, in one sentence.
            pub fn summary(self) -> &'static str {
                match self {
                    $(Self::$code => $summary.trim_ascii(),)+
                }
            }

            /// The severity of all diagnostics with this code.
            pub fn severity(self) -> Severity {
                match self {
                    $(Self::$code => Severity::$severity,)+
                }
            }
        }
    };
}

// BB0 is about the file and its structure, BB1 about values and patterns, BB2 about expressions, BB3
// about rules that are valid and have no effect or soon change, BB4 about test files, and BB5 about
// projects.
codes! {
    /// The file is not UTF-8.
    NotUtf8 = "BB001" Error,
    /// The file is not YAML.
    InvalidYaml = "BB002" Error,
    /// A tab or a no-break space indents a line.
    TabIndentation = "BB003" Error,
    /// No space follows the colon behind a key, or the `-` of an element.
    MissingSpace = "BB004" Error,
    /// A key or an element is indented further or less than those beside it.
    Indentation = "BB005" Error,
    /// The file has two YAML documents.
    SecondDocument = "BB006" Error,
    /// An alias cannot be resolved, or copies too much.
    Alias = "BB007" Error,
    /// A value has a YAML tag.
    Tag = "BB008" Error,
    /// An expression begins with an unquoted `!`.
    UnquotedExclamationMark = "BB009" Error,
    /// Another kind of file where a policy or a test file is expected.
    OtherFile = "BB010" Error,
    /// A file that cannot be read.
    UnreadableFile = "BB011" Error,
    /// A value that is not a mapping.
    NotAMapping = "BB020" Error,
    /// A value that is not a list.
    NotAList = "BB021" Error,
    /// A list without elements.
    EmptyList = "BB022" Error,
    /// A list or a mapping where a single value is expected.
    NotAScalar = "BB023" Error,
    /// An unknown key.
    UnknownKey = "BB024" Error,
    /// A duplicate key.
    DuplicateKey = "BB025" Error,
    /// A required key is missing.
    MissingKey = "BB026" Error,
    /// A list or a mapping as a key.
    ComplexKey = "BB027" Error,
    /// Two rules have the same id.
    DuplicateRuleId = "BB040" Error,
    /// A rule without a check.
    NoCheck = "BB041" Error,
    /// A rule with two checks.
    SecondCheck = "BB042" Error,
    /// A selector without a criterion.
    EmptySelector = "BB043" Error,
    /// `enforce-after` without `mode: report`.
    EnforceAfterWithoutReport = "BB044" Error,

    /// A version of the format that does not exist.
    InvalidVersion = "BB101" Error,
    /// An invalid id of a rule.
    InvalidRuleId = "BB102" Error,
    /// A value that is not one of the allowed words.
    UnknownWord = "BB103" Error,
    /// An invalid duration.
    InvalidDuration = "BB104" Error,
    /// An invalid date.
    InvalidDate = "BB105" Error,
    /// An invalid `max-stops-per-sweep`.
    InvalidStopLimit = "BB106" Error,
    /// An invalid amount of money.
    InvalidAmount = "BB107" Error,
    /// An empty text.
    EmptyText = "BB108" Error,
    /// A pattern that no account fits.
    ImpossibleAccount = "BB110" Error,
    /// A pattern that no branch fits.
    ImpossibleBranch = "BB111" Error,
    /// A pattern that no compute type fits.
    ImpossibleCompute = "BB112" Error,
    /// A pattern that no image fits.
    ImpossibleImage = "BB113" Error,
    /// A pattern that no initiator fits.
    ImpossibleInitiator = "BB114" Error,
    /// A pattern that no project fits.
    ImpossibleProject = "BB115" Error,
    /// A pattern that no ref fits.
    ImpossibleRef = "BB116" Error,
    /// A pattern that no region fits.
    ImpossibleRegion = "BB117" Error,
    /// A pattern that no source location fits.
    ImpossibleSource = "BB118" Error,
    /// A tag that no project can have.
    ImpossibleTag = "BB119" Error,
    /// A pattern that no environment variable fits.
    ImpossibleVariable = "BB120" Error,
    /// A pattern that no fleet fits.
    ImpossibleFleet = "BB121" Error,
    /// An account id without quotes.
    AccountWithoutQuotes = "BB130" Warning,
    /// A branch or ref that is probably a mistake.
    DoubtfulRef = "BB131" Warning,
    /// A compute type that is probably a mistake.
    DoubtfulCompute = "BB132" Warning,
    /// An image that is probably a mistake.
    DoubtfulImage = "BB133" Warning,
    /// An initiator that is probably a mistake.
    DoubtfulInitiator = "BB134" Warning,
    /// A source location that is probably a mistake.
    DoubtfulSource = "BB135" Warning,
    /// A name that is probably a mistake.
    DoubtfulName = "BB136" Warning,
    /// A price that no build gets.
    UnusedPrice = "BB137" Warning,

    /// An expression that is not CEL.
    ExpressionSyntax = "BB201" Error,
    /// An expression that is too long or takes too many steps.
    ExpressionTooCostly = "BB202" Error,
    /// A variable that does not exist.
    UnknownVariable = "BB203" Error,
    /// A member that a structure of the API does not have.
    UnknownMember = "BB204" Error,
    /// A function that does not exist.
    UnknownFunction = "BB205" Error,
    /// An operator between types that it does not take.
    OperatorTypes = "BB206" Error,
    /// Wrong arguments of a function.
    WrongArguments = "BB207" Error,
    /// An invalid regular expression, pattern, duration or time.
    InvalidLiteral = "BB208" Error,
    /// A part of CEL that is not supported.
    Unsupported = "BB209" Error,
    /// A condition that is not a bool.
    NotABool = "BB210" Error,
    /// A comparison with an impossible value.
    ImpossibleComparison = "BB211" Error,
    /// A comparison that is probably a mistake.
    DoubtfulComparison = "BB221" Warning,
    /// A part of an expression that has the same result for every build.
    ConstantPart = "BB222" Warning,
    /// A regular expression with an anchor that binds to one alternative alone.
    HalfAnchored = "BB223" Warning,

    /// `never-stop` matches every project.
    NeverStopsAnything = "BB301" Warning,
    /// A limit of a sweep that is too low to have an effect.
    StopLimitWithoutEffect = "BB302" Warning,
    /// A rule about costs in a policy without prices.
    NoPrices = "BB303" Warning,
    /// A rule that depends on the time and has no deadline.
    NoDeadline = "BB304" Note,
    /// A rule that allows everything.
    AllowsEverything = "BB305" Warning,
    /// Exemptions that leave nothing of a rule.
    ExemptsEverything = "BB306" Warning,
    /// A rule that adds nothing to another one.
    RedundantRule = "BB307" Warning,
    /// An `enforce-after` that has passed.
    EnforceAfterOver = "BB308" Warning,
    /// An `enforce-after` that passes soon.
    EnforceAfterSoon = "BB309" Warning,
    /// An exemption that has ended.
    ExemptionOver = "BB310" Warning,
    /// An exemption that ends soon.
    ExemptionEndsSoon = "BB311" Warning,
    /// A limit that every build breaks, or none.
    LimitWithoutEffect = "BB312" Warning,
    /// An expression without variables.
    ConstantExpression = "BB313" Warning,
    /// Two rules that no build can comply with.
    ContradictoryRules = "BB314" Warning,
    /// Conditions that no build meets together.
    ContradictoryConditions = "BB315" Warning,
    /// A rule that none of the selected builds can break.
    ScopeWithoutEffect = "BB316" Warning,
    /// An exemption that depends on the initiator alone.
    ExemptionByName = "BB317" Warning,
    /// An element of `only` that selects none of the builds that the rule compares.
    SelectsNothing = "BB318" Warning,
    /// A `batch` without effect.
    BatchWithoutEffect = "BB319" Warning,
    /// A comparison of `now` with a time that has passed.
    PassedTime = "BB320" Warning,
    /// A selector of sandboxes that matches none.
    MatchesNoSandbox = "BB321" Warning,

    /// An event that is not about a build.
    UnusableEvent = "BB401" Error,
    /// A test with an event and a build.
    EventAndBuild = "BB402" Error,
    /// A test without a build.
    NoBuild = "BB403" Error,
    /// A test without a time.
    NoTime = "BB404" Error,
    /// Two tests have the same name.
    DuplicateTestName = "BB405" Error,
    /// A rule that the policy does not have.
    UnknownRule = "BB406" Error,
    /// An action that does not exist.
    UnknownAction = "BB407" Error,
    /// An invalid time.
    InvalidTime = "BB408" Error,
    /// A member that a structure of the API does not have, in a test.
    UnknownTestMember = "BB409" Error,
    /// A value that a member of the API cannot have.
    InvalidMember = "BB410" Error,
    /// An invalid commit or ref of a source.
    InvalidRevision = "BB411" Error,
    /// A pipeline's source without a branch.
    PipelineWithoutBranch = "BB412" Error,

    /// The settings of a project break an enforced rule.
    BrokenRule = "BB501" Error,
    /// The settings of a project break a rule that only reports.
    BrokenReportedRule = "BB502" Warning,
    /// A rule cannot be evaluated because a setting of a project is unknown.
    UnknownSetting = "BB503" Note,
    /// A part of a template or a plan whose projects are not judged.
    NotScanned = "BB504" Note,
    /// A file that is not a template.
    NotATemplate = "BB505" Error,
}

impl Code {
    /// Returns whether the text is not YAML, so that no other fault of it can be found.
    pub(crate) fn hides_others(self) -> bool {
        matches!(self, Self::InvalidYaml | Self::TabIndentation | Self::MissingSpace | Self::Indentation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_sorted() {
        let ids: Vec<&str> = Code::ALL.iter().map(|code| code.id()).collect();
        assert!(ids.is_sorted_by(|one, next| one < next), "{ids:?}");
        assert!(ids.iter().all(|id| id.strip_prefix("BB").is_some_and(|number| number.len() == 3)), "{ids:?}");
    }
}
