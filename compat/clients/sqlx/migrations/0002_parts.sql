CREATE TABLE part (item bigint NOT NULL REFERENCES item ON DELETE CASCADE, n int NOT NULL, note varchar(20), PRIMARY KEY (item, n));
CREATE VIEW counted AS SELECT item.id, item.name, count(part.n) AS parts FROM item LEFT JOIN part ON part.item = item.id GROUP BY item.id;
ALTER TABLE item ADD COLUMN active boolean NOT NULL DEFAULT true;
