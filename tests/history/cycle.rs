//! Cycles in the graph of what depends on what.

use std::collections::HashMap;

/// Why one transaction comes before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edge {
    /// It wrote the version that the other replaced.
    WriteWrite,
    /// It wrote the version that the other read.
    WriteRead,
    /// It read the version that the other replaced.
    ReadWrite,
}

#[derive(Default)]
pub struct Graph {
    edges: HashMap<usize, Vec<(usize, Edge)>>,
}

impl Graph {
    pub fn add(&mut self, from: usize, to: usize, edge: Edge) {
        if from != to {
            self.edges.entry(from).or_default().push((to, edge));
        }
    }

    fn next(&self, from: usize, up_to: Edge) -> impl Iterator<Item = usize> + '_ {
        let edges = self.edges.get(&from).map_or(&[][..], Vec::as_slice);
        edges.iter().filter(move |(_, edge)| *edge <= up_to).map(|(to, _)| *to)
    }

    /// The transactions of a cycle of edges up to this kind, if there is one.
    pub fn cycle(&self, up_to: Edge) -> Option<Vec<usize>> {
        self.order(up_to).err()
    }

    /// Each transaction's place in an order that all edges follow, or a cycle.
    fn order(&self, up_to: Edge) -> Result<HashMap<usize, usize>, Vec<usize>> {
        let mut done: Vec<usize> = Vec::new();
        let mut state: HashMap<usize, bool> = HashMap::new();
        for start in self.edges.keys().copied() {
            if state.contains_key(&start) {
                continue;
            }
            let mut path = vec![start];
            let mut rest = vec![self.next(start, up_to).collect::<Vec<_>>()];
            state.insert(start, false);
            while let Some(nexts) = rest.last_mut() {
                let Some(next) = nexts.pop() else {
                    rest.pop();
                    let node = path.pop().expect("a node for each list");
                    state.insert(node, true);
                    done.push(node);
                    continue;
                };
                match state.get(&next) {
                    Some(true) => {}
                    Some(false) => {
                        let from = path.iter().position(|node| *node == next);
                        return Err(path.split_off(from.expect("it is on the path")));
                    }
                    None => {
                        state.insert(next, false);
                        path.push(next);
                        rest.push(self.next(next, up_to).collect());
                    }
                }
            }
        }
        Ok(done.into_iter().rev().enumerate().map(|(place, node)| (node, place)).collect())
    }

    /// A cycle of exactly one [`Edge::ReadWrite`], all else being acyclic.
    pub fn cycle_with_one_read_write(&self) -> Option<Vec<usize>> {
        let order = self.order(Edge::WriteRead).ok()?;
        let place = |node: usize| order.get(&node).copied().unwrap_or(usize::MAX);
        for (from, edges) in &self.edges {
            for (to, _) in edges.iter().filter(|(_, edge)| *edge == Edge::ReadWrite) {
                if let Some(path) = self.path(*to, *from, &place) {
                    return Some(path);
                }
            }
        }
        None
    }

    /// A way along writes and what read them. Only nodes placed before the goal lead
    /// to it.
    fn path(&self, from: usize, goal: usize, place: &dyn Fn(usize) -> usize) -> Option<Vec<usize>> {
        let mut before: HashMap<usize, usize> = HashMap::from([(from, from)]);
        let mut open = vec![from];
        while let Some(node) = open.pop() {
            if node == goal {
                let mut path = vec![node];
                while *path.last()? != from {
                    path.push(before[path.last()?]);
                }
                path.reverse();
                return Some(path);
            }
            for next in self.next(node, Edge::WriteRead) {
                if place(next) <= place(goal) && !before.contains_key(&next) {
                    before.insert(next, node);
                    open.push(next);
                }
            }
        }
        None
    }
}
