//! FROM: relations, subqueries, functions and joins, and what their columns are called.

use super::layout::{CLAUSE, ITEM, Page};
use super::{Name, Names, Output, Printer, name_list, renamed, unprintable};
use crate::catalog::quote_identifier;
use crate::error::Result;
use crate::sql::ir::{Expr, ExprKind, FunctionScan, JoinKind, OutputColumn, Rel, Scan, visit};
use crate::sql::parse::NodeEnum;
use crate::sql::parse::ast::{Alias, JoinExpr, Node, RangeVar};

/// What a list in FROM came to: the last item, and the relation of those before.
fn split<'r>(nodes: &[Node], rel: &'r Rel) -> Result<(Option<&'r Rel>, &'r Rel)> {
    match (nodes.len(), rel) {
        (0 | 1, rel) => Ok((None, rel)),
        (_, Rel::Join { left, right, .. }) => Ok((Some(left), right)),
        _ => Err(unprintable("this FROM")),
    }
}

fn alias_name(alias: Option<&Alias>) -> Option<&str> {
    alias.map(|alias| alias.aliasname.as_str()).filter(|name| !name.is_empty())
}

fn alias_columns(alias: Option<&Alias>) -> &[Node] {
    alias.map_or(&[], |alias| alias.colnames.as_slice())
}

impl Printer<'_> {
    /// Notes what the columns of FROM are called.
    pub fn name_from(&self, nodes: &[Node], rel: &Rel, names: &mut Names) -> Result<()> {
        let Some((last, before)) = nodes.split_last() else { return Ok(()) };
        let (rest, rel) = split(nodes, rel)?;
        if let Some(rest) = rest {
            self.name_from(before, rest, names)?;
        }
        self.name_item(last, rel, names)
    }

    fn name_item(&self, node: &Node, rel: &Rel, names: &mut Names) -> Result<()> {
        match (node.node.as_ref(), rel) {
            (Some(NodeEnum::RangeVar(table)), Rel::Scan(scan)) => {
                let (columns, shown) = self.scanned(scan, table.alias.as_ref());
                let alias = self.table_alias(table, scan);
                let alias = note(names, &alias, &columns, &shown);
                let system = scan.columns.iter().filter(|(number, _)| *number < 0);
                for (_, column) in system {
                    let name = Name::Column(alias.clone(), column.name.clone());
                    names.columns.insert(column.id, name);
                }
            }
            (Some(NodeEnum::RangeVar(table)), Rel::Cte { columns, .. }) => {
                let alias = alias_name(table.alias.as_ref()).unwrap_or(&table.relname);
                let shown = renamed(columns, alias_columns(table.alias.as_ref()));
                note(names, alias, columns, &shown);
            }
            (Some(NodeEnum::RangeSubselect(subselect)), rel) => {
                let alias = subselect.alias.as_ref();
                let columns = visit::columns(rel);
                let shown = renamed(&columns, alias_columns(alias));
                note(names, alias_name(alias).unwrap_or_default(), &columns, &shown);
            }
            (Some(NodeEnum::RangeFunction(function)), Rel::Functions(scan)) => {
                let alias = function.alias.as_ref();
                let (name, columns) = self.function_alias(alias, scan)?;
                let shown = renamed(&columns, alias_columns(alias));
                let shown = match (columns.as_slice(), alias_columns(alias)) {
                    ([_], []) => vec![name.clone()],
                    _ => shown,
                };
                note(names, &name, &columns, &shown);
            }
            (Some(NodeEnum::JoinExpr(join)), Rel::Join { left, right, .. }) => {
                if join.alias.is_some() {
                    return Err(unprintable("the alias of a join"));
                }
                self.name_side(join.larg.as_deref(), left, names)?;
                self.name_side(join.rarg.as_deref(), right, names)?;
            }
            _ => return Err(unprintable("this item of FROM")),
        }
        Ok(())
    }

    fn name_side(&self, node: Option<&Node>, rel: &Rel, names: &mut Names) -> Result<()> {
        self.name_item(node.ok_or_else(|| unprintable("half a join"))?, rel, names)
    }

    /// The columns of a table and what they are called now.
    fn scanned(&self, scan: &Scan, alias: Option<&Alias>) -> (Vec<OutputColumn>, Vec<String>) {
        let stored = scan.columns.iter().filter(|(number, _)| *number > 0);
        let mut columns = Vec::new();
        for (number, column) in stored {
            let at = usize::try_from(*number - 1).unwrap_or(usize::MAX);
            let now = scan.relation.columns.get(at);
            let name = now.map_or_else(|| column.name.clone(), |now| now.name.clone());
            columns.push(OutputColumn { name, ..column.clone() });
        }
        let shown = renamed(&columns, alias_columns(alias));
        (columns, shown)
    }

    fn table_alias(&self, table: &RangeVar, scan: &Scan) -> String {
        alias_name(table.alias.as_ref()).unwrap_or(&scan.relation.name).to_owned()
    }

    fn function_alias(
        &self,
        alias: Option<&Alias>,
        scan: &FunctionScan,
    ) -> Result<(String, Vec<OutputColumn>)> {
        let [(call, _)] = scan.calls.as_slice() else { return Err(unprintable("ROWS FROM")) };
        let columns = scan.calls.iter().flat_map(|(_, columns)| columns).chain(&scan.ordinality);
        let name = alias_name(alias).unwrap_or(&call.function.name);
        Ok((name.to_owned(), columns.cloned().collect()))
    }

    /// Prints a list in FROM.
    pub fn from(&self, nodes: &[Node], rel: &Rel, known: &Names, page: &mut Page) -> Result<()> {
        let Some((last, before)) = nodes.split_last() else { return Ok(()) };
        let (rest, rel) = split(nodes, rel)?;
        if let Some(rest) = rest {
            self.from(before, rest, known, page)?;
            page.push(", ");
        }
        let mut item = Page::new(page.indent);
        self.item(last, rel, known, &mut item)?;
        page.item(&item.text, before.is_empty());
        page.indent = item.indent;
        Ok(())
    }

    fn item(&self, node: &Node, rel: &Rel, known: &Names, page: &mut Page) -> Result<()> {
        match (node.node.as_ref(), rel) {
            (Some(NodeEnum::RangeVar(table)), Rel::Scan(scan)) => {
                page.push(if table.inh { "" } else { "ONLY " });
                page.push(&self.catalog.relation_name(self.path, &scan.relation));
                let (columns, shown) = self.scanned(scan, table.alias.as_ref());
                let alias = self.chosen(known, &columns)?;
                let renames = columns.iter().zip(&shown).any(|(c, shown)| c.name != *shown);
                if alias != scan.relation.name || renames {
                    page.push(&format!(" {}", quote_identifier(alias)));
                }
                if renames {
                    page.push(&column_list(&shown));
                }
            }
            (Some(NodeEnum::RangeVar(table)), Rel::Cte { columns, .. }) => {
                page.push(&quote_identifier(&table.relname));
                let alias = self.chosen(known, columns)?;
                let names = alias_columns(table.alias.as_ref());
                if alias != table.relname || !names.is_empty() {
                    page.push(&format!(" {}", quote_identifier(alias)));
                }
                if !names.is_empty() {
                    page.push(&format!("({})", name_list(names)));
                }
            }
            (Some(NodeEnum::RangeSubselect(subselect)), rel) => {
                let first = visit::columns(rel).first().map(|column| column.id);
                let first = first.ok_or_else(|| unprintable("a subquery without columns"))?;
                let query = self.query(first, known, page.indent, Output::Visible)?;
                page.push(if subselect.lateral { "LATERAL (" } else { "(" });
                page.push(&query);
                page.push(")");
                let alias = self.chosen(known, &visit::columns(rel))?;
                page.push(&format!(" {}", quote_identifier(alias)));
                let names = alias_columns(subselect.alias.as_ref());
                if !names.is_empty() {
                    page.push(&format!("({})", name_list(names)));
                }
            }
            (Some(NodeEnum::RangeFunction(function)), Rel::Functions(scan)) => {
                if !function.coldeflist.is_empty() {
                    return Err(unprintable("column definitions"));
                }
                let alias = function.alias.as_ref();
                let (name, columns) = self.function_alias(alias, scan)?;
                for (call, _) in &scan.calls {
                    let text = self.call(call, known, page.indent)?;
                    page.push(if function.lateral { "LATERAL " } else { "" });
                    page.push(&text);
                }
                page.push(if scan.ordinality.is_some() { " WITH ORDINALITY" } else { "" });
                let mut shown = renamed(&columns, alias_columns(alias));
                if let ([only], []) = (shown.as_mut_slice(), alias_columns(alias)) {
                    only.clone_from(&name);
                }
                let alias = self.chosen(known, &columns)?;
                page.push(&format!(" {}{}", quote_identifier(alias), column_list(&shown)));
            }
            (Some(NodeEnum::JoinExpr(join)), rel) => self.join(join, rel, known, page)?,
            _ => return Err(unprintable("this item of FROM")),
        }
        Ok(())
    }

    /// What an item is called.
    fn chosen<'n>(&self, known: &'n Names, columns: &[OutputColumn]) -> Result<&'n str> {
        let first = columns.first().and_then(|column| known.aliases.get(&column.id));
        first.map(String::as_str).ok_or_else(|| unprintable("an item without columns"))
    }

    fn join(&self, join: &JoinExpr, rel: &Rel, known: &Names, page: &mut Page) -> Result<()> {
        let Rel::Join { kind, left, right, on, .. } = rel else {
            return Err(unprintable("this join"));
        };
        let side = |node: &Option<Box<Node>>| {
            node.as_deref().cloned().ok_or_else(|| unprintable("half a join"))
        };
        page.push(if self.pretty { "" } else { "(" });
        self.item(&side(&join.larg)?, left, known, page)?;
        // The columns that both sides have are written out.
        let using = match join.is_natural {
            true => natural_columns(on.as_ref(), known)?,
            false => name_list(&join.using_clause),
        };
        let is_cross = join.quals.is_none() && using.is_empty() && on.is_none();
        let word = match kind {
            JoinKind::Inner if is_cross => " CROSS JOIN ",
            JoinKind::Inner => " JOIN ",
            JoinKind::Left => " LEFT JOIN ",
            JoinKind::Right => " RIGHT JOIN ",
            JoinKind::Full => " FULL JOIN ",
        };
        page.line(word, -CLAUSE, CLAUSE, ITEM);
        let right_node = side(&join.rarg)?;
        let is_join = matches!(right_node.node, Some(NodeEnum::JoinExpr(_)));
        page.push(if self.pretty && is_join { "(" } else { "" });
        self.item(&right_node, right, known, page)?;
        page.push(if self.pretty && is_join { ")" } else { "" });
        if !using.is_empty() {
            page.push(&format!(" USING ({using})"));
        } else if let Some(on) = on {
            let text = self.expr(on, known, page.indent)?;
            page.push(&if self.pretty { format!(" ON {text}") } else { format!(" ON ({text})") });
        }
        page.push(if self.pretty { "" } else { ")" });
        Ok(())
    }
}

/// The columns that NATURAL JOIN compares, by their names on the left.
fn natural_columns(on: Option<&Expr>, known: &Names) -> Result<String> {
    let Some(on) = on else { return Ok(String::new()) };
    let tests = match &on.kind {
        ExprKind::And(tests) => tests.as_slice(),
        _ => std::slice::from_ref(on),
    };
    let name = |test: &Expr| {
        let ExprKind::Call(call) = &test.kind else { return None };
        let id = visit::columns_of(call.args.first()?).into_iter().next()?;
        match known.columns.get(&id)? {
            Name::Column(_, column) => Some(quote_identifier(column)),
            _ => None,
        }
    };
    let names = tests.iter().map(name).collect::<Option<Vec<String>>>();
    names.map(|names| names.join(", ")).ok_or_else(|| unprintable("NATURAL JOIN"))
}

/// Notes what an item's columns are called; answers what the item is.
fn note(names: &mut Names, alias: &str, columns: &[OutputColumn], shown: &[String]) -> String {
    let alias = names.take(alias);
    for (column, name) in columns.iter().zip(shown) {
        names.columns.insert(column.id, Name::Column(alias.clone(), name.clone()));
    }
    if let Some(first) = columns.first() {
        names.aliases.insert(first.id, alias.clone());
    }
    alias
}

fn column_list(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| quote_identifier(name)).collect();
    format!("({})", names.join(", "))
}
