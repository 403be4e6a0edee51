//! The refs that a webhook's filters let through.

use std::{collections::BTreeSet, sync::LazyLock};

use super::{
    automaton::Automaton,
    product::{Index, Situation, situations},
    regex,
};
use crate::pattern::Pattern;

/// The maximum number of refs that are listed.
const MAX_LISTED: usize = 16;

/// The full names of refs that a build may have: `refs/heads/main`, `refs/tags/v1`. Each is let
/// through by one of the groups.
#[derive(Clone, Debug)]
pub struct PossibleRefs {
    groups: Vec<Vec<RefCondition>>,
}

/// The share of the possible refs that match at least one of the patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefsFit {
    /// Every one.
    Every,
    /// Some, or it takes too long to know.
    Some,
    /// None.
    None,
}

/// A condition on a ref's full name.
#[derive(Clone, Debug)]
pub(super) struct RefCondition {
    automaton: Automaton,
    /// `true` if the name must not fit.
    excludes: bool,
}

impl RefCondition {
    /// A condition on the text behind the prefix in the full name. `None` if the expression is not understood.
    pub(super) fn new(prefix: &str, expression: &str, excludes: bool) -> Option<Self> {
        Some(Self { automaton: regex::automaton(prefix, expression)?, excludes })
    }
}

/// The names that git accepts for a branch or a tag (`git-check-ref-format(1)`), without control characters and line
/// terminators outside ASCII, before which `$` may match.
static NAMES: LazyLock<Vec<RefCondition>> = LazyLock::new(|| {
    let characters = "^refs/(heads|tags)/[^\0-\u{20}\u{7f}-\u{9f}~^:?*\\[\\\\\u{2028}\u{2029}]+$";
    let refused = r"/\.|\.\.|//|/$|\.lock(/|$)|\.$|@\{";
    let conditions = [RefCondition::new("", characters, false), RefCondition::new("", refused, true)];
    conditions.into_iter().flatten().collect()
});

impl PossibleRefs {
    /// The refs that meet all conditions of one of these groups.
    pub(super) fn of_groups(groups: Vec<Vec<RefCondition>>) -> Self {
        Self { groups }
    }

    /// Returns how many of the refs match one of the patterns, which are patterns of full names.
    pub fn fit(&self, patterns: &[Pattern]) -> RefsFit {
        let Some(patterns) = Automaton::of_patterns(patterns) else { return RefsFit::Some };
        let (mut fits, mut differs) = (false, false);
        for group in &self.groups {
            let conditions = with_names(group);
            let automata: Vec<&Automaton> = conditions.iter().map(|one| &one.automaton).chain([&patterns]).collect();
            let Some(situations) = situations(&automata, |dead| is_dead(&conditions, dead)) else {
                return RefsFit::Some;
            };
            for situation in situations.iter().filter(|situation| is_met(&conditions, situation)) {
                let matches = situation.accepted.last() == Some(&true);
                fits |= matches;
                differs |= !matches;
            }
        }
        match (fits, differs) {
            (true, false) => RefsFit::Every,
            (false, true) => RefsFit::None,
            // Without any ref, both `Every` and `None` would be true.
            (true, true) | (false, false) => RefsFit::Some,
        }
    }

    /// Returns whether a ref of this full name is among them, as far as the filters are understood.
    pub fn may_contain(&self, name: &str) -> bool {
        let is_plain = NAMES.iter().all(|condition| condition.automaton.fits(name) != condition.excludes);
        let meets = |condition: &RefCondition| condition.automaton.fits(name) != condition.excludes;
        !is_plain || self.groups.iter().any(|group| group.iter().all(meets))
    }

    /// The full names, in ascending order, if the filters let only a few refs through.
    pub fn listed(&self) -> Option<Vec<String>> {
        let mut names = BTreeSet::new();
        for group in &self.groups {
            let conditions = with_names(group);
            let automata: Vec<&Automaton> = conditions.iter().map(|one| &one.automaton).collect();
            let situations = situations(&automata, |dead| is_dead(&conditions, dead))?;
            let ends: Vec<bool> = situations.iter().map(|situation| is_met(&conditions, situation)).collect();
            let walk = Walk { leads: leads_to(&situations, &ends), situations: &situations, ends };
            walk.list(0, &mut String::new(), 0, &mut names)?;
        }
        Some(names.into_iter().collect())
    }
}

fn with_names(group: &[RefCondition]) -> Vec<&RefCondition> {
    NAMES.iter().chain(group).collect()
}

/// Returns whether a name that ends in this situation meets all conditions.
fn is_met(conditions: &[&RefCondition], situation: &Situation) -> bool {
    conditions.iter().zip(&situation.accepted).all(|(condition, accepted)| *accepted != condition.excludes)
}

/// Returns whether no continuation can meet all conditions.
fn is_dead(conditions: &[&RefCondition], dead: &[bool]) -> bool {
    conditions.iter().zip(dead).any(|(condition, dead)| *dead && !condition.excludes)
}

/// Returns a flag for each situation: `true` if it leads to a situation in which a name can end.
fn leads_to(situations: &[Situation], ends: &[bool]) -> Vec<bool> {
    let mut before = vec![Vec::new(); situations.len()];
    for (index, situation) in situations.iter().enumerate() {
        situation.next.iter().for_each(|(_, next)| before[*next].push(index));
    }
    let mut leads = vec![false; situations.len()];
    let mut pending: Vec<Index> = (0..ends.len()).filter(|index| ends[*index]).collect();
    while let Some(index) = pending.pop() {
        if !leads[index] {
            leads[index] = true;
            pending.extend(&before[index]);
        }
    }
    leads
}

/// Lists the names that lead from one situation to an end.
struct Walk<'a> {
    situations: &'a [Situation],
    ends: Vec<bool>,
    leads: Vec<bool>,
}

impl Walk<'_> {
    /// `None` if there are too many.
    fn list(&self, index: Index, name: &mut String, length: usize, names: &mut BTreeSet<String>) -> Option<()> {
        // A longer path visits some situation twice, so it could repeat that loop without end.
        if length > self.situations.len() {
            return None;
        }
        if self.ends[index] {
            names.insert(name.clone());
            if names.len() > MAX_LISTED {
                return None;
            }
        }
        for (symbol, next) in self.situations[index].next.iter().filter(|(_, next)| self.leads[*next]) {
            for character in symbol.first..=symbol.last {
                name.push(character);
                self.list(*next, name, length + 1, names)?;
                name.pop();
            }
        }
        Some(())
    }
}
