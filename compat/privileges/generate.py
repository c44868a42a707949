#!/usr/bin/env python3
"""Writes tests/sql/privileges.slt: what a role without rights may not do.

    compat/privileges/generate.py > tests/sql/privileges.slt

One object of every kind is made by its owner; a role that has nothing but USAGE on the
schema then tries every verb that the kind has. Each answers 42501 (PostgreSQL runs the
same file: `.ci/test sql::files_pass`). Where GRANT knows a privilege for the verb, the
verb is tried again with exactly that privilege, and after it was taken away.
"""

OWNER, OTHER, THIRD = "pv_owner", "pv_other", "pv_third"

SETUP = """
create table t (a int primary key, b text default 'x', c int)
create table child (a int references t)
create table parted (a int) partition by range (a)
create table part1 partition of parted for values from (0) to (10)
create table unattached (a int)
create unlogged table u (a int)
create view v as select * from t
create materialized view mv as select * from t
create sequence sq
create index ix on t (c)
create function f(int) returns int language sql as 'select $1'
create procedure p() language sql as 'select 1'
create aggregate agg(int) (sfunc = int4pl, stype = int, initcond = '0')
create type comp as (x int)
create type mood as enum ('sad', 'happy')
create type rng as range (subtype = int)
create domain dom as int check (value > 0)
create operator @+@ (leftarg = int, rightarg = int, function = int4pl)
create statistics st on a, c from t
create view rv as select * from t
create rule ru as on update to rv do instead nothing
create policy po on t using (true)
create function trg() returns trigger language plpgsql as 'begin return new; end'
create trigger tr before insert on t for each row execute function trg()
create schema owned
create table calls (a int default f(1), b int check (f(b) > 0))
grant insert on calls to pv_other
""".strip().splitlines()

# Kind: the statements that need ownership or a right nobody gave.
REFUSED = {
    "tables": """
select * from t
select a from t
select count(*) from t
select 1 from t
table t
select t from t
select * from t for update
select * from t for share
insert into t values (1)
insert into t default values
insert into t (a) values (1) on conflict do nothing
insert into t (a) values (1) on conflict (a) do update set b = 'y'
insert into t values (1) returning a
update t set b = 'y'
update t set b = 'y' where a = 1
delete from t
delete from t where a = 1
merge into t using (values (1)) s (x) on a = x when matched then delete
merge into t using (values (1)) s (x) on a = x when not matched then insert values (1)
truncate t
truncate t cascade
begin; lock table t
begin; lock table t in access share mode
begin; lock table t in row exclusive mode
copy t to stdout
copy (select * from t) to stdout
alter table t add column d int
alter table t drop column b
alter table t rename column b to bb
alter table t rename to tt
alter table t alter column b set default 'z'
alter table t alter column b drop default
alter table t alter column b set not null
alter table t alter column c type bigint
alter table t alter column b set statistics 10
alter table t alter column b set storage external
alter table t add constraint k check (a > 0)
alter table t add unique (c)
alter table t drop constraint t_pkey
alter table t rename constraint t_pkey to tk
alter table t enable row level security
alter table t force row level security
alter table t disable trigger tr
alter table t disable rule ru
alter table t owner to pv_other
alter table t set schema owned
alter table t set (fillfactor = 50)
alter table t replica identity full
alter table t set unlogged
alter table t cluster on ix
alter table t inherit unattached
alter table parted attach partition unattached for values from (20) to (30)
alter table parted detach partition part1
alter table if exists t add column d int
drop table t
drop table if exists t
drop table t cascade
comment on table t is 'x'
comment on column t.a is 'x'
comment on constraint t_pkey on t is 'x'
create index on t (c)
create unique index on t (c)
create table ref (a int references t)
create trigger tr2 before insert on t for each row execute function trg()
create rule ru2 as on insert to t do nothing
create policy po2 on t using (true)
create statistics st2 on a, c from t
create view vv as select * from t with check option
create table kid () inherits (t)
grant select on t to pv_third
grant select (a) on t to pv_third
grant all on t to pv_third
cluster t using ix
reindex table t
explain select * from t
explain analyze update t set b = 'x'
prepare pq as select * from t; execute pq
begin; declare cu cursor for select * from t
do $$ begin perform * from t; end $$
do $$ begin execute 'update t set b = 1'; end $$
with x as (delete from t returning *) select * from x
create temp table stolen as select * from t
select * into temp stolen from t
""",
    "views": """
select * from v
insert into v values (1)
update v set b = 'x'
delete from v
alter view v rename to vv
alter view v set (security_barrier)
alter view v alter column b set default 'x'
alter view v owner to pv_other
alter view v set schema owned
create or replace view v as select * from t
drop view v
drop view if exists v cascade
comment on view v is 'x'
grant select on v to pv_third
select * from mv
refresh materialized view mv
refresh materialized view concurrently mv
alter materialized view mv rename to mm
alter materialized view mv set schema owned
drop materialized view mv
comment on materialized view mv is 'x'
create index on mv (a)
""",
    "sequences": """
select nextval('sq')
select setval('sq', 1)
select currval('sq')
select * from sq
alter sequence sq restart
alter sequence sq increment 2
alter sequence sq rename to sqq
alter sequence sq owner to pv_other
alter sequence sq set schema owned
alter sequence sq owned by none
drop sequence sq
comment on sequence sq is 'x'
grant usage on sequence sq to pv_third
""",
    "indexes": """
alter index ix rename to ixx
alter index ix set (fillfactor = 50)
drop index ix
reindex index ix
comment on index ix is 'x'
""",
    "routines": """
alter function f(int) rename to ff
alter function f(int) immutable
alter function f(int) security definer
alter function f(int) set work_mem = '1MB'
alter function f(int) owner to pv_other
alter function f(int) set schema owned
create or replace function f(int) returns int language sql as 'select 2'
drop function f(int)
drop routine f(int)
comment on function f(int) is 'x'
alter procedure p() rename to pp
alter procedure p() set schema owned
create or replace procedure p() language sql as 'select 2'
drop procedure p()
comment on procedure p() is 'x'
alter aggregate agg(int) rename to agg2
alter aggregate agg(int) owner to pv_other
alter aggregate agg(int) set schema owned
drop aggregate agg(int)
comment on aggregate agg(int) is 'x'
alter routine f(int) stable
""",
    "types": """
alter type comp add attribute y int
alter type comp rename to comp2
alter type comp rename attribute x to y
alter type comp owner to pv_other
alter type comp set schema owned
drop type comp
comment on type comp is 'x'
alter type mood add value 'ok'
alter type mood rename value 'sad' to 'blue'
alter type mood rename to mood2
drop type mood
drop type rng
alter type rng rename to rng2
alter domain dom set default 1
alter domain dom set not null
alter domain dom drop not null
alter domain dom add constraint k check (value < 9)
alter domain dom drop constraint dom_check
alter domain dom rename to dom2
alter domain dom owner to pv_other
alter domain dom set schema owned
drop domain dom
comment on domain dom is 'x'
comment on constraint dom_check on domain dom is 'x'
""",
    "other objects": """
alter operator @+@ (int, int) owner to pv_other
alter operator @+@ (int, int) set schema owned
drop operator @+@ (int, int)
comment on operator @+@ (int, int) is 'x'
create operator @+@@ (leftarg = int, rightarg = int, function = int4pl)
alter statistics st rename to st2
alter statistics st owner to pv_other
alter statistics st set statistics 10
drop statistics st
comment on statistics st is 'x'
drop rule ru on rv
alter rule ru on rv rename to ru2
comment on rule ru on rv is 'x'
drop policy po on t
alter policy po on t rename to po2
alter policy po on t using (false)
comment on policy po on t is 'x'
drop trigger tr on t
alter trigger tr on t rename to tr2
comment on trigger tr on t is 'x'
create cast (comp as int) with inout
""",
    "schemas and databases": """
alter schema owned rename to owned2
alter schema owned owner to pv_other
drop schema owned
drop schema owned cascade
comment on schema owned is 'x'
create table owned.x (a int)
create view owned.x as select 1
create sequence owned.x
create function owned.x() returns int language sql as 'select 1'
create type owned.x as (a int)
create domain owned.x as int
create table x (a int)
create view x as select 1
create materialized view x as select 1
create sequence x
create function x() returns int language sql as 'select 1'
create procedure x() language sql as 'select 1'
create aggregate x(int) (sfunc = int4pl, stype = int)
create type x as (a int)
create type x as enum ('a')
create type x as range (subtype = int)
create domain x as int
select 1 as a into x
create table x as select 1
create schema pv_new
create schema authorization pv_other
grant usage on schema owned to pv_third
alter database postgres rename to other
alter database postgres set work_mem = '1MB'
alter database postgres connection limit 5
alter database postgres owner to pv_other
drop database postgres
comment on database postgres is 'x'
""",
    "roles and the server": """
create role pv_new
create user pv_new
create role pv_new superuser
alter role pv_third rename to pv_new
alter role pv_third with password 'x'
alter role pv_third createdb
alter role pv_third superuser
alter role pv_third set work_mem = '1MB'
alter role pv_other createrole
alter role pv_other superuser
alter role all set work_mem = '1MB'
drop role pv_third
drop owned by pv_owner
reassign owned by pv_owner to pv_other
grant pv_owner to pv_other
grant pv_owner to pv_third
revoke pv_owner from pv_third
set role pv_owner
set local role pv_owner
comment on role pv_third is 'x'
alter default privileges for role pv_owner grant select on tables to pv_other
alter default privileges for role pv_owner in schema owned grant select on tables to pv_other
alter system set work_mem = '1MB'
alter system reset all
set session_replication_role = replica
set zero_damaged_pages = on
set log_statement = 'all'
checkpoint
select pg_reload_conf()
copy t to '/tmp/x'
copy t from '/tmp/x'
copy t to program 'cat'
copy t from program 'cat'
select * from pg_authid
select rolpassword from pg_authid
select * from pg_statistic
select * from pg_user_mapping
update pg_class set relname = 'x'
delete from pg_proc
create table pg_catalog.x (a int)
create function x() returns int language c as 'x', 'y'
create function x() returns int language internal as 'int4pl'
""",
}

# Privilege, object of GRANT, and what it allows.
ALLOWED = [
    ("select", "t", ["select * from t", "lock table t in access share mode"]),
    ("select (a)", "t", ["select a from t", "select count(*) from t", "select 1 from t where a = 1"]),
    ("insert", "t", ["insert into t values (5)", "insert into t values (5) on conflict do nothing"]),
    ("insert (a)", "t", ["insert into t (a) values (6)"]),
    ("update", "t", ["update t set b = 'y'", "update t set b = default"]),
    ("update (b)", "t", ["update t set b = 'y'"]),
    ("delete", "t", ["delete from t", "lock table t in row exclusive mode"]),
    ("truncate", "u", ["truncate u"]),
    ("trigger", "t", ["create trigger tr3 before insert on t for each row execute function trg()"]),
    ("select", "v", ["select * from v"]),
    ("select", "mv", ["select * from mv"]),
    ("usage", "sequence sq", ["select nextval('sq')", "select currval('sq')"]),
    ("select", "sequence sq", ["select last_value from sq"]),
    ("update", "sequence sq", ["select setval('sq', 7)", "select nextval('sq')"]),
    ("create", "schema owned", ["create table owned.x (a int)"]),
]
# What each column or table privilege does not reach.
NOT_REACHED = {
    "select (a)": ["select b from t", "select * from t", "select t from t", "select a from t where b = 'x'"],
    "select": ["select * from t for update"],
    "insert (a)": ["insert into t (b) values ('x')", "insert into t (a) values (8) returning a"],
    "insert": ["insert into t values (5) returning a", "insert into t (a) values (5) on conflict (a) do update set b = 'z'"],
    "update (b)": ["update t set c = 1", "update t set b = 'y' where a = 1", "update t set b = b || 'x'"],
    "update": ["update t set b = 'y' where a = 1", "update t set b = 'y' returning *"],
    "delete": ["delete from t where a = 1", "delete from t returning *"],
    "usage": ["select setval('sq', 3)", "select * from sq"],
}
# With PUBLIC's EXECUTE and USAGE taken away, and given back to one role.
PUBLIC = [
    ("execute", "function f(int)", ["select f(1)", "select f(a) from (values (1)) v (a)", "insert into calls default values", "insert into calls (a, b) values (1, 1)"]),
    ("execute", "procedure p()", ["call p()"]),
    ("execute", "function agg(int)", ["select agg(1)"]),
    ("usage", "type mood", ["create temp table q1 (a mood)", "create function pg_temp.y(mood) returns int language sql as 'select 1'"]),
    ("usage", "type comp", ["create temp table q2 (a comp)"]),
    ("usage", "domain dom", ["create temp table q3 (a dom)"]),
]


def record(sql, error=None):
    print(f"statement {'error (' + error + ')' if error else 'ok'}\n{sql}\n")


def refused(sql):
    record(sql, "42501")


def rolled_back(statements):
    """What is allowed is undone, so that each stands alone."""
    record("begin")
    for sql in statements:
        record(sql)
    record("rollback")


def main():
    print("# Written by compat/privileges/generate.py: what a role without rights may not do.\n")
    for role in (OWNER, OTHER, THIRD):
        record(f"drop role if exists {role}")
        record(f"create role {role}")
    record(f"do $$ begin execute format('grant usage, create on schema %I to {OWNER}', current_schema); end $$")
    record(f"do $$ begin execute format('grant usage on schema %I to {OTHER}', current_schema); end $$")
    record(f"do $$ begin execute format('grant create on database %I to {OWNER}', current_database()); end $$")
    record(f"set role {OWNER}")
    for sql in SETUP:
        record(sql)
    record("reset role")
    for kind, statements in REFUSED.items():
        print(f"# {kind}\n")
        record(f"set session authorization {OTHER}")
        for sql in statements.strip().splitlines():
            refused(sql)
            if sql.startswith("begin;"):
                record("rollback")
        record("reset session authorization")
    print("# each privilege, and no more than it\n")
    for privilege, thing, statements in ALLOWED:
        record(f"set session authorization {OWNER}")
        record(f"grant {privilege} on {thing} to {OTHER}")
        record(f"set session authorization {OTHER}")
        for sql in statements:
            rolled_back([sql])
        for sql in NOT_REACHED.get(privilege, []) if thing in ("t", "sequence sq") else []:
            refused(sql)
        record(f"set session authorization {OWNER}")
        record(f"revoke {privilege} on {thing} from {OTHER}")
        record(f"set session authorization {OTHER}")
        for sql in statements:
            refused(f"begin; {sql}" if sql.startswith("lock") else sql)
            if sql.startswith("lock"):
                record("rollback")
    print("# what PUBLIC has\n")
    for privilege, thing, statements in PUBLIC:
        record(f"set session authorization {OTHER}")
        for sql in statements:
            rolled_back([sql])
        record(f"set session authorization {OWNER}")
        record(f"revoke {privilege} on {thing} from public")
        record(f"set session authorization {OTHER}")
        for sql in statements:
            refused(sql)
        record(f"set session authorization {OWNER}")
        record(f"grant {privilege} on {thing} to {OTHER}")
        record(f"set session authorization {OTHER}")
        for sql in statements:
            rolled_back([sql])
    record("reset session authorization")
    record(f"drop owned by {OWNER}, {OTHER}, {THIRD} cascade")
    for role in (OWNER, OTHER, THIRD):
        record(f"drop role {role}")


if __name__ == "__main__":
    main()
