-- The journal's tables, version 1. One file holds the threads of one tenant.
--
-- A value of 4,096 bytes and more stands once in `blob`, by the BLAKE2b-256 of its text. A column of type ANY holds
-- a value's canonical JSON as TEXT, or as BLOB the 64 hex digits of such a hash. Times are Unix milliseconds
-- (virtual ones under simulation). Codes are those of the enums in include/bldr/ and src/graph/run.h.

-- One row per thread. `head` grows by one with every committed update: the compare-and-swap that lets only one
-- process advance a thread.
CREATE TABLE thread(
	number     INTEGER PRIMARY KEY,
	id         TEXT NOT NULL UNIQUE,  -- the caller's name of it
	graph      TEXT NOT NULL,
	graph_hash TEXT NOT NULL,
	seed       INTEGER NOT NULL,      -- 64 random bits, read as a signed number
	created_ms INTEGER NOT NULL,
	updated_ms INTEGER NOT NULL,
	head       INTEGER NOT NULL,
	status     INTEGER NOT NULL,      -- 0 running, 1 done, 2 failed
	next_id    INTEGER NOT NULL,      -- counter of task and effect ids
	last_event INTEGER NOT NULL,      -- counter of event numbers
	code       INTEGER NOT NULL,      -- failed: the BLDR_E_* code of what failed; else 0
	error      TEXT                   -- why it failed
) STRICT;

-- One row per superstep that began, in a frame (0: the root graph, else the id of the task that opened the subgraph):
--	{"writes":[["channel","=",VALUE],["channel","+",null,"HASH"]...],"tasks":[[id,"node",send,INPUT]...]}
-- The writes were folded in before it began: "=" is the channel's new value, "+" what its reducer was given. A
-- fourth item is the hash of a large value. A task's `send` is -1 when an edge started it, and then it has no INPUT; a
-- fifth item is the hash of a large one. No tasks: the frame has ended. The state at step k are the writes
-- from the last row with base = 1 (every set channel in full) up to k.
CREATE TABLE step(
	thread INTEGER NOT NULL,
	frame  INTEGER NOT NULL,
	step   INTEGER NOT NULL,
	at_ms  INTEGER NOT NULL,
	base   INTEGER NOT NULL,
	record TEXT NOT NULL,
	PRIMARY KEY(thread, frame, step)
) STRICT;

-- What a task of an open superstep wrote that ended before its siblings. The rows of a superstep go in the
-- transaction that begins the next one, whose record holds their writes.
CREATE TABLE patch(
	thread INTEGER NOT NULL,
	task   INTEGER NOT NULL,
	patch  TEXT NOT NULL,            -- the graph module's own form
	PRIMARY KEY(thread, task)
) STRICT;

-- The round that a task is in which went again, and what it keeps. Gone with its superstep, as patches are.
CREATE TABLE round(
	thread INTEGER NOT NULL,
	task   INTEGER NOT NULL,
	round  INTEGER NOT NULL,         -- 1 and more
	at_ms  INTEGER NOT NULL,         -- when it began: the time it sees
	kept   ANY,
	PRIMARY KEY(thread, task)
) STRICT;

-- One row per effect: the intent, committed before it is performed, and its result once it has one.
CREATE TABLE effect(
	thread     INTEGER NOT NULL,
	id         INTEGER NOT NULL,
	task       INTEGER NOT NULL,
	attempt    INTEGER NOT NULL,
	at_ms      INTEGER NOT NULL,     -- when it was intended; a sleep is counted from here
	round      INTEGER NOT NULL,
	ordinal    INTEGER NOT NULL,
	kind       TEXT NOT NULL,
	class      INTEGER NOT NULL,     -- 0 pure, 1 keyed, 2 once, 3 local
	key        TEXT NOT NULL,
	request    ANY NOT NULL,
	timeout_ms INTEGER NOT NULL,
	status     INTEGER,              -- NULL: no result yet; 0 done, 1 failed, 2 timed out, 3 cancelled, 4 unknown
	-- A local effect is performed by the commit of its intent: code, value and error are set then, status when
	-- the result has been delivered.
	code       INTEGER,              -- 0 when done, otherwise a BLDR_E_* code (include/bldr/error.h)
	value      ANY,                  -- done: what came back
	error      TEXT,                 -- otherwise: why
	PRIMARY KEY(thread, id)
) STRICT;

-- The events of one committed update in one row, `seq` being the first one's number: [[at_ms,"type",DATA]...].
-- Numbers are 1, 2, 3... per thread without gap.
CREATE TABLE event(
	thread INTEGER NOT NULL,
	seq    INTEGER NOT NULL,
	events TEXT NOT NULL,
	PRIMARY KEY(thread, seq)
) STRICT;

CREATE TABLE blob(
	hash  TEXT PRIMARY KEY,          -- 64 hex digits
	value TEXT NOT NULL
) STRICT;
