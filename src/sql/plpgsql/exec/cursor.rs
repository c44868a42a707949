//! OPEN, FETCH, MOVE and CLOSE.

use std::sync::Arc;

use super::Exec;
use super::slot::Slot;
use crate::error::{Error, Result};
use crate::sql::plpgsql::ast::{
    CursorDeclaration, Direction, Dno, Expr, FetchCount, Into, OpenSource, VariableKind,
};
use crate::sql::routine::cursor::{Move, OpenCursor};
use crate::sql::routine::frame::Answer;
use crate::sql::types::{Datum, SqlType, oid};
use crate::sqlstate;

impl<'a> Exec<'a, '_> {
    fn cursor_name(&self, cursor: Dno) -> Result<String> {
        match &self.slots[cursor] {
            Slot::Scalar(_, Datum::Text(name)) => Ok(name.clone()),
            _ => Err(Error::new(
                sqlstate::NULL_VALUE_NOT_ALLOWED,
                format!("cursor variable \"{}\" is null", self.body().variables[cursor].name),
            )),
        }
    }

    /// A constant keeps the value that it has.
    fn require_writable(&self, cursor: Dno) -> Result<()> {
        let variable = &self.body().variables[cursor];
        match variable.constant {
            false => Ok(()),
            true => Err(Error::new(
                sqlstate::ERROR_IN_ASSIGNMENT,
                format!("variable \"{}\" is declared CONSTANT", variable.name),
            )),
        }
    }

    fn declaration(&self, cursor: Dno) -> Result<&'a Arc<CursorDeclaration>> {
        match &self.body().variables[cursor].kind {
            VariableKind::Cursor(declaration) => Ok(declaration),
            _ => Err(Error::internal("this cursor is not bound")),
        }
    }

    /// Gives the arguments of a bound cursor to the variables in its query.
    fn bind_arguments(
        &mut self,
        declaration: &'a CursorDeclaration,
        arguments: &'a [Arc<Expr>],
    ) -> Result<()> {
        for ((_, dno), argument) in declaration.arguments.iter().zip(arguments) {
            let (value, ty) = self.evaluate(argument)?;
            self.store(*dno, value, ty)?;
        }
        Ok(())
    }

    pub(super) fn open(
        &mut self,
        cursor: Dno,
        source: &'a OpenSource,
        scroll: Option<bool>,
    ) -> Result<()> {
        let routines = self.frame.ctx.eval.session.routines()?;
        let name = match &self.slots[cursor] {
            Slot::Scalar(_, Datum::Text(name)) => Some(name.clone()),
            _ => None,
        };
        if let Some(name) = &name
            && routines.cursors.contains(name)
        {
            return Err(Error::new(
                sqlstate::DUPLICATE_CURSOR,
                format!("cursor \"{name}\" already in use"),
            ));
        }
        let (answer, text) = match source {
            OpenSource::Bound(arguments) => {
                let declaration = self.declaration(cursor)?;
                self.bind_arguments(declaration, arguments)?;
                (self.run(&declaration.query)?, declaration.query.shown.clone())
            }
            OpenSource::Query(query) => {
                let (answer, shown) = self.answer_of(query)?;
                (answer, shown.map(|expr| expr.shown.clone()).unwrap_or_default())
            }
        };
        if answer.columns.is_none() {
            return Err(Error::new(
                sqlstate::INVALID_CURSOR_DEFINITION,
                "cannot open non-SELECT query as cursor",
            ));
        }
        let given = name.is_some();
        if !given {
            self.require_writable(cursor)?;
        }
        let name = name.unwrap_or_else(|| routines.cursors.free_name());
        if routines.cursors.contains(&name) {
            return Err(Error::new(
                sqlstate::DUPLICATE_CURSOR,
                format!("cursor \"{name}\" already in use"),
            ));
        }
        let pool = &self.frame.ctx.runtime.memory_pool;
        let open = OpenCursor::new(answer, text, scroll, pool);
        routines.cursors.add(name.clone(), open)?;
        self.set_scalar(cursor, Datum::Text(name));
        Ok(())
    }

    /// Opens a bound cursor for a FOR loop, which reads it alone.
    pub(super) fn open_loop_cursor(
        &mut self,
        cursor: Dno,
        arguments: &'a [Arc<Expr>],
    ) -> Result<Answer> {
        let declaration = self.declaration(cursor)?;
        if let Slot::Scalar(_, Datum::Text(name)) = &self.slots[cursor]
            && self.frame.ctx.eval.session.routines()?.cursors.contains(name)
        {
            return Err(Error::new(
                sqlstate::DUPLICATE_CURSOR,
                format!("cursor \"{name}\" already in use"),
            ));
        }
        self.bind_arguments(declaration, arguments)?;
        self.run(&declaration.query)
    }

    fn count(&mut self, expr: &Expr) -> Result<i64> {
        let (value, ty) = self.evaluate(expr)?;
        match self.converted(value, ty, SqlType::new(oid::INT4))? {
            Datum::Int4(count) => Ok(i64::from(count)),
            _ => Err(Error::new(
                sqlstate::NULL_VALUE_NOT_ALLOWED,
                "relative or absolute cursor position is null",
            )),
        }
    }

    pub(super) fn fetch(
        &mut self,
        cursor: Dno,
        direction: &'a Direction,
        into: Option<&Into>,
    ) -> Result<()> {
        let name = self.cursor_name(cursor)?;
        let movement = match direction {
            Direction::Count { backward, count } => {
                let count = match count {
                    FetchCount::One => 1,
                    FetchCount::All => i64::MAX,
                    FetchCount::Expr(expr) => self.count(expr)?,
                };
                Move::By(if *backward { -count } else { count })
            }
            Direction::Absolute(expr) => Move::To(self.count(expr)?),
            Direction::Relative(expr) => Move::Step(self.count(expr)?),
            Direction::First => Move::To(1),
            Direction::Last => Move::To(-1),
        };
        let routines = self.frame.ctx.eval.session.routines()?;
        let missing =
            || Error::new(sqlstate::UNDEFINED_CURSOR, format!("cursor \"{name}\" does not exist"));
        let mut open = routines.cursors.take(&name).ok_or_else(missing)?;
        let moved = open.move_by(movement, self.frame);
        let columns = open.columns.clone();
        routines.cursors.put_back(name.clone(), open);
        let mut rows = moved?;
        let Some(into) = into else {
            self.row_count = rows.len() as u64;
            self.set_found(!rows.is_empty());
            return Ok(());
        };
        let row = rows.pop();
        self.row_count = u64::from(row.is_some());
        self.set_found(row.is_some());
        self.store_into(into, &columns, row)
    }

    pub(super) fn close(&mut self, cursor: Dno) -> Result<()> {
        let name = self.cursor_name(cursor)?;
        let routines = self.frame.ctx.eval.session.routines()?;
        match routines.cursors.take(&name) {
            Some(_) => Ok(()),
            None => Err(Error::new(
                sqlstate::UNDEFINED_CURSOR,
                format!("cursor \"{name}\" does not exist"),
            )),
        }
    }
}
