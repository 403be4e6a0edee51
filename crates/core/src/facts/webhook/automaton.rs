//! Nondeterministic finite automata over the characters of a ref's name.

use std::collections::BTreeSet;

use regex_syntax::hir::{ClassUnicode, ClassUnicodeRange};

use crate::pattern::Pattern;

/// The maximum number of states. Filters that people write need fewer.
const MAX_STATES: usize = 2_000;

/// The index of a state.
pub(super) type StateIndex = usize;

/// The state that accepts every continuation.
const ACCEPT: StateIndex = 0;

/// An automaton that accepts or refuses names.
#[derive(Clone, Debug)]
pub(super) struct Automaton {
    nodes: Vec<AutomatonNode>,
    start: StateIndex,
}

#[derive(Clone, Debug)]
enum AutomatonNode {
    /// Accepts the name, whatever follows.
    Accept,
    /// Consumes a character.
    Step(ClassUnicode, StateIndex),
    /// Goes on in each of these.
    Split(Vec<StateIndex>),
    /// Goes on where the text that the expression is applied to starts.
    AtStart(StateIndex),
    /// Goes on where the name ends.
    AtEnd(StateIndex),
    /// The text that the expression is applied to starts here.
    Text(StateIndex),
}

/// Builds an automaton backwards: each node is given the state that follows it.
#[derive(Debug)]
pub(super) struct Builder {
    nodes: Vec<AutomatonNode>,
}

impl Builder {
    /// Starts with the state that accepts.
    pub(super) fn new() -> Self {
        Self { nodes: vec![AutomatonNode::Accept] }
    }

    /// The state that accepts, whatever follows.
    pub(super) fn accept(&self) -> StateIndex {
        ACCEPT
    }

    /// The start of an automaton that consumes a character of the class. `None` if there are too many states.
    pub(super) fn step(&mut self, class: ClassUnicode, next: StateIndex) -> Option<StateIndex> {
        self.add(AutomatonNode::Step(class, next))
    }

    /// The start of an automaton that consumes this text.
    pub(super) fn literal(&mut self, text: &str, next: StateIndex) -> Option<StateIndex> {
        text.chars().rev().try_fold(next, |next, character| self.step(class_of(character), next))
    }

    /// The start of one that goes on in each of these states.
    pub(super) fn split(&mut self, states: Vec<StateIndex>) -> Option<StateIndex> {
        self.add(AutomatonNode::Split(states))
    }

    /// The start of one that repeats what `body` builds, any number of times.
    pub(super) fn repeat(
        &mut self,
        next: StateIndex,
        body: impl FnOnce(&mut Self, StateIndex) -> Option<StateIndex>,
    ) -> Option<StateIndex> {
        let again = self.split(Vec::new())?;
        let body = body(self, again)?;
        self.nodes[again] = AutomatonNode::Split(vec![body, next]);
        Some(again)
    }

    /// The start of one that consumes any text.
    pub(super) fn any_text(&mut self, next: StateIndex) -> Option<StateIndex> {
        self.repeat(next, |builder, again| builder.step(any(), again))
    }

    /// The start of one that goes on only at the start of the text.
    pub(super) fn at_start(&mut self, next: StateIndex) -> Option<StateIndex> {
        self.add(AutomatonNode::AtStart(next))
    }

    /// The start of one that goes on only at the end.
    pub(super) fn at_end(&mut self, next: StateIndex) -> Option<StateIndex> {
        self.add(AutomatonNode::AtEnd(next))
    }

    /// The automaton of the names that begin with `prefix`, followed by a text that is accepted from `start` on.
    pub(super) fn finish(mut self, prefix: &str, start: StateIndex) -> Option<Automaton> {
        let text = self.add(AutomatonNode::Text(start))?;
        let start = self.literal(prefix, text)?;
        Some(Automaton { nodes: self.nodes, start })
    }

    fn add(&mut self, node: AutomatonNode) -> Option<StateIndex> {
        (self.nodes.len() < MAX_STATES).then(|| {
            self.nodes.push(node);
            self.nodes.len() - 1
        })
    }
}

impl Automaton {
    /// The automaton of the names that one of the patterns matches. `None` if it would be too large.
    pub(super) fn of_patterns(patterns: &[Pattern]) -> Option<Self> {
        let mut builder = Builder::new();
        let mut starts = Vec::new();
        for pattern in patterns {
            let mut next = builder.at_end(builder.accept())?;
            for character in pattern.as_str().chars().rev() {
                next = match character {
                    '*' => builder.any_text(next)?,
                    '?' => builder.step(any(), next)?,
                    other => builder.step(class_of(other), next)?,
                };
            }
            starts.push(next);
        }
        let start = builder.split(starts)?;
        builder.finish("", start)
    }

    /// The states at the start of a name.
    pub(super) fn start(&self) -> Vec<StateIndex> {
        self.closure([(self.start, false)], false)
    }

    /// The states after a further character.
    pub(super) fn step(&self, states: &[StateIndex], character: char) -> Vec<StateIndex> {
        let next = states.iter().filter_map(|state| match &self.nodes[*state] {
            AutomatonNode::Accept => Some((ACCEPT, false)),
            AutomatonNode::Step(class, next) if contains(class, character) => Some((*next, false)),
            AutomatonNode::Step(..)
            | AutomatonNode::Split(_)
            | AutomatonNode::AtStart(_)
            | AutomatonNode::AtEnd(_)
            | AutomatonNode::Text(_) => None,
        });
        self.closure(next, false)
    }

    /// Returns whether a name that ends in these states is accepted.
    pub(super) fn accepts(&self, states: &[StateIndex]) -> bool {
        let states = states.iter().map(|state| (*state, false));
        self.closure(states, true).contains(&ACCEPT)
    }

    /// Returns whether the name is accepted.
    pub(super) fn fits(&self, name: &str) -> bool {
        let states = name.chars().fold(self.start(), |states, character| self.step(&states, character));
        self.accepts(&states)
    }

    /// The classes of characters that it distinguishes.
    pub(super) fn classes(&self) -> impl Iterator<Item = &ClassUnicode> {
        self.nodes.iter().filter_map(|node| match node {
            AutomatonNode::Step(class, _) => Some(class),
            AutomatonNode::Accept
            | AutomatonNode::Split(_)
            | AutomatonNode::AtStart(_)
            | AutomatonNode::AtEnd(_)
            | AutomatonNode::Text(_) => None,
        })
    }

    /// Returns the states that can be reached without consuming a character, in ascending order. The flag of
    /// each given state is `true` if the text starts there. If [`ACCEPT`] can be reached, no other state is
    /// returned, so that there are few different sets.
    fn closure(&self, states: impl IntoIterator<Item = (StateIndex, bool)>, is_end: bool) -> Vec<StateIndex> {
        let mut pending: Vec<(StateIndex, bool)> = states.into_iter().collect();
        let mut seen = BTreeSet::new();
        while let Some((state, is_start)) = pending.pop() {
            if !seen.insert((state, is_start)) {
                continue;
            }
            match &self.nodes[state] {
                AutomatonNode::Accept => return vec![ACCEPT],
                AutomatonNode::Split(states) => pending.extend(states.iter().map(|next| (*next, is_start))),
                AutomatonNode::Text(next) => pending.push((*next, true)),
                AutomatonNode::AtStart(next) if is_start => pending.push((*next, true)),
                AutomatonNode::AtEnd(next) if is_end => pending.push((*next, is_start)),
                AutomatonNode::Step(..) | AutomatonNode::AtStart(_) | AutomatonNode::AtEnd(_) => {}
            }
        }
        let waits =
            |state: &StateIndex| matches!(self.nodes[*state], AutomatonNode::Step(..) | AutomatonNode::AtEnd(_));
        let mut states: Vec<StateIndex> = seen.into_iter().map(|(state, _)| state).filter(waits).collect();
        states.dedup();
        states
    }
}

/// Every character.
pub(super) fn any() -> ClassUnicode {
    ClassUnicode::new([ClassUnicodeRange::new('\0', char::MAX)])
}

/// One character.
pub(super) fn class_of(character: char) -> ClassUnicode {
    ClassUnicode::new([ClassUnicodeRange::new(character, character)])
}

fn contains(class: &ClassUnicode, character: char) -> bool {
    class.ranges().iter().any(|range| (range.start()..=range.end()).contains(&character))
}
