PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE schema_version(module TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO schema_version VALUES('journal',1);
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
INSERT INTO thread VALUES(1,'parked','g','babae22a8018bdf6b627e1f2597fcd2cdf5a24bd077000c411b53744a4a9cbd3',7,1761000000000,1761000000100,2,0,8,14,0,NULL);
CREATE TABLE step(
	thread INTEGER NOT NULL,
	frame  INTEGER NOT NULL,
	step   INTEGER NOT NULL,
	at_ms  INTEGER NOT NULL,
	base   INTEGER NOT NULL,
	record TEXT NOT NULL,
	PRIMARY KEY(thread, frame, step)
) STRICT;
INSERT INTO step VALUES(1,0,0,1761000000000,1,'{"writes":[],"tasks":[[1,"begin",-1]]}');
INSERT INTO step VALUES(1,0,1,1761000000000,0,'{"writes":[["large","=",null,"d27ad7c20c383bb88eee2778f6b1b64e6b54c6c1594d9d8c7381662e70998c6e"]],"tasks":[[2,"again",-1],[3,"ask",-1],[4,"done",-1]]}');
CREATE TABLE patch(
	thread INTEGER NOT NULL,
	task   INTEGER NOT NULL,
	patch  TEXT NOT NULL,            -- the graph module's own form
	PRIMARY KEY(thread, task)
) STRICT;
INSERT INTO patch VALUES(1,4,'{"sends":[],"to":[],"writes":[["log",["done"]]]}');
CREATE TABLE round(
	thread INTEGER NOT NULL,
	task   INTEGER NOT NULL,
	round  INTEGER NOT NULL,         -- 1 and more
	at_ms  INTEGER NOT NULL,         -- when it began: the time it sees
	kept   ANY,
	PRIMARY KEY(thread, task)
) STRICT;
INSERT INTO round VALUES(1,2,1,1761000000100,'{"first":"one"}');
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
INSERT INTO effect VALUES(1,5,2,0,1761000000000,0,0,'work',1,'parked/1:again#0.0','{"args":{"round":0},"work":"answer"}',0,0,0,'"one"',NULL);
INSERT INTO effect VALUES(1,6,3,0,1761000000000,0,0,'interrupt',0,'parked/1:ask#0.0','{"question":"Is it right?"}',0,NULL,NULL,NULL,NULL);
INSERT INTO effect VALUES(1,7,2,0,1761000000100,1,0,'work',1,'parked/1:again#1.0','{"args":{"round":1},"work":"answer"}',0,NULL,NULL,NULL,NULL);
CREATE TABLE event(
	thread INTEGER NOT NULL,
	seq    INTEGER NOT NULL,
	events TEXT NOT NULL,
	PRIMARY KEY(thread, seq)
) STRICT;
INSERT INTO event VALUES(1,1,'[[1761000000000,"run.started",{"graph":"g"}],[1761000000000,"superstep",{"frame":"/","step":0,"tasks":["/0:begin"]}],[1761000000000,"task.started",{"node":"begin","task":"/0:begin"}],[1761000000000,"task.ended",{"node":"begin","task":"/0:begin","writes":["large"]}],[1761000000000,"superstep",{"frame":"/","step":1,"tasks":["/1:again","/1:ask","/1:done"]}],[1761000000000,"task.started",{"node":"again","task":"/1:again"}],[1761000000000,"effect.intended",{"key":"parked/1:again#0.0","kind":"work","name":"answer"}],[1761000000000,"task.started",{"node":"ask","task":"/1:ask"}],[1761000000000,"effect.intended",{"key":"parked/1:ask#0.0","kind":"interrupt","name":"interrupt"}],[1761000000000,"task.started",{"node":"done","task":"/1:done"}],[1761000000000,"task.ended",{"node":"done","task":"/1:done","writes":["log"]}]]');
INSERT INTO event VALUES(1,12,'[[1761000000100,"effect.ended",{"key":"parked/1:again#0.0","status":"done"}],[1761000000100,"task.again",{"node":"again","round":1,"task":"/1:again"}],[1761000000100,"effect.intended",{"key":"parked/1:again#1.0","kind":"work","name":"answer"}]]');
CREATE TABLE blob(
	hash  TEXT PRIMARY KEY,          -- 64 hex digits
	value TEXT NOT NULL
) STRICT;
INSERT INTO blob VALUES('d27ad7c20c383bb88eee2778f6b1b64e6b54c6c1594d9d8c7381662e70998c6e','"vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv"');
COMMIT;
