//! What goes on in a room until it ends, and has a row each: recordings and playbacks.
//!
//! Both are rows of a table of the extension `rtc`, asked for by its functions and done by a
//! keeper that looks for them; this is what their routes do alike.

use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::manage::caller;
use super::{Caller, failed, text_of};
use crate::error::Error;
use crate::http::State;
use crate::http::paging::{Page, limit_of, page, query};
use crate::http::problem::Problem;
use crate::http::reply::Json;
use crate::sqlstate;

/// One of the two.
pub struct Ongoing {
    /// `recording`, of which the table `rtc.recordings` has the rows.
    pub name: &'static str,
    /// What is shown of a row `r`; the id as text is among it.
    pub columns: &'static str,
    /// A row, and what is known of it beside.
    pub shown: fn(&Caller, Value) -> Value,
    /// Who does it looks at once.
    pub wake: fn(&Caller),
}

impl Ongoing {
    fn missing(&self, id: &str) -> Problem {
        let message = format!("{} {id} does not exist", self.name);
        failed(Error::new(sqlstate::UNDEFINED_OBJECT, message))
    }

    /// The row with an id; 404 where there is none that the role may see.
    pub async fn one(&self, caller: &Caller, room: &str, id: &str) -> Result<Value, Problem> {
        let Ongoing { name, columns, .. } = self;
        let text =
            format!("SELECT {columns} FROM rtc.{name}s r WHERE r.room = $1 AND r.id = $2::uuid");
        let rows = caller.rows(&text, vec![json!(room), json!(id)]).await?;
        rows.into_iter().next().map(|row| (self.shown)(caller, row)).ok_or_else(|| self.missing(id))
    }

    /// `?after=&limit=`: a page by id, under the table's name.
    pub async fn list(
        &self,
        http: State,
        room: &str,
        request: Request,
    ) -> Result<Response, Problem> {
        let (parts, _) = request.into_parts();
        let asked: Page = query(&parts)?;
        let limit = limit_of(asked.limit)?;
        let caller = caller(&http, &parts).await?;
        caller.seen(room).await?;
        let Ongoing { name, columns, .. } = self;
        let text = format!(
            "SELECT {columns} FROM rtc.{name}s r WHERE r.room = $1 AND ($2::uuid IS NULL OR r.id > $2::uuid) ORDER BY r.id LIMIT $3::bigint"
        );
        let values = vec![json!(room), json!(asked.after), json!(limit + 1)];
        let rows = caller.rows(&text, values).await?;
        let rows = rows.into_iter().map(|row| (self.shown)(&caller, row)).collect();
        Ok(page(&format!("{name}s"), rows, limit, "id"))
    }

    /// The row with an id, for who asks for it alone.
    pub async fn show(
        &self,
        http: State,
        (room, id): (String, String),
        request: Request,
    ) -> Result<Json, Problem> {
        let (parts, _) = request.into_parts();
        let caller = caller(&http, &parts).await?;
        Ok(Json(self.one(&caller, &room, &id).await?))
    }

    /// Asks for one by a function, whose answer is its `id`: 201 with the row.
    pub async fn begin(
        &self,
        caller: &Caller,
        room: &str,
        text: &str,
        values: Vec<Value>,
    ) -> Result<Response, Problem> {
        let rows = caller.rows(text, values).await?;
        let id = rows.first().map(|row| text_of(row, "id")).unwrap_or_default();
        (self.wake)(caller);
        let begun = self.one(caller, room, &id).await?;
        Ok((StatusCode::CREATED, Json(begun)).into_response())
    }

    /// Says something by a function, which answers whether it `is_done`, to one that goes on
    /// or is to: 409 for one that has ended. `values` begin with its id.
    pub async fn direct(
        &self,
        caller: &Caller,
        text: &str,
        values: Vec<Value>,
    ) -> Result<(), Problem> {
        let id = values.first().and_then(Value::as_str).unwrap_or_default().to_owned();
        let rows = caller.rows(text, values).await?;
        if rows.first().is_none_or(|row| row["is_done"] != true) {
            let message = format!("{} {id} has ended, or is another's", self.name);
            let code = sqlstate::OBJECT_NOT_IN_PREREQUISITE_STATE;
            return Err(failed(Error::new(code, message)));
        }
        (self.wake)(caller);
        Ok(())
    }

    /// Ends it by `rtc.stop_…`: 200 with the row.
    pub async fn stop(
        &self,
        http: State,
        (room, id): (String, String),
        request: Request,
    ) -> Result<Json, Problem> {
        let (parts, _) = request.into_parts();
        let caller = caller(&http, &parts).await?;
        self.one(&caller, &room, &id).await?;
        let text = format!("SELECT rtc.stop_{}($1::uuid) AS is_done", self.name);
        self.direct(&caller, &text, vec![json!(id)]).await?;
        Ok(Json(self.one(&caller, &room, &id).await?))
    }

    /// Forgets one that has ended: 204; 404 for one that has not, and for another's.
    pub async fn delete(
        &self,
        http: State,
        (room, id): (String, String),
        request: Request,
    ) -> Result<StatusCode, Problem> {
        let (parts, _) = request.into_parts();
        let caller = caller(&http, &parts).await?;
        let name = self.name;
        let text = format!(
            "DELETE FROM rtc.{name}s r WHERE r.room = $1 AND r.id = $2::uuid RETURNING r.id"
        );
        match caller.rows(&text, vec![json!(room), json!(id)]).await?.is_empty() {
            true => Err(self.missing(&id)),
            false => Ok(StatusCode::NO_CONTENT),
        }
    }
}
