//! What a DROP takes with it, and when it must be refused.

use std::collections::HashMap;

use super::super::{Catalog, Dependency, ObjectAddress};
use crate::error::{Error, Report, Result, Severity};
use crate::sql::types::Oid;
use crate::sqlstate;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DropBehavior {
    Restrict,
    Cascade,
}

/// The objects a DROP removes.
#[derive(Debug)]
pub struct DropPlan {
    /// Dependents before what they depend on; the targets last. An address with
    /// a column number is that column.
    pub objects: Vec<ObjectAddress>,
    /// `drop cascades to …`, if CASCADE found something to tell.
    pub notice: Option<Report>,
}

/// PostgreSQL tells this many dependents to the client, the rest by number.
const MAX_REPORTED: usize = 100;

/// An object to drop and how it was reached.
struct Reached {
    address: ObjectAddress,
    /// Through which object, for the message.
    because: ObjectAddress,
    /// By automatic and internal edges only: not worth a word.
    silent: bool,
}

impl Catalog {
    /// Finds everything that must go with `targets`, or refuses (`2BP01`).
    pub fn plan_drop(
        &self,
        search_path: &[Oid],
        targets: &[ObjectAddress],
        behavior: DropBehavior,
    ) -> Result<DropPlan> {
        let edges = self.dependencies();
        self.check_not_required(search_path, targets, &edges)?;
        let reached = reach(targets, &edges);
        let loud: Vec<&Reached> = reached.iter().rev().filter(|object| !object.silent).collect();
        if behavior == DropBehavior::Restrict && !loud.is_empty() {
            return Err(self.still_needed(search_path, targets, &loud));
        }
        let notice = self.cascade_notice(search_path, &loud);
        let mut objects: Vec<ObjectAddress> = reached.iter().map(|object| object.address).collect();
        objects.extend(targets);
        Ok(DropPlan { objects, notice })
    }

    /// A part of another object (a constraint's index, an extension's member) cannot be
    /// dropped alone.
    fn check_not_required(
        &self,
        path: &[Oid],
        targets: &[ObjectAddress],
        edges: &[Dependency],
    ) -> Result<()> {
        let owned = edges.iter().find(|edge| {
            matches!(edge.kind, 'i' | 'e')
                && targets.contains(&edge.object)
                && !targets.iter().any(|target| covers(*target, edge.referenced))
        });
        let Some(edge) = owned else { return Ok(()) };
        let object = self.describe(path, edge.object);
        let owner = self.describe(path, edge.referenced);
        let message = format!("cannot drop {object} because {owner} requires it");
        Err(Error::new(sqlstate::DEPENDENT_OBJECTS_STILL_EXIST, message)
            .with_hint(format!("You can drop {owner} instead.")))
    }

    fn still_needed(&self, path: &[Oid], targets: &[ObjectAddress], loud: &[&Reached]) -> Error {
        let message = match targets {
            [one] => {
                let object = self.describe(path, *one);
                format!("cannot drop {object} because other objects depend on it")
            }
            _ => "cannot drop desired object(s) because other objects depend on them".to_owned(),
        };
        let detail = reported(loud, |object| {
            let dependent = self.describe(path, object.address);
            format!("{dependent} depends on {}", self.describe(path, object.because))
        });
        Error::new(sqlstate::DEPENDENT_OBJECTS_STILL_EXIST, message)
            .with_detail(detail)
            .with_hint("Use DROP ... CASCADE to drop the dependent objects too.")
    }

    fn cascade_notice(&self, path: &[Oid], loud: &[&Reached]) -> Option<Report> {
        let line =
            |object: &Reached| format!("drop cascades to {}", self.describe(path, object.address));
        match loud {
            [] => None,
            [one] => Some(Error::notice(Severity::Notice, line(one))),
            many => {
                let message = format!("drop cascades to {} other objects", many.len());
                let mut report = Error::notice(Severity::Notice, message);
                report.detail = Some(reported(many, line));
                Some(report)
            }
        }
    }
}

fn reported(objects: &[&Reached], line: impl Fn(&Reached) -> String) -> String {
    let mut lines: Vec<String> = objects.iter().take(MAX_REPORTED).map(|o| line(o)).collect();
    if objects.len() > MAX_REPORTED {
        let rest = objects.len() - MAX_REPORTED;
        lines.push(format!("and {rest} other objects (see server log for list)"));
    }
    lines.join("\n")
}

/// Whether dropping `dropped` drops `part` too: the same, or a column of it.
fn covers(dropped: ObjectAddress, part: ObjectAddress) -> bool {
    dropped == part || (dropped.sub == 0 && dropped == part.whole())
}

/// Follows the edges backwards from the targets, depth first: what depends on an
/// object comes before it. An object that some silent path reaches is silent.
fn reach(targets: &[ObjectAddress], edges: &[Dependency]) -> Vec<Reached> {
    let mut by_object: HashMap<ObjectAddress, Vec<&Dependency>> = HashMap::new();
    for edge in edges {
        by_object.entry(edge.referenced.whole()).or_default().push(edge);
    }
    // Newest first, so that the report, which reads backwards, is in order of age.
    for dependents in by_object.values_mut() {
        dependents.sort_by_key(|edge| (std::cmp::Reverse(edge.object.oid), edge.object.sub));
    }
    let dependents = |referenced: ObjectAddress| -> Vec<&Dependency> {
        let all = by_object.get(&referenced.whole()).into_iter().flatten();
        all.copied().filter(|edge| covers(referenced, edge.referenced)).rev().collect()
    };
    let mut silent: HashMap<ObjectAddress, bool> = HashMap::new();
    let mut done: Vec<Reached> = Vec::new();
    for target in targets {
        let mut path: Vec<Step<'_>> = vec![Step { reached: None, left: dependents(*target) }];
        while let Some(step) = path.last_mut() {
            let Some(edge) = step.left.pop() else {
                done.extend(path.pop().and_then(|step| step.reached));
                continue;
            };
            let (address, is_silent) = (edge.object, edge.kind != 'n');
            let is_part_of_known = address.sub != 0 && silent.contains_key(&address.whole());
            if is_part_of_known || targets.iter().any(|target| covers(*target, address)) {
                continue;
            }
            let known = silent.contains_key(&address);
            *silent.entry(address).or_insert(false) |= is_silent;
            if !known {
                let because = step.reached.as_ref().map_or(*target, |reached| reached.address);
                let reached = Some(Reached { address, because, silent: is_silent });
                path.push(Step { reached, left: dependents(address) });
            }
        }
    }
    for reached in &mut done {
        reached.silent = silent.get(&reached.address).copied().unwrap_or(false);
    }
    done
}

/// An object on the way down, and the edges to it that are not followed yet.
struct Step<'a> {
    reached: Option<Reached>,
    left: Vec<&'a Dependency>,
}
