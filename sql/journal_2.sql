-- What brings the journal's tables from version 1 to version 2. Columns are added with what they would have been;
-- nothing large is copied. The version of a thread's graph was not kept: 0.
ALTER TABLE thread ADD COLUMN graph_version INTEGER NOT NULL DEFAULT 0;
ALTER TABLE thread ADD COLUMN root INTEGER NOT NULL DEFAULT 0;
ALTER TABLE thread ADD COLUMN step INTEGER NOT NULL DEFAULT 0;
UPDATE thread SET step=coalesce((SELECT max(step) FROM step WHERE thread=number AND frame=0),0);

ALTER TABLE step ADD COLUMN source INTEGER NOT NULL DEFAULT 1;
ALTER TABLE step ADD COLUMN first INTEGER NOT NULL DEFAULT 0;
ALTER TABLE step ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
ALTER TABLE step ADD COLUMN lineage INTEGER NOT NULL DEFAULT 0;
ALTER TABLE step ADD COLUMN event INTEGER NOT NULL DEFAULT 0;
ALTER TABLE step ADD COLUMN from_frame INTEGER;
ALTER TABLE step ADD COLUMN from_step INTEGER;
UPDATE step SET source=0 WHERE step=0;
UPDATE step SET lineage=1 WHERE frame=0;

ALTER TABLE effect ADD COLUMN tries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE effect ADD COLUMN due_ms INTEGER NOT NULL DEFAULT 0;

ALTER TABLE blob ADD COLUMN thread INTEGER NOT NULL DEFAULT 0;
CREATE INDEX blob_thread ON blob(thread);

-- These two have one tree each now; they hold what is under way, which is little.
ALTER TABLE patch RENAME TO patch_1;
ALTER TABLE round RENAME TO round_1;
CREATE TABLE patch(
	thread INTEGER NOT NULL,
	task   INTEGER NOT NULL,
	patch  TEXT NOT NULL,            -- the graph module's own form
	PRIMARY KEY(thread, task)
) STRICT, WITHOUT ROWID;

CREATE TABLE round(
	thread INTEGER NOT NULL,
	task   INTEGER NOT NULL,
	round  INTEGER NOT NULL,
	at_ms  INTEGER NOT NULL,         -- when it began: the time it sees
	kept   ANY,
	PRIMARY KEY(thread, task)
) STRICT, WITHOUT ROWID;
INSERT INTO patch SELECT * FROM patch_1;
INSERT INTO round SELECT * FROM round_1;
DROP TABLE patch_1;
DROP TABLE round_1;

CREATE TABLE graph(
	hash      TEXT PRIMARY KEY,
	name      TEXT NOT NULL,
	version   INTEGER NOT NULL,
	structure TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE handler(
	thread INTEGER NOT NULL,
	task   INTEGER NOT NULL,
	at_ms  INTEGER NOT NULL,
	input  ANY NOT NULL,
	PRIMARY KEY(thread, task)
) STRICT, WITHOUT ROWID;

CREATE TABLE queued(
	thread INTEGER NOT NULL,
	number INTEGER NOT NULL,
	at_ms  INTEGER NOT NULL,
	input  ANY NOT NULL,
	PRIMARY KEY(thread, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE cache(
	hash       TEXT PRIMARY KEY,
	expires_ms INTEGER NOT NULL,
	value      ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE rate(
	kind  TEXT PRIMARY KEY,
	at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
