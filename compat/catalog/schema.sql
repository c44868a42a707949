-- The schema that the captured queries are replayed over: every kind of column,
-- constraint and index that both servers have.
create schema shop;
create type shop.mood as enum ('sad', 'ok', 'happy');
create table shop.customer (
  id int generated always as identity primary key,
  email text not null unique,
  name varchar(40) not null default 'nobody',
  balance numeric(10,2) default 0.00 check (balance >= 0),
  m shop.mood default 'ok',
  tags text[] default '{}',
  doc jsonb,
  created timestamptz not null default now(),
  full_name text generated always as (upper(name)) stored,
  constraint name_long check (length(name) > 1)
);
create table shop.orders (
  id bigserial primary key,
  customer_id int not null references shop.customer (id) on delete cascade,
  placed date not null default current_date,
  state char(3) default 'new',
  total float8,
  ref uuid,
  unique (customer_id, placed),
  constraint total_pos check (total > 0 or total is null)
);
create table shop.line (
  order_id bigint references shop.orders on update cascade on delete set null deferrable initially deferred,
  no smallint,
  note text,
  primary key (order_id, no)
);
create index customer_lower on shop.customer (lower(email));
create index customer_bal on shop.customer (balance desc nulls last, name) where balance > 100;
create unique index orders_ref on shop.orders (ref) include (total);
create view shop.good_customers as select id, email, balance from shop.customer where balance > 1000;
create view shop.order_totals as select c.email, count(*) as n, sum(o.total) as total from shop.customer c join shop.orders o on o.customer_id = c.id group by c.email having count(*) > 1 order by c.email;
create sequence shop.counter start 10 increment 5 maxvalue 1000 cycle;
comment on table shop.customer is 'people who buy';
comment on column shop.customer.email is 'where to write';
insert into shop.customer (email, name, balance) values ('a@x', 'ann', 5), ('b@x', 'bob', 5000);
