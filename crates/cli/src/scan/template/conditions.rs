//! The conditions of a template.

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap, HashSet},
};

use buildbrake_core::{
    scan::Given,
    yaml::{Node, Value},
};

use super::{
    elements,
    functions::{Call, Evaluation, scalar},
    members, text,
};

/// The conditions of a template, and the results of those that have been evaluated.
pub(super) struct Conditions<'a> {
    declared: HashMap<&'a str, &'a Node>,
    /// A result is `None` if it is unknown. It is also `None` during the evaluation, so that a condition that depends
    /// on itself is unknown.
    evaluated: RefCell<HashMap<String, Option<bool>>>,
}

impl<'a> Conditions<'a> {
    pub(super) fn new(declared: Option<&'a Node>) -> Self {
        let declared = declared.map(members).into_iter().flatten();
        let declared = declared.filter_map(|(name, condition)| Some((text(name)?, condition)));
        Self { declared: declared.collect(), evaluated: RefCell::default() }
    }

    /// The names that a condition refers to, also through other conditions.
    fn references(&self, condition: &'a str) -> BTreeSet<&'a str> {
        let (mut names, mut conditions, mut seen) = (BTreeSet::new(), vec![condition], HashSet::new());
        while let Some(condition) = conditions.pop() {
            let declared = self.declared.get(condition).filter(|_| seen.insert(condition));
            declared.into_iter().for_each(|node| add_references(node, &mut names, &mut conditions));
        }
        names
    }
}

/// Adds the names and the conditions that a value refers to.
fn add_references<'a>(node: &'a Node, names: &mut BTreeSet<&'a str>, conditions: &mut Vec<&'a str>) {
    if let Some(Call { name, argument, .. }) = Call::of(node) {
        match name.as_str() {
            "Ref" => names.extend(text(argument)),
            "Condition" => conditions.extend(text(argument)),
            "Fn::If" => conditions.extend(branches(argument).map(|(condition, ..)| condition)),
            "Fn::Sub" => {
                let template = text(elements(argument).first().unwrap_or(argument)).unwrap_or_default();
                let variables = template.split("${").skip(1).filter_map(|rest| rest.split_once('}'));
                names.extend(variables.map(|(name, _)| name.trim()));
            }
            _ => {}
        }
    }
    elements(node).iter().for_each(|element| add_references(element, names, conditions));
    members(node).iter().for_each(|(_, value)| add_references(value, names, conditions));
}

impl<'a> Evaluation<'a> {
    /// The parameters that a condition depends on and that have their defaults.
    pub(super) fn defaults_of(&self, condition: &'a str) -> Vec<&'a str> {
        let names = self.conditions.references(condition).into_iter();
        names.filter(|name| self.parameters.is_default(name)).collect()
    }

    /// Returns whether a condition holds. `None` if that is unknown.
    pub(super) fn condition(&self, name: &str) -> Option<bool> {
        if let Some(known) = self.conditions.evaluated.borrow().get(name) {
            return *known;
        }
        self.conditions.evaluated.borrow_mut().insert(name.to_owned(), None);
        let value = self.conditions.declared.get(name).and_then(|condition| self.truth(condition));
        self.conditions.evaluated.borrow_mut().insert(name.to_owned(), value);
        value
    }

    /// Evaluates a condition by Kleene's three-valued logic.
    fn truth(&self, node: &Node) -> Option<bool> {
        let Call { name, argument, .. } = Call::of(node)?;
        let of = |node: &Node| self.truth(node);
        match name.as_str() {
            "Condition" => self.condition(text(argument)?),
            "Fn::Equals" => match elements(argument) {
                [one, other] => equal(&self.value(one).value, &self.value(other).value),
                _ => None,
            },
            "Fn::Not" => match elements(argument) {
                [one] => self.truth(one).map(|truth| !truth),
                _ => None,
            },
            "Fn::And" => all(elements(argument).iter().map(of)),
            "Fn::Or" => all(elements(argument).iter().map(|node| of(node).map(|truth| !truth))).map(|none| !none),
            "Fn::Contains" => match elements(argument) {
                [list, one] => match self.value(list).value {
                    Given::List(list) => {
                        let one = self.value(one).value;
                        all(list.iter().map(|element| equal(&element.value, &one).map(|equal| !equal)))
                            .map(|none| !none)
                    }
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }
}

/// Returns whether two values are equal. `None` if that is unknown. CloudFormation compares texts, and their case
/// counts.
pub(super) fn equal(one: &Given, other: &Given) -> Option<bool> {
    match (one, other) {
        (Given::Unknown(_), _) | (_, Given::Unknown(_)) => None,
        (Given::List(one), Given::List(other)) => {
            let elements = one.iter().zip(other).map(|(one, other)| equal(&one.value, &other.value));
            if one.len() == other.len() { all(elements) } else { Some(false) }
        }
        (Given::Structure(_), _) | (_, Given::Structure(_)) => None,
        (Given::List(_), _) | (_, Given::List(_)) => Some(false),
        (one, other) => Some(scalar(one) == scalar(other)),
    }
}

/// Kleene's "and".
fn all(mut answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    answers
        .try_fold(Some(true), |all, answer| match answer {
            Some(false) => Err(()),
            Some(true) => Ok(all),
            None => Ok(None),
        })
        .unwrap_or(Some(false))
}

/// The name of the condition of an `Fn::If`, and its two values.
pub(super) fn branches(argument: &Node) -> Option<(&str, &Node, &Node)> {
    match &argument.value {
        Value::List(list) => match list.as_slice() {
            [condition, yes, no] => Some((text(condition)?, yes, no)),
            _ => None,
        },
        Value::Empty | Value::Scalar(_) | Value::Mapping(_) => None,
    }
}
