-- What Prisma's migration makes of schema.prisma.
CREATE TYPE "Mood" AS ENUM ('SAD', 'HAPPY');
CREATE TABLE authors (id SERIAL NOT NULL, name VARCHAR(40) NOT NULL, mail TEXT, mood "Mood" NOT NULL DEFAULT 'HAPPY', born DATE, CONSTRAINT authors_pkey PRIMARY KEY (id));
CREATE TABLE profiles (id UUID NOT NULL, text TEXT NOT NULL, author_id INTEGER NOT NULL, CONSTRAINT profiles_pkey PRIMARY KEY (id));
CREATE TABLE books (
    id BIGSERIAL NOT NULL, title TEXT NOT NULL, price DECIMAL(10,2), pages SMALLINT NOT NULL DEFAULT 1, score DOUBLE PRECISION, sold BIGINT NOT NULL DEFAULT 0, "out" TIMESTAMPTZ(6) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    reads TIME(6), cover BYTEA, doc JSONB, tags TEXT[], numbers INTEGER[], moods "Mood"[], active BOOLEAN NOT NULL DEFAULT true, author_id INTEGER, CONSTRAINT books_pkey PRIMARY KEY (id)
);
CREATE TABLE labels (word TEXT NOT NULL, CONSTRAINT labels_pkey PRIMARY KEY (word));
CREATE TABLE "_book_labels" ("A" BIGINT NOT NULL, "B" TEXT NOT NULL, CONSTRAINT "_book_labels_AB_pkey" PRIMARY KEY ("A", "B"));
CREATE UNIQUE INDEX authors_name_key ON authors (name);
CREATE UNIQUE INDEX profiles_author_id_key ON profiles (author_id);
CREATE INDEX books_pages_idx ON books (pages);
CREATE UNIQUE INDEX books_title_author_id_key ON books (title, author_id);
CREATE INDEX "_book_labels_B_index" ON "_book_labels" ("B");
ALTER TABLE profiles ADD CONSTRAINT profiles_author_id_fkey FOREIGN KEY (author_id) REFERENCES authors (id) ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE books ADD CONSTRAINT books_author_id_fkey FOREIGN KEY (author_id) REFERENCES authors (id) ON DELETE SET NULL ON UPDATE CASCADE;
ALTER TABLE "_book_labels" ADD CONSTRAINT "_book_labels_A_fkey" FOREIGN KEY ("A") REFERENCES books (id) ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE "_book_labels" ADD CONSTRAINT "_book_labels_B_fkey" FOREIGN KEY ("B") REFERENCES labels (word) ON DELETE CASCADE ON UPDATE CASCADE;
