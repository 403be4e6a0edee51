//! The coverage of rules: those that no tested build breaks, those that none passes, and exemptions that none
//! needs.

use serde::Serialize;

use crate::{
    policy::{Exemption, Mode, Policy, Rule, RuleMode},
    verdict::Decision,
};

/// The decisions that tests have produced, for each rule of each policy. The tests of one policy
/// count together, whichever file contains them.
#[derive(Debug, Default)]
pub struct Coverage {
    policies: Vec<PolicyCoverage>,
}

/// The rules of a policy that the tests do not cover.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Uncovered {
    /// The policy file.
    pub policy: String,
    /// The rules that no tested build breaks.
    pub never_broken: Vec<String>,
    /// The rules that no tested build passes.
    pub never_passed: Vec<String>,
    /// The exemptions that no tested build needs.
    pub never_exempted: Vec<UnusedExemption>,
    /// The rules that would stop every tested build, if several builds are tested.
    pub stop_every_build: Vec<String>,
}

/// An exemption that no tested build needs: none would break the rule without it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnusedExemption {
    /// The rule.
    pub rule: String,
    /// The exemption's line in the policy.
    pub line: usize,
}

impl Coverage {
    /// The policies with a rule that is not covered.
    pub fn uncovered(&self) -> Vec<Uncovered> {
        let policies = self.policies.iter().map(|PolicyCoverage { file, rules, .. }| {
            let without = |is_seen: fn(&RuleCoverage) -> bool| -> Vec<String> {
                rules.iter().filter(|rule| !is_seen(rule)).map(|rule| rule.id.clone()).collect()
            };
            let (never_broken, never_passed) = (without(|rule| rule.broken), without(|rule| rule.passed));
            let stop_every_build = without(|rule| rule.builds < 2 || rule.stopped < rule.builds);
            let never_exempted = rules.iter().flat_map(RuleCoverage::unused).collect();
            Uncovered { policy: file.clone(), never_broken, never_passed, never_exempted, stop_every_build }
        });
        let is_open = |open: &Uncovered| {
            !open.never_broken.is_empty() || !open.never_passed.is_empty() || !open.never_exempted.is_empty()
        };
        policies.filter(is_open).collect()
    }

    /// Adds the rules of a policy. A rule that is off can be neither broken nor passed, so it is
    /// left out.
    pub(super) fn add_policy(&mut self, file: &str, policy: &Policy) {
        if self.policies.iter().any(|covered| covered.digest == policy.digest()) {
            return;
        }
        let judged = policy.rules.iter().filter(|rule| rule.mode != RuleMode::Always(Mode::Off));
        let rules = judged.map(|rule| RuleCoverage {
            id: rule.id.clone(),
            exemptions: exemptions(rule).map(|exemption| (exemption.place.line, false)).collect(),
            ..RuleCoverage::default()
        });
        let rules = rules.collect();
        self.policies.push(PolicyCoverage { digest: policy.digest().to_owned(), file: file.to_owned(), rules });
    }

    /// Adds the decision of each rule about a build. A build outside a rule's scope passes it. An
    /// exempt build does not: without the exemption it would break the rule or be undecided.
    pub(super) fn add(&mut self, policy: &Policy, decisions: &[Decision]) {
        let covered = self.policies.iter_mut().find(|covered| covered.digest == policy.digest());
        let Some(PolicyCoverage { rules, .. }) = covered else { return };
        for (id, decision) in policy.rule_ids().zip(decisions) {
            let Some(rule) = rules.iter_mut().find(|rule| rule.id == id) else { continue };
            rule.builds += 1;
            if let Decision::Broken(broken) | Decision::Unknown(_, Some(broken)) = decision
                && broken.mode == Mode::Enforce
            {
                rule.stopped += 1;
            }
            match decision {
                Decision::Broken(_) => rule.broken = true,
                Decision::Passes | Decision::OutOfScope => rule.passed = true,
                Decision::Exempt(exempted) => {
                    if let Some((_, is_used)) = rule.exemptions.get_mut(exempted.index) {
                        *is_used = true;
                    }
                }
                Decision::Off | Decision::Unknown(..) => {}
            }
        }
    }
}

/// The exemptions that a test can need. A build that is exempt from `only-newest-per` is not compared, and passes.
fn exemptions(rule: &Rule) -> impl Iterator<Item = &Exemption> {
    let can_be_needed = rule.newest_per().is_none();
    rule.except.iter().filter(move |_| can_be_needed)
}

#[derive(Debug)]
struct PolicyCoverage {
    digest: String,
    file: String,
    rules: Vec<RuleCoverage>,
}

#[derive(Debug, Default)]
struct RuleCoverage {
    id: String,
    builds: usize,
    stopped: usize,
    broken: bool,
    passed: bool,
    /// The lines of the exemptions, and whether a tested build needs them.
    exemptions: Vec<(usize, bool)>,
}

impl RuleCoverage {
    fn unused(&self) -> impl Iterator<Item = UnusedExemption> {
        let unused = self.exemptions.iter().filter(|(_, is_used)| !is_used);
        unused.map(|(line, _)| UnusedExemption { rule: self.id.clone(), line: *line })
    }
}
