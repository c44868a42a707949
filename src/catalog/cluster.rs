//! All databases of a server: what the committed state carries.
//!
//! Each database has a [`Catalog`] of its own. Objects that belong to no database
//! (roles, the databases themselves, the settings of either, comments and privileges on
//! them) are in every one of these catalogs alike, so that whoever has a catalog has all
//! that a statement needs. A catalog is a set of persistent maps: what databases have in
//! common, the built-in objects above all, is in memory once.
//!
//! OIDs are given out by one counter for all databases. A database that is made from a
//! template has its objects' OIDs, as in PostgreSQL; the storage of relations is its own
//! (`storage_id`), so rows and index entries never need to be told apart by database.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rpds::RedBlackTreeMapSync;

use super::{Catalog, Change, Object, ObjectClass, derived, system};
use crate::sql::types::Oid;

/// The committed catalogs of a server, at one point in time.
#[derive(Clone)]
pub struct Cluster {
    /// The built-in objects and those of no database.
    shared: Arc<Catalog>,
    databases: RedBlackTreeMapSync<Oid, Arc<Catalog>>,
}

/// A database that a transaction makes: its OID, and its own objects.
#[derive(Clone, Debug)]
pub struct NewDatabase {
    pub oid: Oid,
    pub objects: Vec<Change>,
}

impl Cluster {
    /// `own` are the objects of databases, beside the shared ones.
    pub fn new(shared: Catalog, mut own: BTreeMap<Oid, Vec<Change>>) -> Cluster {
        let mut databases = RedBlackTreeMapSync::new_sync();
        for database in shared.databases() {
            let changes = own.remove(&database.oid).unwrap_or_default();
            databases
                .insert_mut(database.oid, Arc::new(shared.of_database(database.oid, &changes)));
        }
        for (database, changes) in own {
            let rows = changes.len();
            tracing::warn!("{rows} catalog rows are of database {database}, which does not exist");
        }
        Cluster { shared: Arc::new(shared), databases }
    }

    /// The objects of no database, and the built-in ones.
    pub fn shared(&self) -> &Arc<Catalog> {
        &self.shared
    }

    /// The catalog of a database; the shared objects alone for 0.
    pub fn catalog(&self, database: Oid) -> Option<&Arc<Catalog>> {
        match database {
            0 => Some(&self.shared),
            _ => self.databases.get(&database),
        }
    }

    /// Every database's catalog, in the order of OIDs.
    pub fn catalogs(&self) -> impl Iterator<Item = &Arc<Catalog>> {
        self.databases.values()
    }

    /// The cluster after a transaction in `database` has committed.
    pub fn with_changes(
        &self,
        database: Oid,
        changes: &[Change],
        made: Option<&NewDatabase>,
    ) -> Cluster {
        let mut cluster = self.clone();
        let shared: Vec<Change> = changes.iter().filter(|it| it.shared).cloned().collect();
        if !shared.is_empty() {
            cluster.shared = Arc::new(self.shared.with_changes(&shared));
        }
        for (oid, catalog) in self.databases.iter() {
            if *oid == database {
                cluster.databases.insert_mut(*oid, Arc::new(catalog.with_changes(changes)));
            } else if !shared.is_empty() {
                cluster.databases.insert_mut(*oid, Arc::new(catalog.with_changes(&shared)));
            }
        }
        for change in shared.iter().filter(|change| change.key.class == ObjectClass::Database) {
            if change.object.is_none() {
                cluster.databases.remove_mut(&change.key.oid);
            }
        }
        if let Some(made) = made {
            let catalog = cluster.shared.of_database(made.oid, &made.objects);
            cluster.databases.insert_mut(made.oid, Arc::new(catalog));
        }
        cluster
    }
}

impl Catalog {
    /// The catalog of a database with these objects beside the shared ones.
    fn of_database(&self, database: Oid, objects: &[Change]) -> Catalog {
        let version = self.counters.next_version.fetch_add(1, Ordering::Relaxed);
        let derived = derived::Derived::default();
        let mut catalog = Catalog { database, version, derived, ..self.clone() };
        objects.iter().for_each(|change| catalog.apply(change));
        catalog
    }
}

impl Object {
    /// Whether it belongs to no database.
    pub fn is_shared(&self) -> bool {
        match self {
            Object::Role(_) | Object::Database(_) | Object::Settings(_) => true,
            Object::Comment(comment) => system::is_shared_class(comment.on.class),
            Object::AccessList(list) => system::is_shared_class(list.on.class),
            _ => false,
        }
    }
}

impl Change {
    /// Says whether an object that is removed belonged to no database: only the catalog
    /// that has it knows.
    pub fn settle(&mut self, catalog: &Catalog) {
        if self.object.is_none()
            && let Some(old) = catalog.object(self.key)
        {
            self.shared = old.is_shared();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{BOOTSTRAP_ROLE, Database, Schema, bootstrap};

    fn schema(oid: Oid, name: &str) -> Change {
        Change::put(Schema { oid, name: name.to_owned(), owner: BOOTSTRAP_ROLE })
    }

    fn database(oid: Oid, name: &str) -> Change {
        Change::put(Database { oid, name: name.to_owned(), ..Database::default() })
    }

    #[test]
    fn databases_share_roles_and_not_schemas() {
        let cluster = Cluster::new(bootstrap().expect("loads"), BTreeMap::new());
        let role = cluster.shared().role(BOOTSTRAP_ROLE).expect("is there");
        let role = crate::catalog::Role { oid: 20001, name: "r".to_owned(), ..(**role).clone() };
        let changes = [schema(20000, "s"), Change::put(role)];
        let cluster = cluster.with_changes(5, &changes, None);
        let has = |database: Oid| {
            let catalog = cluster.catalog(database).expect("exists");
            (catalog.schema_named("s").is_some(), catalog.role_named("r").is_some())
        };
        assert_eq!([has(5), has(1), has(0)], [(true, true), (false, true), (false, true)]);
    }

    #[test]
    fn a_database_is_made_with_its_objects_and_goes_with_them() {
        let cluster = Cluster::new(bootstrap().expect("loads"), BTreeMap::new());
        let made = NewDatabase { oid: 20000, objects: vec![schema(20001, "s")] };
        let cluster = cluster.with_changes(5, &[database(20000, "d")], Some(&made));
        let catalog = cluster.catalog(20000).expect("exists").clone();
        assert!(catalog.schema_named("s").is_some() && catalog.database == 20000);
        assert!(cluster.catalog(5).expect("exists").database(20000).is_some());
        let versions: Vec<u64> = cluster.catalogs().map(|catalog| catalog.version).collect();
        let distinct: std::collections::BTreeSet<u64> = versions.iter().copied().collect();
        assert_eq!(distinct.len(), versions.len());
        let gone = [Change::remove(ObjectClass::Database, 20000)];
        let cluster = cluster.with_changes(5, &gone, None);
        assert!(cluster.catalog(20000).is_none());
        assert!(cluster.catalog(5).expect("exists").database(20000).is_none());
    }
}
