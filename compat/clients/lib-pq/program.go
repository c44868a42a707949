// lib/pq under database/sql: prepared statements, transactions, COPY, LISTEN, arrays, errors.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/lib/pq"
)

func place(more string) string {
	return fmt.Sprintf("host=%s port=%s user=%s dbname=%s sslmode=disable %s", os.Getenv("PGHOST"), os.Getenv("PGPORT"), os.Getenv("PGUSER"), os.Getenv("PGDATABASE"), more)
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
	if said, is := err.(*pq.Error); is {
		fmt.Printf("error %s %s (%s) %q detail %q hint %q at %s where %q object %s.%s.%s.%s.%s\n", said.Severity, said.Code, said.Code.Name(), said.Message, said.Detail, said.Hint, said.Position, said.Where,
			said.Schema, said.Table, said.Column, said.DataTypeName, said.Constraint)
	} else if err != nil {
		fmt.Println("error", err)
	}
}

type querier interface {
	Query(query string, args ...interface{}) (*sql.Rows, error)
}

func rows(db querier, query string, args ...interface{}) error {
	found, err := db.Query(query, args...)
	if err != nil {
		return err
	}
	defer found.Close()
	for {
		kinds, _ := found.ColumnTypes()
		for _, kind := range kinds {
			length, hasLength := kind.Length()
			precision, scale, hasScale := kind.DecimalSize()
			fmt.Println("column", kind.Name(), kind.DatabaseTypeName(), length, hasLength, precision, scale, hasScale, kind.ScanType())
		}
		for found.Next() {
			values := make([]interface{}, len(kinds))
			places := make([]interface{}, len(kinds))
			for i := range values {
				places[i] = &values[i]
			}
			if err := found.Scan(places...); err != nil {
				return err
			}
			var words []string
			for _, value := range values {
				switch value := value.(type) {
				case []byte:
					words = append(words, fmt.Sprintf("bytes %q", value))
				case time.Time:
					words = append(words, value.UTC().String())
				default:
					words = append(words, fmt.Sprintf("%T %v", value, value))
				}
			}
			fmt.Println(strings.Join(words, "|"))
		}
		if !found.NextResultSet() {
			return found.Err()
		}
	}
}

func main() {
	for _, more := range []string{"", "binary_parameters=yes"} {
		db, err := sql.Open("postgres", place(more))
		if err != nil {
			panic(err)
		}
		db.SetMaxOpenConns(1)
		all(db, more)
		db.Close()
	}
	listen()
}

func all(db *sql.DB, more string) {
	with := " " + more
	step("values"+with, func() error {
		return rows(db, "SELECT true, 1::int2, 2::int4, 3::int8, 1.5::float4, 2.5::float8, 1.50::numeric(6,2), 't'::text, 'v'::varchar(9), 'c'::bpchar(3), '\\x00ff'::bytea, date '2020-02-29', time '01:02:03', timestamp '2020-02-29 01:02:03.5', timestamptz '2020-02-29 01:02:03+01', interval '1 day', uuid 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{\"a\":1}'::json, '{\"a\":1}'::jsonb, ARRAY[1,2], NULL")
	})
	step("parameters"+with, func() error {
		return rows(db, "SELECT $1::int4, $2::text, $3::bytea, $4::timestamptz, $5::float8, $6::bool, $7::int8[], $8::text[], $9::int4", 5, "ü'\\", []byte{0, 1, 255}, time.Date(2020, 2, 29, 1, 2, 3, 0, time.UTC), 2.5, true, pq.Array([]int64{1, 2}), pq.Array([]string{"a", "b,c", "\""}), nil)
	})
	step("tables"+with, func() error {
		for _, text := range []string{"DROP TABLE IF EXISTS go_part", "DROP TABLE IF EXISTS go_item", "CREATE TABLE go_item (id serial PRIMARY KEY, name varchar(20) NOT NULL UNIQUE, price numeric(10,2) CHECK (price > 0))", "CREATE TABLE go_part (item int REFERENCES go_item)"} {
			if _, err := db.Exec(text); err != nil {
				return err
			}
		}
		statement, err := db.Prepare("INSERT INTO go_item (name, price) VALUES ($1, $2)")
		if err != nil {
			return err
		}
		for i := 1; i <= 10; i++ {
			result, err := statement.Exec(fmt.Sprint("n", i), i)
			if err != nil {
				return err
			}
			count, _ := result.RowsAffected()
			_, err = result.LastInsertId()
			fmt.Println(count, err)
		}
		statement.Close()
		return rows(db, "SELECT * FROM go_item WHERE price > $1 ORDER BY id", 7)
	})
	for _, text := range []string{"INSERT INTO go_item (name) VALUES ('n1')", "INSERT INTO go_item (name) VALUES (NULL)", "INSERT INTO go_item (name, price) VALUES ('x', -1)", "INSERT INTO go_item (name) VALUES ('123456789012345678901')",
		"INSERT INTO go_part VALUES (999)", "SELECT absent", "SELECT 1 +", "SELECT 1/0", "DROP TABLE go_item"} {
		text := text
		step("error of "+text+with, func() error {
			_, err := db.Exec(text)
			show(err)
			statement, err := db.Prepare(text)
			if err != nil {
				return err
			}
			_, err = statement.Exec()
			return err
		})
	}
	step("transactions"+with, func() error {
		tx, err := db.BeginTx(context.Background(), &sql.TxOptions{Isolation: sql.LevelSerializable})
		if err != nil {
			return err
		}
		show(rows(tx, "SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')"))
		tx.Exec("INSERT INTO go_item (name) VALUES ('tx')")
		_, err = tx.Exec("SELECT 1/0")
		show(err)
		show(tx.Commit())
		tx, _ = db.BeginTx(context.Background(), &sql.TxOptions{ReadOnly: true})
		_, err = tx.Exec("DELETE FROM go_item")
		show(err)
		show(tx.Rollback())
		return rows(db, "SELECT count(*) FROM go_item")
	})
	step("several results"+with, func() error {
		return rows(db, "SELECT 1 AS a; SELECT 'x' AS b, 2 AS c; INSERT INTO go_part VALUES (1); SELECT count(*) FROM go_part")
	})
	step("COPY"+with, func() error {
		tx, err := db.Begin()
		if err != nil {
			return err
		}
		statement, err := tx.Prepare(pq.CopyIn("go_item", "name", "price"))
		if err != nil {
			return err
		}
		for i := 0; i < 3000; i++ {
			if _, err := statement.Exec(fmt.Sprint("copy\t\\", i), float64(i+1)/4); err != nil {
				return err
			}
		}
		_, err = statement.Exec()
		show(err)
		show(statement.Close())
		show(tx.Commit())
		show(rows(db, "SELECT count(*), sum(price), min(name) FROM go_item WHERE name LIKE 'copy%'"))
		tx, _ = db.Begin()
		statement, _ = tx.Prepare(pq.CopyIn("go_item", "name"))
		statement.Exec("n1")
		_, err = statement.Exec()
		show(err)
		statement.Close()
		return tx.Rollback()
	})
	step("cancellation"+with, func() error {
		limited, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
		defer cancel()
		_, err := db.ExecContext(limited, "SELECT pg_sleep(30)")
		show(err)
		return rows(db, "SELECT 'goes on'")
	})
}

func listen() {
	step("LISTEN", func() error {
		listener := pq.NewListener(place(""), time.Second, time.Minute, nil)
		defer listener.Close()
		show(listener.Listen("go news"))
		show(listener.Listen("go news"))
		db, _ := sql.Open("postgres", place(""))
		defer db.Close()
		db.Exec("SELECT pg_notify('go news', 'hello')")
		select {
		case n := <-listener.Notify:
			fmt.Println(n.Channel, n.Extra)
		case <-time.After(5 * time.Second):
			fmt.Println("nothing")
		}
		show(listener.Ping())
		show(listener.UnlistenAll())
		return nil
	})
}
