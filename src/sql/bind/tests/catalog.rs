//! The tables of `compat/bind/schema.sql`, as catalog objects.

use crate::catalog::*;
use crate::sql::types::{Oid, SqlType, oid};

const OWNER: Oid = BOOTSTRAP_ROLE;

pub(super) fn catalog() -> Catalog {
    let mut schema = Builder { catalog: bootstrap().expect("built-in objects"), next: 20_000 };
    schema.table("t", t_columns(), Some(("t_pkey", vec![1])));
    schema.table("u", u_columns(), Some(("u_pkey", vec![1])));
    schema.unique_index("u", "u_name", 3);
    schema.table("g", g_columns(), None);
    schema.identity_sequence("g", "g_id_seq", 1);
    schema.view("w", "SELECT a, b AS label FROM t", &["a", "label"]);
    schema.catalog
}

fn column(name: &str, ty: SqlType) -> Column {
    Column {
        name: name.into(),
        ty,
        not_null: false,
        default: None,
        identity: None,
        dropped: false,
        since_version: 0,
        missing: None,
        collation: 0,
        inherited: std::default::Default::default(),
        settings: std::default::Default::default(),
    }
}

fn t_columns() -> Vec<Column> {
    vec![
        column("a", SqlType::new(oid::INT4)),
        column("b", SqlType::new(oid::TEXT)),
        column("c", SqlType::with_typmod(oid::NUMERIC, (10 << 16 | 2) + 4)),
        column("d", SqlType::new(oid::TIMESTAMPTZ)),
        column("e", SqlType::new(oid::INT4_ARRAY)),
        column("j", SqlType::new(oid::JSONB)),
        column("v", SqlType::with_typmod(oid::VARCHAR, 9)),
    ]
}

fn u_columns() -> Vec<Column> {
    let mut columns = vec![
        column("id", SqlType::new(oid::INT8)),
        column("t_a", SqlType::new(oid::INT4)),
        column("name", SqlType::new(oid::TEXT)),
        column("flag", SqlType::new(oid::BOOL)),
    ];
    columns[3].default = Some(Default { oid: 0, sql: "true".into(), generated: false });
    columns
}

fn g_columns() -> Vec<Column> {
    let mut columns = vec![
        column("id", SqlType::new(oid::INT4)),
        column("x", SqlType::new(oid::INT4)),
        column("y", SqlType::new(oid::INT4)),
    ];
    columns[0].identity = Some(Identity::Always);
    columns[2].default = Some(Default { oid: 0, sql: "x * 2".into(), generated: true });
    columns
}

struct Builder {
    catalog: Catalog,
    next: Oid,
}

impl Builder {
    fn oid(&mut self) -> Oid {
        self.next += 1;
        self.next
    }

    fn put(&mut self, object: impl Into<Object>) {
        self.catalog.apply(&Change::put(object));
    }

    fn relation(&mut self, name: &str, kind: RelationKind, columns: Vec<Column>) -> Relation {
        let template = self.catalog.relations().next().expect("built-in relations");
        Relation {
            oid: 0,
            schema: PUBLIC,
            name: name.into(),
            owner: OWNER,
            kind,
            columns,
            storage_id: 0,
            schema_version: 0,
            indexes: Vec::new(),
            constraints: Vec::new(),
            ..(**template).clone()
        }
    }

    fn table(&mut self, name: &str, columns: Vec<Column>, key: Option<(&str, Vec<i16>)>) {
        let mut relation = self.relation(name, RelationKind::Table, columns);
        relation.oid = self.oid();
        if let Some((key, columns)) = key {
            let (index, constraint) = (self.oid(), self.oid());
            self.index(index, key, &relation, &columns, constraint);
            relation.indexes.push(index);
            relation.constraints.push(constraint);
            self.put(Constraint {
                oid: constraint,
                schema: PUBLIC,
                name: key.into(),
                table: relation.oid,
                kind: ConstraintKind::PrimaryKey { index, columns },
                deferrable: false,
                initially_deferred: false,
                validated: true,
                inherited: std::default::Default::default(),
                no_inherit: false,
                parent: 0,
            });
        }
        self.row_type(&relation);
        self.put(relation);
    }

    fn row_type(&mut self, relation: &Relation) {
        let template = self.catalog.type_(oid::RECORD).expect("record").clone();
        let oid = self.oid();
        self.put(Type {
            oid,
            schema: PUBLIC,
            name: relation.name.clone(),
            kind: TypeKind::Composite { relation: relation.oid },
            category: 'C',
            array: 0,
            ..(*template).clone()
        });
    }

    fn index(&mut self, oid: Oid, name: &str, table: &Relation, columns: &[i16], constraint: Oid) {
        let keys = columns
            .iter()
            .map(|number| IndexKey {
                collation: 0,
                column: *number,
                expression: None,
                ty: table.columns[*number as usize - 1].ty,
                descending: false,
                nulls_first: false,
                opclass: 0,
                options: Vec::new(),
            })
            .collect();
        let index = Index {
            table: table.oid,
            access_method: "btree".into(),
            keys,
            key_count: columns.len(),
            unique: true,
            primary: constraint != 0,
            nulls_not_distinct: false,
            exclusion: Vec::new(),
            key_form: crate::catalog::KEY_FORM,
            predicate: None,
            constraint,
            valid: true,
            ready: true,
            live: true,
            replaces: 0,
        };
        let mut relation = self.relation(name, RelationKind::Index(index), Vec::new());
        relation.oid = oid;
        self.put(relation);
    }

    fn unique_index(&mut self, table: &str, name: &str, column: i16) {
        let mut table = (**self.catalog.relation_named(PUBLIC, table).expect("table")).clone();
        let oid = self.oid();
        self.index(oid, name, &table, &[column], 0);
        table.indexes.push(oid);
        self.put(table);
    }

    fn identity_sequence(&mut self, table: &str, name: &str, column: i16) {
        let table = self.catalog.relation_named(PUBLIC, table).expect("table").oid;
        let sequence = Sequence {
            ty: SqlType::new(oid::INT4),
            start: 1,
            increment: 1,
            min: 1,
            max: i64::from(i32::MAX),
            cache: 1,
            cycle: false,
            owned_by: Some((table, column)),
            first: None,
        };
        let mut relation = self.relation(name, RelationKind::Sequence(sequence), Vec::new());
        relation.oid = self.oid();
        self.put(relation);
    }

    fn view(&mut self, name: &str, sql: &str, columns: &[&str]) {
        let view = View {
            sql: sql.into(),
            search_path: vec!["public".into()],
            options: Vec::new(),
            updatable: None,
            names: Vec::new(),
        };
        let columns = columns.iter().map(|name| column(name, SqlType::new(oid::TEXT))).collect();
        let mut relation = self.relation(name, RelationKind::View(view), columns);
        relation.oid = self.oid();
        self.row_type(&relation);
        self.put(relation);
    }
}
