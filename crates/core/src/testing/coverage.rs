//! Which rules no test breaks, and which no test passes.

use serde::Serialize;

use crate::{
    facts::Facts,
    policy::{Mode, Policy, RuleMode},
    verdict::{Decision, decisions},
};

/// What the tests showed of the rules of each policy, whichever file they stand in.
#[derive(Debug, Default)]
pub struct Coverage {
    policies: Vec<Covered>,
}

#[derive(Debug)]
struct Covered {
    digest: String,
    file: String,
    rules: Vec<Seen>,
}

#[derive(Debug)]
struct Seen {
    id: String,
    broken: bool,
    passed: bool,
}

/// The rules of a policy that the tests leave open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Uncovered {
    /// The policy file.
    pub policy: String,
    /// The rules that no test breaks.
    #[serde(rename = "neverBroken")]
    pub never_broken: Vec<String>,
    /// The rules that no test passes.
    #[serde(rename = "neverPassed")]
    pub never_passed: Vec<String>,
}

impl Coverage {
    /// The rules of a policy, none of them seen yet. One that is off can be neither
    /// broken nor passed, so it is left out.
    pub(super) fn add_policy(&mut self, file: &str, policy: &Policy) {
        if self.policies.iter().any(|covered| covered.digest == policy.digest()) {
            return;
        }
        let judged = policy.rules.iter().filter(|rule| rule.mode != RuleMode::Always(Mode::Off));
        let rules = judged.map(|rule| Seen { id: rule.id.clone(), broken: false, passed: false }).collect();
        self.policies.push(Covered { digest: policy.digest().to_owned(), file: file.to_owned(), rules });
    }

    /// Notes what each rule says of a build. A build out of a rule's scope passes it. One
    /// that is exempt does not: it would break the rule, or not tell.
    pub(super) fn add(&mut self, policy: &Policy, facts: Facts<'_>) {
        let covered = self.policies.iter_mut().find(|covered| covered.digest == policy.digest());
        let Some(Covered { rules, .. }) = covered else { return };
        for (id, decision) in decisions(policy, facts) {
            let Some(seen) = rules.iter_mut().find(|seen| seen.id == id) else { continue };
            match decision {
                Decision::Broken(_) => seen.broken = true,
                Decision::Passes | Decision::OutOfScope => seen.passed = true,
                Decision::Off | Decision::Exempt(_) | Decision::Unknown(..) => {}
            }
        }
    }

    /// What is left open, a policy each; empty where nothing is.
    pub fn uncovered(&self) -> Vec<Uncovered> {
        let mut uncovered = Vec::new();
        for Covered { file, rules, .. } in &self.policies {
            let without = |is_seen: fn(&Seen) -> bool| -> Vec<String> {
                rules.iter().filter(|seen| !is_seen(seen)).map(|seen| seen.id.clone()).collect()
            };
            let never_broken = without(|seen| seen.broken);
            let never_passed = without(|seen| seen.passed);
            if !never_broken.is_empty() || !never_passed.is_empty() {
                uncovered.push(Uncovered { policy: file.clone(), never_broken, never_passed });
            }
        }
        uncovered
    }
}
