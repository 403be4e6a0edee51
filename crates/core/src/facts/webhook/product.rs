//! Runs several automata in parallel over all names at once.

use std::collections::{BTreeSet, HashMap};

use super::automaton::{Automaton, StateIndex};

/// The amount of work that one question may take: some milliseconds.
const MAX_WORK: usize = 400_000;

/// The index of a situation.
pub(super) type Index = usize;

/// The states of all automata after a name, or the start of one.
#[derive(Debug)]
pub(super) struct Situation {
    /// The index of the set of states, for each automaton.
    sets: Vec<Index>,
    /// For each of the automata, `true` if it accepts a name that ends here.
    pub(super) accepted: Vec<bool>,
    /// The situations after one more character.
    pub(super) next: Vec<(Symbol, Index)>,
}

/// Characters that none of the automata distinguishes: from the first to the last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Symbol {
    pub(super) first: char,
    pub(super) last: char,
}

/// Returns all situations that some name leads to; the first is the start. Situations for which `is_dead`
/// returns true have no successors. `None` if there are too many.
///
/// `is_dead` gets a flag for each automaton: `true` if it can no longer accept any continuation.
pub(super) fn situations(automata: &[&Automaton], is_dead: impl Fn(&[bool]) -> bool) -> Option<Vec<Situation>> {
    let symbols = symbols(automata);
    let mut runs: Vec<Run<'_>> = automata.iter().map(|automaton| Run::new(automaton)).collect();
    let mut known: HashMap<Vec<Index>, Index> = HashMap::new();
    let mut situations: Vec<Situation> = Vec::new();
    let mut work = 0_usize;
    let start: Vec<Index> = runs.iter_mut().map(Run::start).collect();
    let mut at = |sets: Vec<Index>, runs: &[Run<'_>], situations: &mut Vec<Situation>| {
        *known.entry(sets).or_insert_with_key(|sets| {
            let accepted = runs.iter().zip(sets).map(|(run, set)| run.accepts[*set]).collect();
            situations.push(Situation { sets: sets.clone(), accepted, next: Vec::new() });
            situations.len() - 1
        })
    };
    at(start, &runs, &mut situations);
    let mut index = 0;
    while index < situations.len() {
        let sets = situations[index].sets.clone();
        let dead: Vec<bool> = runs.iter().zip(&sets).map(|(run, set)| run.sets[*set].is_empty()).collect();
        if !is_dead(&dead) {
            for symbol in &symbols {
                let after = runs.iter_mut().zip(&sets).map(|(run, set)| run.step(*set, symbol.first, &mut work));
                let after = after.collect();
                let next = at(after, &runs, &mut situations);
                situations[index].next.push((*symbol, next));
                work += automata.len();
            }
        }
        if work > MAX_WORK {
            return None;
        }
        index += 1;
    }
    Some(situations)
}

/// Splits all characters into ranges whose characters no automaton distinguishes.
fn symbols(automata: &[&Automaton]) -> Vec<Symbol> {
    let mut starts = BTreeSet::from([0, u32::from(char::MAX) + 1]);
    for range in automata.iter().flat_map(|automaton| automaton.classes()).flat_map(|class| class.ranges()) {
        starts.extend([u32::from(range.start()), u32::from(range.end()) + 1]);
    }
    let ends = starts.iter().skip(1);
    // Surrogates are no characters.
    let symbol = |(start, end): (&u32, &u32)| {
        let first = (*start..*end).find_map(char::from_u32)?;
        let last = (*start..*end).rev().find_map(char::from_u32)?;
        Some(Symbol { first, last })
    };
    starts.iter().zip(ends).filter_map(symbol).collect()
}

/// An automaton that is made deterministic step by step, as it runs.
struct Run<'a> {
    automaton: &'a Automaton,
    known: HashMap<Vec<StateIndex>, Index>,
    sets: Vec<Vec<StateIndex>>,
    accepts: Vec<bool>,
    steps: HashMap<(Index, char), Index>,
}

impl<'a> Run<'a> {
    fn new(automaton: &'a Automaton) -> Self {
        Self { automaton, known: HashMap::new(), sets: Vec::new(), accepts: Vec::new(), steps: HashMap::new() }
    }

    fn start(&mut self) -> Index {
        self.index(self.automaton.start())
    }

    fn step(&mut self, set: Index, character: char, work: &mut usize) -> Index {
        if let Some(next) = self.steps.get(&(set, character)) {
            return *next;
        }
        let next = self.automaton.step(&self.sets[set], character);
        *work += self.sets[set].len() + next.len();
        let next = self.index(next);
        self.steps.insert((set, character), next);
        next
    }

    fn index(&mut self, set: Vec<StateIndex>) -> Index {
        if let Some(index) = self.known.get(&set) {
            return *index;
        }
        let index = self.sets.len();
        self.accepts.push(self.automaton.accepts(&set));
        self.known.insert(set.clone(), index);
        self.sets.push(set);
        index
    }
}
