//! Enum types: CREATE TYPE … AS ENUM, ALTER TYPE … ADD VALUE and RENAME VALUE.
//!
//! A label keeps its rank for good, so adding one changes no index.

use super::{Ddl, strings};
use crate::catalog::{EnumLabel, ObjectClass, Type, TypeKind};
use crate::error::{Error, Result};
use crate::sql::parse::ast;
use crate::sql::types::Rank;
use crate::sqlstate;

/// The longest label, in bytes.
const LABEL_LENGTH_MAX: usize = 63;

impl Ddl<'_> {
    pub async fn create_enum(&mut self, statement: &ast::CreateEnumStmt) -> Result<&'static str> {
        let (schema, name) = self.split_name(&statement.type_name)?;
        let schema = self.creation_schema(schema.unwrap_or_default())?;
        if self.is_taken(ObjectClass::Type, schema, name) {
            return Err(Error::new(
                sqlstate::DUPLICATE_OBJECT,
                format!("type \"{name}\" already exists"),
            ));
        }
        let mut labels: Vec<EnumLabel> = Vec::new();
        for (label, rank) in strings(&statement.vals).into_iter().zip(Rank::sequence()) {
            require_label(label)?;
            if labels.iter().any(|known| known.name == label) {
                return Err(Error::new(
                    sqlstate::UNIQUE_VIOLATION,
                    "duplicate key value violates unique constraint \"pg_enum_typid_label_index\"",
                ));
            }
            labels.push(EnumLabel {
                oid: self.next_oid(),
                sort_order: labels.len() as f32 + 1.0,
                name: label.to_owned(),
                rank,
            });
        }
        let array = self.next_oid();
        let array_name = self.choose_name([&format!("_{name}"), ""], "", |candidate| {
            self.is_taken(ObjectClass::Type, schema, candidate)
        });
        let ty = Type {
            oid: self.next_oid(),
            schema,
            name: name.to_owned(),
            owner: self.current_role()?.oid,
            length: 4,
            by_value: true,
            kind: TypeKind::Enum { labels },
            category: 'E',
            preferred: false,
            delimiter: ',',
            array,
            element: 0,
            input: "enum_in".into(),
            output: "enum_out".into(),
            receive: "enum_recv".into(),
            send: "enum_send".into(),
            typmod_in: "-".into(),
            typmod_out: "-".into(),
            subscript: String::new(),
            collation: 0,
            align: 'i',
            storage: 'p',
        };
        let array_type = super::table::array_type_over(&ty, array, array_name);
        self.put(ty);
        self.put(array_type);
        Ok("CREATE TYPE")
    }

    pub async fn alter_enum(&mut self, statement: &ast::AlterEnumStmt) -> Result<&'static str> {
        let name = strings(&statement.type_name).join(".");
        let oid =
            self.type_by_name(&statement.type_name)?.ok_or_else(|| Error::undefined_type(&name))?;
        let ty =
            self.work.catalog.type_(oid).cloned().ok_or_else(|| Error::undefined_type(&name))?;
        let TypeKind::Enum { labels } = &ty.kind else {
            return Err(Error::new(sqlstate::WRONG_OBJECT_TYPE, format!("{name} is not an enum")));
        };
        self.require_owner(ty.owner, "type", &ty.name)?;
        let labels = if statement.old_val.is_empty() {
            match self.added_label(labels, statement)? {
                Some(labels) => labels,
                None => return Ok("ALTER TYPE"),
            }
        } else {
            renamed_label(labels, statement)?
        };
        self.put(Type { kind: TypeKind::Enum { labels }, ..(*ty).clone() });
        Ok("ALTER TYPE")
    }

    /// ADD VALUE [IF NOT EXISTS] label [BEFORE | AFTER neighbour].
    fn added_label(
        &mut self,
        labels: &[EnumLabel],
        statement: &ast::AlterEnumStmt,
    ) -> Result<Option<Vec<EnumLabel>>> {
        let label = &statement.new_val;
        require_label(label)?;
        if labels.iter().any(|known| known.name == *label) {
            if statement.skip_if_new_val_exists {
                self.notice_with(
                    sqlstate::DUPLICATE_OBJECT,
                    format!("enum label \"{label}\" already exists, skipping"),
                );
                return Ok(None);
            }
            return Err(Error::new(
                sqlstate::DUPLICATE_OBJECT,
                format!("enum label \"{label}\" already exists"),
            ));
        }
        let position = if statement.new_val_neighbor.is_empty() {
            labels.len()
        } else {
            let neighbor = label_position(labels, &statement.new_val_neighbor)?;
            neighbor + usize::from(statement.new_val_is_after)
        };
        let before = position.checked_sub(1).map(|index| &labels[index]);
        let after = labels.get(position);
        let added = EnumLabel {
            oid: self.next_oid(),
            sort_order: order_between(before, after),
            name: label.clone(),
            rank: Rank::between(before.map(|label| &label.rank), after.map(|label| &label.rank)),
        };
        let mut labels = labels.to_vec();
        labels.insert(position, added);
        if has_equal_neighbors(&labels) {
            for (index, label) in labels.iter_mut().enumerate() {
                label.sort_order = index as f32 + 1.0;
            }
        }
        Ok(Some(labels))
    }
}

/// A sort order between two neighbours, as `pg_enum.enumsortorder`.
fn order_between(before: Option<&EnumLabel>, after: Option<&EnumLabel>) -> f32 {
    let order = |label: &EnumLabel| label.sort_order;
    match (before.map(order), after.map(order)) {
        (None, None) => 1.0,
        (Some(before), None) => before + 1.0,
        (None, Some(after)) => after - 1.0,
        (Some(before), Some(after)) => (before + after) / 2.0,
    }
}

/// Halving runs out of float precision after some dozen inserts at one place.
fn has_equal_neighbors(labels: &[EnumLabel]) -> bool {
    labels.windows(2).any(|pair| pair[0].sort_order >= pair[1].sort_order)
}

fn renamed_label(labels: &[EnumLabel], statement: &ast::AlterEnumStmt) -> Result<Vec<EnumLabel>> {
    require_label(&statement.new_val)?;
    let position = label_position(labels, &statement.old_val)?;
    if labels.iter().any(|known| known.name == statement.new_val) {
        return Err(Error::new(
            sqlstate::DUPLICATE_OBJECT,
            format!("enum label \"{}\" already exists", statement.new_val),
        ));
    }
    let mut labels = labels.to_vec();
    labels[position].name = statement.new_val.clone();
    Ok(labels)
}

fn label_position(labels: &[EnumLabel], label: &str) -> Result<usize> {
    labels.iter().position(|known| known.name == label).ok_or_else(|| {
        Error::new(
            sqlstate::INVALID_PARAMETER_VALUE,
            format!("\"{label}\" is not an existing enum label"),
        )
    })
}

fn require_label(label: &str) -> Result<()> {
    if label.len() > LABEL_LENGTH_MAX {
        return Err(Error::new(sqlstate::INVALID_NAME, format!("invalid enum label \"{label}\""))
            .with_detail(format!("Labels must be {LABEL_LENGTH_MAX} bytes or less.")));
    }
    Ok(())
}
