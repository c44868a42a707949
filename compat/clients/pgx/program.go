// pgx as an application uses it: values of every kind in text and binary, batches, COPY,
// transactions, notifications, cancellation, errors, pools.
package main

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"os"
	"sort"
	"strings"
	"time"

	"github.com/jackc/pgconn"
	"github.com/jackc/pgtype"
	"github.com/jackc/pgx/v4"
	"github.com/jackc/pgx/v4/pgxpool"
)

var ctx = context.Background()

func place() string {
	return fmt.Sprintf("host=%s port=%s user=%s dbname=%s", os.Getenv("PGHOST"), os.Getenv("PGPORT"), os.Getenv("PGUSER"), os.Getenv("PGDATABASE"))
}

func connect() *pgx.Conn {
	conn, err := pgx.Connect(ctx, place())
	if err != nil {
		panic(err)
	}
	return conn
}

func step(name string, body func() error) {
	fmt.Println("==", name)
	defer func() {
		if found := recover(); found != nil {
			fmt.Println("BROKEN", found)
		}
	}()
	show(body())
}

func show(err error) {
	var said *pgconn.PgError
	switch {
	case err == nil:
	case errors.As(err, &said):
		fmt.Printf("error %s %s %q detail %q hint %q at %d %d %q where %q object %s.%s.%s.%s.%s\n", said.Severity, said.Code, said.Message, said.Detail, said.Hint,
			said.Position, said.InternalPosition, said.InternalQuery, said.Where, said.SchemaName, said.TableName, said.ColumnName, said.DataTypeName, said.ConstraintName)
	default:
		fmt.Println("error", err)
	}
}

type querier interface {
	Query(ctx context.Context, sql string, args ...interface{}) (pgx.Rows, error)
}

func rows(q querier, sql string, args ...interface{}) error {
	found, err := q.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer found.Close()
	for _, field := range found.FieldDescriptions() {
		oid := field.DataTypeOID
		if oid >= 16384 {
			oid = 16384
		}
		fmt.Printf("column %s %d %d %d %d\n", field.Name, oid, field.DataTypeSize, field.TypeModifier, field.Format)
	}
	for found.Next() {
		values, err := found.Values()
		if err != nil {
			return err
		}
		var words []string
		for _, value := range values {
			// Fields of a record come as pointers.
			if fields, is := value.([]pgtype.Value); is {
				for _, field := range fields {
					words = append(words, fmt.Sprintf("%T %v", field, field.Get()))
				}
				continue
			}
			words = append(words, fmt.Sprintf("%T %v", value, value))
		}
		fmt.Println(strings.Join(words, "|"))
	}
	if found.Err() == nil {
		fmt.Println(found.CommandTag())
	}
	return found.Err()
}

func main() {
	conn := connect()
	defer conn.Close(ctx)
	values(conn)
	work(conn)
	batches(conn)
	copies(conn)
	others(conn)
}

func values(conn *pgx.Conn) {
	for _, literal := range []string{"true", "1::int2", "2::int4", "3::int8", "1.5::float4", "2.25::float8", "'NaN'::float8", "123.4500::numeric", "'NaN'::numeric", "'Infinity'::numeric", "1e50::numeric",
		"'text'::text", "'v'::varchar(5)", "'c'::bpchar(3)", "'n'::name", "'q'::\"char\"", "'\\x00ff'::bytea", "date '2020-02-29'", "date 'infinity'", "time '12:34:56.789'", "timestamp '2020-02-29 01:02:03.000004'",
		"timestamptz '2020-02-29 01:02:03+05'", "interval '1 mon 2 days 3.5 sec'", "uuid 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "'{\"a\": [1, 2.5, null]}'::json", "'{\"b\": 1}'::jsonb", "inet '10.0.0.1/24'",
		"cidr '10.0.0.0/8'", "macaddr '08:00:2b:01:02:03'", "B'101'::bit(3)", "B'1'::varbit", "int4range(1, 5)", "numrange(1.5, NULL)", "tstzrange(NULL, '2020-01-01+00')", "ARRAY[1, NULL, 3]", "ARRAY[[1, 2], [3, 4]]",
		"ARRAY['a', NULL, 'b,c']", "ARRAY[1.5::numeric]", "ARRAY[date '2020-01-01']", "ARRAY[uuid 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11']", "ROW(1, 'x'::text, NULL::int4)", "1::oid", "'5'::xid", "'(0,1)'::tid", "NULL::int4", "NULL",
		"'pg_class'::regclass", "'{}'::int4[]", "int8multirange(int8range(1, 3))", "'a=>1'::hstore", "'$.a'::jsonpath"} {
		literal := literal
		step("value "+literal, func() error {
			if err := rows(conn, "SELECT "+literal+" AS v", pgx.QueryResultFormats{pgx.TextFormatCode}); err != nil {
				return err
			}
			return rows(conn, "SELECT "+literal+" AS v")
		})
	}
	step("parameters", func() error {
		number := &pgtype.Numeric{}
		number.Set("-12345.67890")
		return rows(conn, "SELECT $1::int2, $2::int8, $3::float8, $4::numeric, $5::text, $6::bytea, $7::date, $8::timestamptz, $9::int4[], $10::text[], $11::jsonb, $12::uuid, $13::interval, $14::bool, $15::inet",
			int16(7), int64(-1)<<62, 2.5, number, "ü\\'", []byte{0, 255}, time.Date(2020, 2, 29, 0, 0, 0, 0, time.UTC), time.Date(2020, 2, 29, 1, 2, 3, 4000, time.UTC), []int32{1, 2}, []string{"a", "b,"},
			map[string]int{"k": 1}, [16]byte{1, 2, 3}, time.Hour*25, true, "10.0.0.1")
	})
	step("parameters in the simple protocol", func() error {
		return rows(conn, "SELECT $1::int2, $2::text, $3::bytea, $4::timestamptz, $5::bool, $6::float8", pgx.QuerySimpleProtocol(true), int16(-7), "it's \\ $1 ü", []byte("\x00\\'"),
			time.Date(2020, 2, 29, 1, 2, 3, 4000, time.UTC), false, -0.5)
	})
	step("nulls", func() error {
		return rows(conn, "SELECT $1::int4, $2::text, $3::jsonb, $4::int4[], $5::timestamptz", nil, (*string)(nil), nil, ([]int32)(nil), (*time.Time)(nil))
	})
	step("scans", func() error {
		var i int32
		var s string
		var f float64
		var t time.Time
		var list []string
		var m map[string]interface{}
		var n pgtype.Numeric
		err := conn.QueryRow(ctx, "SELECT 5, 'x', 2.5::float8, timestamptz '2020-01-01 00:00+00', ARRAY['a','b'], '{\"k\": [1]}'::jsonb, 12.50").Scan(&i, &s, &f, &t, &list, &m, &n)
		fmt.Println(i, s, f, t.UTC(), list, m, n.Int, n.Exp)
		show(conn.QueryRow(ctx, "SELECT NULL::int4").Scan(&i))
		show(conn.QueryRow(ctx, "SELECT 1 WHERE false").Scan(&i))
		show(conn.QueryRow(ctx, "SELECT 99999999999").Scan(&i))
		return err
	})
}

func work(conn *pgx.Conn) {
	step("schema", func() error {
		_, err := conn.Exec(ctx, `CREATE TABLE item (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE, price numeric(10,2) CHECK (price >= 0), at timestamptz DEFAULT '2020-01-01 00:00Z', tags text[], doc jsonb);
			CREATE TABLE part (item bigint REFERENCES item ON DELETE CASCADE, n int, PRIMARY KEY (item, n)); CREATE TYPE shade AS ENUM ('dark', 'light')`)
		return err
	})
	step("insert, update, delete", func() error {
		var id int64
		for _, name := range []string{"a", "b", "c"} {
			if err := conn.QueryRow(ctx, "INSERT INTO item (name, price, tags, doc) VALUES ($1, $2, $3, $4) RETURNING id", name, "1.50", []string{name, name}, map[string]string{"n": name}).Scan(&id); err != nil {
				return err
			}
			fmt.Println(id)
		}
		for _, sql := range []string{"UPDATE item SET price = price * 2 WHERE id < $1", "DELETE FROM item WHERE id = $1", "INSERT INTO part SELECT id, 1 FROM item WHERE id <> $1", "SELECT * FROM item WHERE id >= $1"} {
			tag, err := conn.Exec(ctx, sql, 3)
			fmt.Println(tag, tag.RowsAffected())
			show(err)
		}
		return rows(conn, "SELECT * FROM item ORDER BY id")
	})
	for _, sql := range []string{"INSERT INTO item (name) VALUES ('a')", "INSERT INTO item (name, price) VALUES ('z', -1)", "INSERT INTO item (name) VALUES (NULL)", "INSERT INTO part VALUES (99, 1)", "SELECT 1/0", "SELECT absent FROM item",
		"SELECT * FROM absent", "SELEC 1", "SELECT $1", "SELECT 'x'::int", "INSERT INTO item (id, name) VALUES (1, 'q')", "SELECT 'none'::shade", "SELECT pg_typeof($1)", "SELECT concat($1, 1)", "SELECT $1 + 1"} {
		sql := sql
		step("error of "+sql, func() error { _, err := conn.Exec(ctx, sql); return err })
	}
	step("descriptions", func() error {
		for i, sql := range []string{"SELECT * FROM item WHERE id = $1 AND name = $2 AND tags @> $3 AND price > $4", "INSERT INTO item (name, price, at) VALUES ($1, $2, $3)", "SELECT $1::shade", "UPDATE part SET n = $1 WHERE n = ANY($2)",
			"SELECT count(*), sum(price), avg(price), max(at) FROM item LIMIT $1 OFFSET $2", "VALUES ($1, 1), ('x', $2)", "SELECT $1 WHERE $2 = 5 OR $3", "DELETE FROM part", "SELECT json_build_object('a', $1::int)", "BEGIN", "CREATE TABLE x (a int)"} {
			found, err := conn.Prepare(ctx, fmt.Sprintf("described%d", i), sql)
			if err != nil {
				show(err)
				continue
			}
			line := sql + " ->"
			for _, oid := range found.ParamOIDs {
				line += fmt.Sprint(" $", min(oid))
			}
			for _, field := range found.Fields {
				line += fmt.Sprint(" ", string(field.Name), " ", min(field.DataTypeOID), " ", field.TableAttributeNumber)
			}
			fmt.Println(line)
		}
		return rows(conn, "SELECT name, statement, parameter_types::text, from_sql FROM pg_prepared_statements WHERE name LIKE 'described%' ORDER BY name COLLATE \"C\"")
	})
	step("transactions", func() error {
		tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.Serializable, AccessMode: pgx.ReadWrite, DeferrableMode: pgx.Deferrable})
		if err != nil {
			return err
		}
		rows(tx, "SHOW transaction_isolation")
		inner, err := tx.Begin(ctx)
		if err != nil {
			return err
		}
		_, err = inner.Exec(ctx, "INSERT INTO item (name) VALUES ('a')")
		show(err)
		_, err = inner.Exec(ctx, "SELECT 1")
		show(err)
		show(inner.Rollback(ctx))
		_, err = tx.Exec(ctx, "INSERT INTO item (name) VALUES ('in tx')")
		show(err)
		show(tx.Commit(ctx))
		tx, _ = conn.Begin(ctx)
		tx.Exec(ctx, "SELECT 1/0")
		show(tx.Commit(ctx))
		show(conn.BeginTxFunc(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly}, func(tx pgx.Tx) error { _, err := tx.Exec(ctx, "DELETE FROM item"); return err }))
		return rows(conn, "SELECT name FROM item ORDER BY name")
	})
	step("serialization failure", func() error {
		other := connect()
		defer other.Close(ctx)
		a, _ := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
		rows(a, "SELECT count(*) FROM part")
		other.Exec(ctx, "UPDATE item SET price = 9 WHERE name = 'a'")
		_, err := a.Exec(ctx, "UPDATE item SET price = 8 WHERE name = 'a'")
		a.Rollback(ctx)
		return err
	})
}

func min(oid uint32) uint32 {
	if oid >= 16384 {
		return 16384
	}
	return oid
}

func batches(conn *pgx.Conn) {
	step("batch", func() error {
		batch := &pgx.Batch{}
		for i := 0; i < 200; i++ {
			batch.Queue("INSERT INTO part VALUES ((SELECT min(id) FROM item), $1)", i+10)
		}
		batch.Queue("SELECT count(*) FROM part")
		results := conn.SendBatch(ctx, batch)
		total := int64(0)
		for i := 0; i < 200; i++ {
			tag, err := results.Exec()
			if err != nil {
				return err
			}
			total += tag.RowsAffected()
		}
		var count int
		show(results.QueryRow().Scan(&count))
		fmt.Println(total, count)
		return results.Close()
	})
	step("batch that fails", func() error {
		batch := &pgx.Batch{}
		batch.Queue("INSERT INTO part VALUES ((SELECT min(id) FROM item), 500)")
		batch.Queue("SELECT 1/$1", 0)
		batch.Queue("INSERT INTO part VALUES ((SELECT min(id) FROM item), 501)")
		results := conn.SendBatch(ctx, batch)
		for i := 0; i < 3; i++ {
			tag, err := results.Exec()
			fmt.Println(tag)
			show(err)
		}
		show(results.Close())
		return rows(conn, "SELECT count(*) FROM part WHERE n >= 500")
	})
	step("several statements in one text", func() error {
		results, err := conn.PgConn().Exec(ctx, "SELECT 1 AS a; INSERT INTO part VALUES ((SELECT min(id) FROM item), 600); SELECT 'x', NULL; SELECT 1/0; SELECT 2").ReadAll()
		for _, result := range results {
			fmt.Printf("%s %q %v\n", result.CommandTag, result.Rows, result.Err)
		}
		return err
	})
}

func copies(conn *pgx.Conn) {
	step("CopyFrom", func() error {
		if _, err := conn.Exec(ctx, "CREATE TABLE copied (a int4, b text, c timestamptz, d numeric, e bytea, f jsonb, g int8[], h uuid, i float8, j date)"); err != nil {
			return err
		}
		number := big.NewInt(12345)
		var data [][]interface{}
		for i := 0; i < 5000; i++ {
			data = append(data, []interface{}{i, fmt.Sprint("row ", i), time.Unix(int64(i), 5000), &pgtype.Numeric{Int: number, Exp: -2, Status: pgtype.Present}, []byte{byte(i)}, `{"i": 1}`, []int64{int64(i)}, [16]byte{byte(i)}, float64(i) / 3, time.Unix(0, 0).UTC()})
		}
		data[17][1] = nil
		count, err := conn.CopyFrom(ctx, pgx.Identifier{"copied"}, []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}, pgx.CopyFromRows(data))
		fmt.Println(count)
		show(err)
		show(rows(conn, "SELECT count(*), sum(a), count(b), sum(d), max(h::text), sum(i), min(j) FROM copied"))
		_, err = conn.CopyFrom(ctx, pgx.Identifier{"item"}, []string{"name"}, pgx.CopyFromRows([][]interface{}{{"new"}, {"a"}}))
		show(err)
		_, err = conn.CopyFrom(ctx, pgx.Identifier{"absent"}, []string{"name"}, pgx.CopyFromRows([][]interface{}{{"new"}}))
		show(err)
		_, err = conn.CopyFrom(ctx, pgx.Identifier{"item"}, []string{"id", "name"}, pgx.CopyFromSlice(3, func(i int) ([]interface{}, error) { return nil, errors.New("the source fails") }))
		show(err)
		return rows(conn, "SELECT count(*) FROM item")
	})
	step("COPY out", func() error {
		var out strings.Builder
		tag, err := conn.PgConn().CopyTo(ctx, &out, "COPY (SELECT a, b, c AT TIME ZONE 'UTC', d, e, f, g, h FROM copied WHERE a < 20 ORDER BY a) TO STDOUT")
		fmt.Println(tag)
		fmt.Print(out.String())
		show(err)
		_, err = conn.PgConn().CopyTo(ctx, &out, "COPY (SELECT 1/(3 - g) FROM generate_series(1, 5) g) TO STDOUT")
		return err
	})
}

func others(conn *pgx.Conn) {
	step("notifications", func() error {
		other := connect()
		defer other.Close(ctx)
		conn.Exec(ctx, "LISTEN news")
		other.Exec(ctx, "NOTIFY news, 'one'; SELECT pg_notify('news', 'two')")
		for i := 0; i < 2; i++ {
			limited, cancel := context.WithTimeout(ctx, 5*time.Second)
			n, err := conn.WaitForNotification(limited)
			cancel()
			if err != nil {
				return err
			}
			fmt.Println(n.Channel, n.Payload, n.PID == other.PgConn().PID())
		}
		_, err := conn.Exec(ctx, "UNLISTEN *")
		return err
	})
	step("notices", func() error {
		config, _ := pgx.ParseConfig(place())
		config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { fmt.Println(n.Severity, n.Code, n.Message, n.Detail, n.Hint) }
		other, err := pgx.ConnectConfig(ctx, config)
		if err != nil {
			return err
		}
		defer other.Close(ctx)
		_, err = other.Exec(ctx, "DO $$ BEGIN RAISE NOTICE 'hello' USING DETAIL = 'd', HINT = 'h'; END $$; DROP TABLE IF EXISTS nothing_here")
		return err
	})
	step("cancellation", func() error {
		other := connect()
		limited, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
		defer cancel()
		_, err := other.Exec(limited, "SELECT pg_sleep(20)")
		fmt.Println(err != nil, other.IsClosed())
		third := connect()
		defer third.Close(ctx)
		go func() {
			time.Sleep(300 * time.Millisecond)
			third.PgConn().CancelRequest(ctx)
		}()
		_, err = third.Exec(ctx, "SELECT count(*) FROM generate_series(1, 3000000000) g WHERE g % 2 = 3")
		return err
	})
	step("pool", func() error {
		config, _ := pgxpool.ParseConfig(place() + " pool_max_conns=4")
		pool, err := pgxpool.ConnectConfig(ctx, config)
		if err != nil {
			return err
		}
		defer pool.Close()
		answers := make(chan int, 40)
		for i := 0; i < 40; i++ {
			go func(i int) {
				var n int
				pool.QueryRow(ctx, "SELECT $1::int * 2", i).Scan(&n)
				answers <- n
			}(i)
		}
		var all []int
		for i := 0; i < 40; i++ {
			all = append(all, <-answers)
		}
		sort.Ints(all)
		fmt.Println(all)
		return nil
	})
	step("statements whose table changes", func() error {
		conn.Exec(ctx, "CREATE TABLE moving (a int); INSERT INTO moving VALUES (1)")
		for i := 0; i < 4; i++ {
			if i == 2 {
				conn.Exec(ctx, "ALTER TABLE moving ADD b text DEFAULT 'new'")
			}
			show(rows(conn, "SELECT * FROM moving WHERE a = $1", 1))
		}
		return nil
	})
	step("100,000 rows", func() error {
		found, err := conn.Query(ctx, "SELECT g, 'row ' || g FROM generate_series(1, 100000) g")
		if err != nil {
			return err
		}
		sum := 0
		for found.Next() {
			var n int
			var s string
			if err := found.Scan(&n, &s); err != nil {
				return err
			}
			sum += n + len(s)
		}
		fmt.Println(sum)
		return found.Err()
	})
}
