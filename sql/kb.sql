-- The tables of the knowledge base, version 1. They stand in the journal's file (sql/journal.sql), so that what a run
-- learned and the run's own record are one commit.
--
-- No row of anybody's data is in here: names of tables and columns, types, masks, date formats, decimal marks, counts
-- and the ids of checks are. Times are Unix milliseconds.

-- One row per item. `number` is dense and never used again: the vectors of a later version are arguments of a search
-- and live in chunks of their own by that number, apart from these rows.
CREATE TABLE kb_item(
	number     INTEGER PRIMARY KEY AUTOINCREMENT,
	id         TEXT NOT NULL UNIQUE,  -- g- or c- and 12 hex digits of its content's hash
	kind       INTEGER NOT NULL,      -- 0 golden example, 1 failure-correction
	agent      TEXT NOT NULL,         -- who may use it: analyst, developer, any
	trusted    INTEGER NOT NULL,      -- 1: a run that it was learned from was validated
	source     TEXT NOT NULL,         -- fingerprint of the source set that it was first learned from
	title      TEXT NOT NULL,
	words      TEXT NOT NULL,         -- what it is found by
	body       TEXT NOT NULL,         -- canonical JSON, docs/knowledge.md
	helped     INTEGER NOT NULL,      -- runs in which it changed a choice and nothing was wrong with it
	hurt       INTEGER NOT NULL,      -- runs in which the Tester found the choice wrong
	shown      INTEGER NOT NULL,      -- runs that it was shown to
	created_ms INTEGER NOT NULL,
	updated_ms INTEGER NOT NULL       -- last learned or helped
) STRICT;

-- What an item is found by exactly: fingerprints of its source set and of its tables.
CREATE TABLE kb_fingerprint(
	fingerprint TEXT NOT NULL,
	item        INTEGER NOT NULL,
	PRIMARY KEY(fingerprint, item)
) STRICT, WITHOUT ROWID;

-- Why an item is believed: one row per run that it was learned from.
CREATE TABLE kb_evidence(
	item     INTEGER NOT NULL,
	run      TEXT NOT NULL,
	at_ms    INTEGER NOT NULL,
	evidence TEXT NOT NULL,           -- canonical JSON
	PRIMARY KEY(item, run)
) STRICT, WITHOUT ROWID;

-- Full text; rowid is kb_item.number.
CREATE VIRTUAL TABLE kb_text USING fts5(title, words, tokenize='porter unicode61');
