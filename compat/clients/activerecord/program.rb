# ActiveRecord as an application uses it; what it prints is compared between servers.
$stdout.sync = true
require "stringio"
require "active_record"
require "active_record/schema_dumper"
require "pg"

PLACE = { adapter: "postgresql", host: ENV["PGHOST"], port: ENV["PGPORT"].to_i, username: ENV["PGUSER"], database: ENV["PGDATABASE"], pool: 10 }
ActiveRecord::Base.establish_connection(PLACE)
ActiveRecord::Migration.verbose = false
ActiveRecord::Base.logger = nil

def connection
  ActiveRecord::Base.connection
end

# What differs from run to run: Ruby's addresses, random UUIDs, the time now.
def puts(*words)
  words.flatten.each do |word|
    $stdout.puts word.to_s.gsub(/0x\h{16}/, "0x…").gsub(/\h{8}-\h{4}-4\h{3}-[89ab]\h{3}-\h{12}(?=, null, null)/, "UUID").gsub(/#{Time.now.utc.year}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+/, "NOW")
  end
end

def step(name)
  puts "== #{name}"
  yield
rescue StandardError, NotImplementedError, NoMethodError => e
  puts "error #{e.class}: #{e.message.strip}"
  warn e.full_message if e.is_a?(NoMethodError) || e.is_a?(NameError)
  connection.execute("ROLLBACK") if connection.raw_connection.transaction_status == 3 rescue nil
end

def fails
  yield
  puts "no error"
rescue StandardError => e
  result = e.cause.respond_to?(:result) ? e.cause.result : nil
  code = result && result.error_field(PG::Result::PG_DIAG_SQLSTATE)
  puts "#{e.class} #{code}: #{e.message.strip}"
end

class Base < ActiveRecord::Migration[6.1]
  def change
    enable_extension "citext"
    enable_extension "hstore"
    enable_extension "pgcrypto"
    create_table :authors do |t|
      t.string :name, limit: 40, null: false, default: "nobody", comment: "how they are called"
      t.citext :mail
      t.decimal :rate, precision: 8, scale: 2
      t.boolean :active, default: true
      t.timestamps
      t.index :mail, unique: true
    end
    create_table :books, comment: "what was written" do |t|
      t.references :author, foreign_key: { on_delete: :cascade }
      t.string :title, null: false
      t.text :body
      t.integer :pages, limit: 2
      t.bigint :sold, default: 0
      t.float :score
      t.date :published_on
      t.time :reads_at
      t.datetime :sold_at, precision: 6
      t.binary :cover
      t.json :raw
      t.jsonb :doc, default: {}
      t.hstore :notes
      t.uuid :mark, default: -> { "gen_random_uuid()" }
      t.inet :address
      t.cidr :net
      t.macaddr :card
      t.bit :flags, limit: 4
      t.bit_varying :more_flags, limit: 8
      t.interval :read_for
      t.string :tags, array: true, default: []
      t.integer :numbers, array: true
      t.int4range :span
      t.daterange :days
      t.tstzrange :during
      t.numrange :worth
      t.integer :lock_version, default: 0
      t.index [:title, :pages], name: "by_title", order: { pages: :desc }
      t.index "lower((title)::text)", name: "by_lower"
      t.index :doc, using: :gin
      t.index :sold, where: "sold > 10"
      t.check_constraint "pages > 0", name: "has_pages"
    end
    create_table :tags, id: :uuid do |t|
      t.string :word
    end
    create_table :marks, primary_key: [:book_id, :tag_id] do |t|
      t.bigint :book_id, null: false
      t.uuid :tag_id, null: false
    end
    create_join_table :books, :tags
    add_foreign_key :marks, :books
    add_foreign_key :marks, :tags
    reversible { |d| d.up { execute "ALTER TABLE books ADD upper_title varchar GENERATED ALWAYS AS (upper(title)) STORED" } }
  end
end

class Changes < ActiveRecord::Migration[6.1]
  def up
    add_column :authors, :born_on, :date
    rename_column :authors, :rate, :price
    change_column :authors, :price, :decimal, precision: 10, scale: 3, default: 1.5
    change_column_null :authors, :price, false, 0
    change_column_default :authors, :active, from: true, to: false
    change_column_comment :authors, :born_on, "when"
    change_table_comment :authors, "people"
    rename_table :tags, :words
    add_index :authors, [:name, :born_on], algorithm: :concurrently
    rename_index :authors, "index_authors_on_name_and_born_on", "by_name"
    add_reference :words, :author, foreign_key: true, type: :bigint
    remove_column :books, :score
    add_check_constraint :authors, "char_length(name) > 0", name: "named"
    change_table(:books, bulk: true) { |t| t.string :isbn; t.remove :card; t.change :pages, :integer }
    validate_check_constraint :authors, "named" rescue nil
  end

  def down
    raise ActiveRecord::IrreversibleMigration
  end

  disable_ddl_transaction!
end

class Author < ActiveRecord::Base
  has_many :books, dependent: :destroy
  validates :name, presence: true
end

class Book < ActiveRecord::Base
  belongs_to :author, optional: true, counter_cache: false
  scope :long, -> { where("pages > ?", 100) }
end

def dump
  out = StringIO.new
  ActiveRecord::SchemaDumper.dump(connection, out)
  puts out.string.lines.reject { |line| line.start_with?("#") }
end

def migrate(version, klass)
  m = klass.new(klass.name, version)
  context = ActiveRecord::MigrationContext.new([], ActiveRecord::SchemaMigration)
  ActiveRecord::Migrator.new(:up, [m], ActiveRecord::SchemaMigration, version).migrate
  context.current_version
end

step("connection") do
  puts connection.adapter_name, connection.database_version / 10000, connection.current_database, connection.encoding, connection.schema_search_path
  puts connection.schema_names.inspect, connection.current_schema, connection.client_min_messages
  %w[supports_bulk_alter? supports_index_sort_order? supports_partitioned_indexes? supports_partial_index? supports_expression_index? supports_transaction_isolation? supports_foreign_keys? supports_check_constraints?
     supports_validate_constraints? supports_views? supports_datetime_with_precision? supports_json? supports_comments? supports_savepoints? supports_insert_returning? supports_insert_on_conflict?
     supports_virtual_columns? supports_ddl_transactions? supports_advisory_locks? supports_explain? supports_extensions? supports_materialized_views? supports_foreign_tables? supports_pgcrypto_uuid?
     supports_optimizer_hints? supports_common_table_expressions? supports_lazy_transactions?].each { |name| puts "#{name} #{connection.public_send(name)}" }
  puts connection.native_database_types.inspect
  puts connection.extensions.inspect
end

step("migrate") do
  puts migrate(1, Base)
  puts connection.tables.sort.inspect
end
step("dump") { dump }
step("migrate again") do
  puts migrate(2, Changes)
  puts ActiveRecord::SchemaMigration.all_versions.inspect
end
step("dump again") { dump }
step("what cannot be undone") do
  fails { ActiveRecord::Migrator.new(:down, [Changes.new("Changes", 2)], ActiveRecord::SchemaMigration, 1).migrate }
end
step("a migration that fails is undone") do
  failing = Class.new(ActiveRecord::Migration[6.1]) do
    def change
      create_table(:halfway) { |t| t.string :x }
      execute "SELECT 1/0"
    end
  end
  fails { ActiveRecord::Migrator.new(:up, [failing.new("Failing", 3)], ActiveRecord::SchemaMigration, 3).migrate }
  puts connection.table_exists?(:halfway)
end

step("introspection") do
  [Author, Book].each(&:reset_column_information)
  connection.tables.sort.each do |table|
    puts "table #{table} #{connection.table_comment(table)} pk #{connection.primary_keys(table).inspect} #{connection.pk_and_sequence_for(table).inspect}"
    connection.columns(table).each { |c| puts "  #{c.name} #{c.sql_type} #{c.type} #{c.limit} #{c.precision} #{c.scale} null #{c.null} default #{c.default.inspect} #{c.default_function.inspect} #{c.comment} array #{c.array?} serial #{c.serial?}" }
    connection.indexes(table).sort_by(&:name).each { |i| puts "  index #{i.name} #{i.unique} #{i.columns.inspect} #{i.orders.inspect} #{i.opclasses.inspect} #{i.where} #{i.using} #{i.comment}" }
    connection.foreign_keys(table).each { |f| puts "  foreign #{f.to_table} #{f.options.except(:name).inspect}" }
    connection.check_constraints(table).each { |c| puts "  check #{c.expression} #{c.options.inspect}" }
  end
  puts connection.views.inspect, connection.data_sources.sort.inspect, connection.foreign_tables.inspect
  puts connection.index_name_exists?(:books, "by_title"), connection.column_exists?(:books, :isbn), connection.foreign_key_exists?(:marks, :books), connection.schema_exists?("public"), connection.type_to_sql(:integer, limit: 8)
  puts connection.max_identifier_length, connection.index_name_length, connection.lookup_cast_type_from_column(Book.columns_hash["pages"]).class
end

step("create and read") do
  Author.reset_column_information
  author = Author.create!(name: "Ann", mail: "Ann@Example.org", price: "12.345", created_at: Time.utc(2020), updated_at: Time.utc(2020))
  puts author.id, author.reload.attributes.inspect
  book = author.books.create!(title: "One", body: "long ü '\\", pages: 120, sold: 2**40, published_on: Date.new(2020, 2, 29), reads_at: "12:34:56", sold_at: Time.utc(2020, 2, 29, 1, 2, 3.456789r),
                              cover: "\x00\xFF\\".b, raw: { a: [1, nil] }, doc: { "k" => { "n" => 1 } }, notes: { "x" => "y", "z" => nil }, mark: "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", address: "10.0.0.1", net: "10.0.0.0/8",
                              flags: "1010", more_flags: "11", read_for: 90.minutes + 2.days, tags: ["a", "b,c", nil, "\"q\""], numbers: [[1, 2], [3, 4]], span: 1...5, days: Date.new(2020)..Date.new(2021), worth: 1.5..2.5,
                              during: Time.utc(2020)...Time.utc(2021))
  puts book.reload.attributes.inspect
  puts book.cover.bytes.inspect, book.read_for.inspect, book.upper_title
  puts Book.find_by(title: "One").doc["k"].inspect, Author.find_by(mail: "ANN@example.ORG")&.name
end

step("queries") do
  author = Author.first
  20.times { |i| author.books.create!(title: "book #{i}", pages: i * 10 + 1, sold: i, tags: ["t#{i % 3}"], doc: { "i" => i }) }
  puts Book.long.count, Book.where(pages: 1..50).order(:pages).pluck(:title, :pages).inspect, Book.where(title: ["book 1", "book 2"]).order(:id).ids.size
  puts Book.group("sold % 3").order(Arel.sql("sold % 3")).count.inspect, Book.average(:pages).to_s, Book.maximum(:sold), Book.sum(:pages), Book.distinct.pluck(Arel.sql("array_length(tags, 1)")).sort_by(&:to_i).inspect
  puts Book.joins(:author).where(authors: { name: "Ann" }).count, Book.includes(:author).references(:author).where("authors.price > 1").order(:id).limit(3).map { |b| b.author.name }.inspect
  puts Book.where("tags @> ARRAY[?]::varchar[]", "t1").count, Book.where("doc @> ?", { i: 3 }.to_json).pluck(:title).inspect, Book.where.not(doc: nil).exists?, Book.where("doc->>'i' = '4'").first.title
  puts Book.left_outer_joins(:author).where(author: nil).count, Author.where(id: Book.select(:author_id)).count, Book.order(pages: :desc).limit(2).offset(1).pluck(:pages).inspect
  puts Book.find_each(batch_size: 7).map(&:id).size, Book.in_batches(of: 8).map(&:count).inspect, Book.where(title: "none").or(Book.where(sold: 3)).count, Book.none.count
  puts Author.includes(:books).first.books.size, Book.pick(:title), Book.where(title: nil).to_sql, Book.lock("FOR UPDATE SKIP LOCKED").limit(1).size
  puts Book.from(Book.where("pages > 50"), :books).count, Book.having("count(*) > 1").group(:author_id).count.inspect
  puts Book.order(:id).limit(1).explain.lines.first.strip
end

step("updates") do
  book = Book.find_by(title: "book 3")
  puts book.update(title: "three", tags: book.tags + ["new"]), book.saved_changes.keys.sort.inspect, book.increment!(:sold).sold, Book.where("pages < 20").update_all("sold = sold + 100"), Book.update_counters(book.id, sold: 5)
  puts book.touch.inspect rescue puts $!.class
  stale = Book.find(book.id)
  Book.find(book.id).update!(pages: 7)
  fails { stale.update!(pages: 8) }
  puts Book.insert_all([{ title: "bulk 1", pages: 1 }, { title: "bulk 2", pages: 2 }], returning: %w[title pages]).rows.inspect
  puts Book.upsert_all([{ id: book.id, title: "upserted", pages: 9 }], unique_by: :id).length, book.reload.title
  puts Book.where(title: "bulk 1").delete_all, Book.where(title: "bulk 2").destroy_all.size
end

step("errors") do
  fails { Author.create!(name: "B", mail: "ann@example.org") }
  fails { Author.create!(name: nil) }
  fails { Author.connection.execute("INSERT INTO authors (name, created_at, updated_at) VALUES (NULL, now(), now())") }
  fails { Book.create!(title: "x", pages: -1) }
  fails { Book.create!(title: "x", author_id: 999_999) }
  fails { Book.create!(title: "x", pages: 2**40) }
  fails { connection.execute("SELECT * FROM absent") }
  fails { connection.execute("SELECT 1/0") }
  fails { Author.create!(name: "x" * 50) }
  fails { Book.where("nothing = 1").to_a }
  fails { connection.execute("SET statement_timeout = 200; SELECT pg_sleep(5)") }
  connection.execute("RESET statement_timeout")
  fails { connection.create_table(:books) { |t| } }
  fails { connection.remove_column(:books, :absent) }
  fails { connection.drop_table(:authors) }
  fails { Book.find(-1) }
end

step("transactions") do
  ActiveRecord::Base.transaction do
    Author.create!(name: "gone")
    ActiveRecord::Base.transaction(requires_new: true) do
      Author.create!(name: "inner")
      raise ActiveRecord::Rollback
    end
    puts Author.where(name: %w[gone inner]).pluck(:name).inspect
    raise ActiveRecord::Rollback
  end
  puts Author.where(name: %w[gone inner]).count
  fails { ActiveRecord::Base.transaction { Author.create!(name: "z"); connection.execute("SELECT 1/0") } }
  ActiveRecord::Base.transaction(isolation: :serializable) { puts connection.select_value("SHOW transaction_isolation") }
  ActiveRecord::Base.transaction(isolation: :repeatable_read) do
    puts Author.count
    Thread.new { ActiveRecord::Base.connection_pool.with_connection { Author.create!(name: "other") } }.join
    puts Author.count
    fails { Author.where(name: "Ann").update_all(active: true) }
  end
  author = Author.first
  author.with_lock { author.update!(price: 7) }
  puts author.reload.price.to_s
  puts connection.get_advisory_lock(42), connection.release_advisory_lock(42)
  fails do
    ActiveRecord::Base.transaction do
      Author.find(author.id).lock!
      Thread.new do
        ActiveRecord::Base.connection_pool.with_connection do |c|
          c.execute("SET lock_timeout = 200")
          begin
            Author.find(author.id).lock!("FOR UPDATE NOWAIT")
          rescue ActiveRecord::StatementInvalid => e
            puts e.class, e.message.strip
          ensure
            c.execute("RESET lock_timeout")
          end
        end
      end.join
    end
  end
end

step("prepared statements") do
  connection.clear_cache!
  3.times { |i| puts Book.where(sold: i + 4).pluck(:title).inspect }
  puts connection.select_all("SELECT count(*) > 0 FROM pg_prepared_statements").rows.inspect
  result = connection.exec_query("SELECT $1::int + 1 AS n, $2::text AS t, $3::timestamptz AS z", "SQL", [ActiveRecord::Relation::QueryAttribute.new("n", 41, ActiveRecord::Type::Integer.new), ActiveRecord::Relation::QueryAttribute.new("t", "ü", ActiveRecord::Type::String.new),
                                                                                       ActiveRecord::Relation::QueryAttribute.new("z", Time.utc(2020), ActiveRecord::Type::DateTime.new)])
  puts result.columns.inspect, result.rows.inspect, result.column_types.keys.inspect
  Book.first
  connection.add_column(:books, :late, :string)
  puts Book.where(id: Book.first.id).first.title
  Book.reset_column_information
  puts Book.first.late.inspect
end

step("enums, views, schemas, sequences") do
  connection.execute("CREATE TYPE mood AS ENUM ('sad', 'happy'); ALTER TABLE authors ADD mood mood DEFAULT 'sad'")
  Author.reset_column_information
  puts Author.columns_hash["mood"].type, Author.columns_hash["mood"].default, Author.create!(name: "moody", mood: "happy").reload.mood
  connection.execute("CREATE VIEW long_books AS SELECT id, title FROM books WHERE pages > 100; CREATE MATERIALIZED VIEW counted AS SELECT count(*) AS n FROM books")
  puts connection.views.sort.inspect, connection.view_exists?(:counted)
  view = Class.new(ActiveRecord::Base) { self.table_name = "long_books"; self.primary_key = "id" }
  puts view.count, view.columns.map(&:name).inspect
  connection.create_schema("other")
  connection.execute("CREATE TABLE other.authors (id serial PRIMARY KEY, only_here int)")
  puts connection.columns("other.authors").map(&:name).inspect, connection.primary_key("other.authors"), connection.table_exists?("other.authors")
  connection.schema_search_path = "other, public"
  puts connection.columns("authors").map(&:name).inspect
  connection.schema_search_path = "public"
  connection.rename_table("long_books", "longer") rescue puts $!.message.lines.first
  connection.reset_pk_sequence!("authors")
  puts connection.default_sequence_name("authors", "id"), connection.serial_sequence("authors", "id")
  connection.set_pk_sequence!("authors", 5000)
  puts Author.create!(name: "far").id
  connection.drop_schema("other")
  dump
end

step("ruby-pg by itself") do
  pg = PG.connect(host: PLACE[:host], port: PLACE[:port], user: PLACE[:username], dbname: PLACE[:database])
  puts pg.server_version / 10000, pg.parameter_status("server_encoding"), pg.transaction_status
  result = pg.exec_params("SELECT $1::int AS a, $2::bytea AS b, $3::text AS c", [{ value: [7].pack("N"), format: 1, type: 23 }, { value: "\x00\x01", format: 1 }, nil], 1)
  puts result.fields.inspect, result.values.inspect, result.ftype(0), result.fformat(1), result.cmd_status
  pg.prepare("p", "SELECT g FROM generate_series(1, $1::int) g")
  described = pg.describe_prepared("p")
  puts described.nparams, described.paramtype(0), described.nfields, pg.exec_prepared("p", [3]).column_values(0).inspect
  pg.send_query("SELECT g FROM generate_series(1, 5) g; SELECT 'second'")
  pg.set_single_row_mode
  while (r = pg.get_result)
    r.check
    puts "#{r.result_status} #{r.values.inspect}"
  end
  pg.exec("CREATE TEMP TABLE copied (a int, b text)")
  puts(pg.copy_data("COPY copied FROM STDIN") { pg.put_copy_data("1\tx\n2\t\\N\n") }.cmd_status)
  pg.copy_data("COPY copied TO STDOUT (FORMAT csv)") { while (row = pg.get_copy_data) do puts row end }
  begin
    pg.copy_data("COPY copied FROM STDIN") { raise "stopped" }
  rescue RuntimeError => e
    puts e.message
  end
  pg.exec("LISTEN news")
  pg.exec("NOTIFY news, 'hello'")
  pg.wait_for_notify(3) { |channel, _, payload| puts "#{channel} #{payload}" }
  thread = Thread.new { sleep 0.3; pg.cancel }
  begin
    pg.exec("SELECT pg_sleep(20)")
  rescue PG::QueryCanceled => e
    puts e.message
  end
  thread.join
  begin
    pg.exec("SELECT 1 / 0")
  rescue PG::Error => e
    puts [PG::PG_DIAG_SEVERITY, PG::PG_DIAG_SQLSTATE, PG::PG_DIAG_MESSAGE_PRIMARY].map { |f| e.result.error_field(f) }.inspect
  end
  pg.pipeline_sync rescue nil
  if pg.respond_to?(:enter_pipeline_mode)
    pg.enter_pipeline_mode
    3.times { |i| pg.send_query_params("SELECT 10 / $1::int", [i - 1]) }
    pg.pipeline_sync
    seen = []
    8.times { r = pg.get_result; seen << (r ? [r.result_status, (r.values rescue nil)] : nil) }
    puts seen.inspect
    pg.exit_pipeline_mode rescue puts $!.message
  end
  pg.finish
end
