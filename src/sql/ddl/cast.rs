//! CREATE and DROP of casts.

use std::sync::Arc;

use super::Ddl;
use crate::catalog::{
    Cast, CastContext, CastMethod, FunctionKind, ObjectAddress, Type, TypeKind, relation_oid,
};
use crate::error::{Error, Result, Severity};
use crate::sql::bind;
use crate::sql::parse::{NodeEnum, ast};
use crate::sql::types::{Oid, Repr, oid};
use crate::sqlstate;

fn invalid(message: impl Into<String>) -> Error {
    Error::new(sqlstate::INVALID_OBJECT_DEFINITION, message)
}

impl Ddl<'_> {
    pub fn create_cast(&mut self, statement: &ast::CreateCastStmt) -> Result<&'static str> {
        let (source, target) = (
            self.cast_side(statement.sourcetype.as_ref(), "source")?,
            self.cast_side(statement.targettype.as_ref(), "target")?,
        );
        let role = self.current_role()?;
        let owns = |ty: &Type| self.work.catalog.has_privileges_of(&role, ty.owner);
        if !owns(&source) && !owns(&target) {
            return Err(Error::new(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                format!(
                    "must be owner of type {} or type {}",
                    self.display_type(source.oid),
                    self.display_type(target.oid)
                ),
            ));
        }
        for ty in [&source, &target] {
            crate::sql::privilege::check_type(ty.oid, &self.eval())?;
        }
        for (ty, which) in [(&source, "source"), (&target, "target")] {
            if matches!(ty.kind, TypeKind::Domain { .. }) {
                let message =
                    format!("cast will be ignored because the {which} data type is a domain");
                let warning = Error::notice(Severity::Warning, message);
                self.report(warning.with_code(sqlstate::WRONG_OBJECT_TYPE));
            }
        }
        let (method, arguments) = match &statement.func {
            Some(function) => self.cast_function(function, &source, &target)?,
            None if statement.inout => (CastMethod::InOut, 0),
            None => {
                self.check_relabel(&source, &target)?;
                (CastMethod::Binary, 0)
            }
        };
        if source.oid == target.oid && arguments < 2 {
            return Err(invalid("source data type and target data type are the same"));
        }
        if self.work.catalog.cast_between(source.oid, target.oid).is_some() {
            return Err(Error::new(
                sqlstate::DUPLICATE_OBJECT,
                format!(
                    "cast from type {} to type {} already exists",
                    self.display_type(source.oid),
                    self.display_type(target.oid)
                ),
            ));
        }
        let context = match statement.context() {
            ast::CoercionContext::CoercionImplicit => CastContext::Implicit,
            ast::CoercionContext::CoercionAssignment => CastContext::Assignment,
            _ => CastContext::Explicit,
        };
        let oid = self.next_oid();
        self.put(Cast { oid, source: source.oid, target: target.oid, method, context });
        Ok("CREATE CAST")
    }

    fn cast_side(&self, name: Option<&ast::TypeName>, which: &str) -> Result<Arc<Type>> {
        let name = name.ok_or_else(|| Error::syntax("a cast without a type"))?;
        let found = self.resolve_type(name).map_err(Error::without_position)?.oid;
        let ty = self.work.catalog.type_(found).cloned();
        let ty = ty.ok_or_else(|| Error::undefined_type(&self.display_type(found)))?;
        match ty.kind {
            TypeKind::Pseudo => Err(Error::new(
                sqlstate::WRONG_OBJECT_TYPE,
                format!("{which} data type {} is a pseudo-type", ty.name),
            )),
            _ => Ok(ty),
        }
    }

    /// WITH FUNCTION: the method, and how many arguments the function takes.
    fn cast_function(
        &self,
        object: &ast::ObjectWithArgs,
        source: &Type,
        target: &Type,
    ) -> Result<(CastMethod, usize)> {
        let function = self.find_routine(object, ast::ObjectType::ObjectFunction)?;
        let count = function.args.len();
        if !(1..=3).contains(&count) {
            return Err(invalid("cast function must take one to three arguments"));
        }
        let eval = self.eval();
        if !bind::is_binary_coercible(&eval, source.oid, function.args[0]) {
            return Err(invalid(
                "argument of cast function must match or be binary-coercible from source data type",
            ));
        }
        if function.args.get(1).is_some_and(|ty| *ty != oid::INT4) {
            return Err(invalid("second argument of cast function must be type integer"));
        }
        if function.args.get(2).is_some_and(|ty| *ty != oid::BOOL) {
            return Err(invalid("third argument of cast function must be type boolean"));
        }
        if !bind::is_binary_coercible(&eval, function.returns, target.oid) {
            return Err(invalid(
                "return data type of cast function must match or be binary-coercible to target \
                 data type",
            ));
        }
        if function.kind != FunctionKind::Function {
            return Err(invalid("cast function must be a normal function"));
        }
        if function.returns_set {
            return Err(invalid("cast function must not return a set"));
        }
        Ok((CastMethod::Function(function.oid), count))
    }

    /// WITHOUT FUNCTION: values of both types are kept in the same form.
    fn check_relabel(&self, source: &Type, target: &Type) -> Result<()> {
        if !self.current_role()?.superuser {
            return Err(Error::new(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                "must be superuser to create a cast WITHOUT FUNCTION",
            ));
        }
        let physical = |ty: &Type| (ty.length, ty.by_value, ty.align);
        if physical(source) != physical(target) {
            return Err(invalid("source and target data types are not physically compatible"));
        }
        let either = |is: &dyn Fn(&Type) -> bool| is(source) || is(target);
        let refused =
            |what: &str| Err(invalid(format!("{what} data types are not binary-compatible")));
        if either(&|ty| matches!(ty.kind, TypeKind::Composite { .. })) {
            return refused("composite");
        }
        if either(&|ty| matches!(ty.kind, TypeKind::Enum { .. })) {
            return refused("enum");
        }
        if either(&|ty| ty.is_true_array()) {
            return refused("array");
        }
        if either(&|ty| matches!(ty.kind, TypeKind::Domain { .. })) {
            return Err(invalid("domain data types must not be marked binary-compatible"));
        }
        let repr = |ty: &Type| self.work.catalog.repr(ty.oid);
        let (from, to) = (repr(source)?, repr(target)?);
        let is_text = |repr: &Repr| matches!(repr, Repr::Text | Repr::Bpchar | Repr::Citext);
        let same = from == to
            || is_text(&from) && is_text(&to)
            || matches!((&from, &to), (Repr::Int4, Repr::Oid) | (Repr::Oid, Repr::Int4));
        match same {
            true => Ok(()),
            false => Err(Error::unsupported(format!(
                "CREATE CAST WITHOUT FUNCTION between {} and {}, which are kept in different forms",
                self.display_type(source.oid),
                self.display_type(target.oid)
            ))),
        }
    }

    /// What DROP CAST or COMMENT ON CAST names.
    pub fn cast_target(&self, node: &ast::Node) -> Result<ObjectAddress> {
        let Some(NodeEnum::List(list)) = &node.node else {
            return Err(Error::syntax("a cast is named by two types"));
        };
        let types = list
            .items
            .iter()
            .map(|node| match &node.node {
                Some(NodeEnum::TypeName(name)) => {
                    Ok(self.resolve_type(name).map_err(Error::without_position)?.oid)
                }
                _ => Err(Error::syntax("a cast is named by two types")),
            })
            .collect::<Result<Vec<Oid>>>()?;
        let [source, target] = types[..] else {
            return Err(Error::syntax("a cast is named by two types"));
        };
        let name = |ty| self.display_type(ty);
        let cast = self.work.catalog.cast_between(source, target).ok_or_else(|| {
            Error::new(
                sqlstate::UNDEFINED_OBJECT,
                format!("cast from type {} to type {} does not exist", name(source), name(target)),
            )
        })?;
        let role = self.current_role()?;
        let owns = |ty: Oid| {
            let ty = self.work.catalog.type_(ty);
            ty.is_some_and(|ty| self.work.catalog.has_privileges_of(&role, ty.owner))
        };
        if !owns(source) && !owns(target) {
            return Err(Error::new(
                sqlstate::INSUFFICIENT_PRIVILEGE,
                format!("must be owner of type {} or type {}", name(source), name(target)),
            ));
        }
        if cast.oid < oid::FIRST_NORMAL {
            return Err(Error::new(
                sqlstate::DEPENDENT_OBJECTS_STILL_EXIST,
                format!(
                    "cannot drop cast from {} to {} because it is required by the database system",
                    name(source),
                    name(target)
                ),
            ));
        }
        Ok(ObjectAddress::new(relation_oid::PG_CAST, cast.oid))
    }
}
