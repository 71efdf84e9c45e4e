-- The journal's tables, version 2. One file holds the threads of one tenant.
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
	graph_version INTEGER NOT NULL,
	root       INTEGER NOT NULL,      -- its current lineage: the frame of the root graph, 0 or that of a fork
	step       INTEGER NOT NULL,      -- the superstep that frame is in
	seed       INTEGER NOT NULL,      -- 64 random bits, read as a signed number
	created_ms INTEGER NOT NULL,
	updated_ms INTEGER NOT NULL,
	head       INTEGER NOT NULL,
	status     INTEGER NOT NULL,      -- 0 running, 1 done, 2 failed, 3 paused
	next_id    INTEGER NOT NULL,      -- counter of task and effect ids
	last_event INTEGER NOT NULL,      -- counter of event numbers
	code       INTEGER NOT NULL,      -- failed: the BLDR_E_* code of what failed; else 0
	error      TEXT                   -- why it failed
) STRICT;

-- The structure of every graph that a thread was started or resumed under, by its hash: bldr_graph_structure.
CREATE TABLE graph(
	hash      TEXT PRIMARY KEY,
	name      TEXT NOT NULL,
	version   INTEGER NOT NULL,
	structure TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- One row per superstep that began, in a frame (0: the root graph, or a fork of it, else the id of the task that opened the subgraph):
--	{"writes":[["channel","=",VALUE],["channel","+",null,"HASH"],["channel","-"]...],"tasks":[[id,"node",send,INPUT]...]}
-- The writes were folded in before it began: "=" is the channel's new value, "+" what its reducer was given, "-" that it is unset. A
-- fourth item is the hash of a large value. A task's `send` is -1 when an edge started it, and then it has no INPUT; a
-- fifth item is the hash of a large one. No tasks: the frame has ended. The state at step k are the writes
-- from the last row with base = 1 (every set channel in full) up to k.
CREATE TABLE step(
	thread INTEGER NOT NULL,
	frame  INTEGER NOT NULL,
	step   INTEGER NOT NULL,
	at_ms  INTEGER NOT NULL,
	base   INTEGER NOT NULL,
	source INTEGER NOT NULL,         -- 0 input, 1 loop, 2 update, 3 fork, 4 migrate
	first  INTEGER NOT NULL,         -- the superstep that its invocation began with
	held   INTEGER NOT NULL,         -- 1: its tasks begin when the thread is resumed
	lineage INTEGER NOT NULL,        -- 1: the frame is the root graph's, or a fork's; 0: a subgraph's
	event  INTEGER NOT NULL,         -- the first event of its update: its own are there and behind; 0: version 1
	from_frame INTEGER,              -- fork: the checkpoint it was made from
	from_step  INTEGER,
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
) STRICT, WITHOUT ROWID;

-- The round that a task is in which went again, and what it keeps. Gone with its superstep, as patches are.
CREATE TABLE round(
	thread INTEGER NOT NULL,
	task   INTEGER NOT NULL,
	round  INTEGER NOT NULL,
	at_ms  INTEGER NOT NULL,         -- when it began: the time it sees
	kept   ANY,
	PRIMARY KEY(thread, task)
) STRICT, WITHOUT ROWID;

-- What the handler of a task's node was given when the task failed. Gone with its superstep, as patches are.
CREATE TABLE handler(
	thread INTEGER NOT NULL,
	task   INTEGER NOT NULL,
	at_ms  INTEGER NOT NULL,
	input  ANY NOT NULL,
	PRIMARY KEY(thread, task)
) STRICT, WITHOUT ROWID;

-- Inputs that wait until the invocations before them have ended.
CREATE TABLE queued(
	thread INTEGER NOT NULL,
	number INTEGER NOT NULL,
	at_ms  INTEGER NOT NULL,
	input  ANY NOT NULL,
	PRIMARY KEY(thread, number)
) STRICT, WITHOUT ROWID;

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
	tries      INTEGER NOT NULL,     -- that have ended without a result that counts
	due_ms     INTEGER NOT NULL,     -- when the next one may begin; 0: at once
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

-- Large values. `thread` is the only thread whose rows may name it, or 0 when others may, too: what a thread has
-- dropped can be told from its own rows then.
CREATE TABLE blob(
	hash   TEXT PRIMARY KEY,         -- 64 hex digits
	thread INTEGER NOT NULL,
	value  TEXT NOT NULL
) STRICT;
CREATE INDEX blob_thread ON blob(thread);

-- Results that answer further effects with the same kind and request, until they expire. hash: BLAKE2b-256 of
-- kind, a line feed, and the canonical request.
CREATE TABLE cache(
	hash       TEXT PRIMARY KEY,
	expires_ms INTEGER NOT NULL,
	value      ANY NOT NULL
) STRICT, WITHOUT ROWID;

-- How far the rate of a policy is used up: when the next effect of its kind may begin, had all come as fast as allowed (the
-- theoretical arrival time of the generic cell rate algorithm, ITU-T I.371).
CREATE TABLE rate(
	kind  TEXT PRIMARY KEY,
	at_us INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
