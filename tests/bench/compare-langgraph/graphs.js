// LangGraph for JavaScript in the cases of compare-langgraph: `node graphs.js CASE SCRATCH` prints one JSON object.
// The graphs are those of tests/bench/engine/graphs.c; SqliteSaver (better-sqlite3) is used as it comes.
import { readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { Annotation, Command, END, interrupt, Send, START, StateGraph } from "@langchain/langgraph";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";

const BATCHES = 3;
const add = { reducer: (a, b) => a + b, default: () => 0 };
const append = { reducer: (a, b) => a.concat(b), default: () => [] };
const Count = Annotation.Root({ n: Annotation(add), state: Annotation(), list: Annotation(append) });
const Found = Annotation.Root({ out: Annotation(append) });
const Answer = Annotation.Root({ n: Annotation(), answer: Annotation() });

function filler(size) {
  let text = "";
  for (let i = 0; i < size; i++) {
    text += String.fromCharCode(97 + Math.floor(Math.random() * 26));
  }
  return text;
}

function chain(nodes) {
  const graph = new StateGraph(Count);
  let before = START;
  for (let i = 0; i < nodes; i++) {
    graph.addNode(`n${i}`, () => ({}));
    graph.addEdge(before, `n${i}`);
    before = `n${i}`;
  }
  return graph;
}

function loop(limit, write = () => ({})) {
  return new StateGraph(Count)
    .addNode("tick", () => ({ n: 1, ...write() }))
    .addEdge(START, "tick")
    .addConditionalEdges("tick", (s) => (s.n % limit === 0 ? END : "tick"), ["tick", END]);
}

function fanout(tasks) {
  return new StateGraph(Found)
    .addNode("plan", () => ({}))
    .addNode("work", (i) => ({ out: [i.i] }))
    .addNode("join", () => ({}))
    .addEdge(START, "plan")
    .addConditionalEdges("plan", () => Array.from({ length: tasks }, (_, i) => new Send("work", { i })), ["work"])
    .addEdge("work", "join");
}

const ask = () =>
  new StateGraph(Answer)
    .addNode("ask", () => ({ answer: interrupt("May it go on?") }))
    .addEdge(START, "ask");

const config = (number) => ({ configurable: { thread_id: `t${number}` }, recursionLimit: 100000 });

function fileBytes(path) {
  return readdirSync(dirname(path))
    .filter((name) => name.startsWith(basename(path)) && !name.endsWith("-shm"))
    .reduce((sum, name) => sum + statSync(join(dirname(path), name)).size, 0);
}

function cpuUs() {
  const used = process.cpuUsage();
  return used.user + used.system;
}

const median = (numbers) => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

// `threads` at once, or (not together) one after the other: the median of BATCHES after a first that does not count.
async function run(graph, start, each, threads, checkpointer, together) {
  const compiled = graph.compile({ checkpointer });
  const cpu = [];
  const wall = [];
  let number = 0;
  for (let batch = together ? BATCHES : 0; batch <= BATCHES; batch++) {
    const cpuBefore = cpuUs();
    const wallBefore = performance.now();
    const running = [];
    for (let k = 0; k < threads; k++) {
      const one = compiled.invoke(start, config(number++));
      running.push(one);
      if (!together) {
        await one;
      }
    }
    await Promise.all(running);
    if (batch > 0) {
      cpu.push((cpuUs() - cpuBefore) / threads / each);
      wall.push(((performance.now() - wallBefore) * 1e3) / threads / each);
    }
  }
  return { cpu_us: median(cpu), wall_us: median(wall), items: number * each };
}

async function parked(checkpointer, path, threads) {
  const compiled = ask().compile({ checkpointer });
  await compiled.invoke({ n: 0 }, config(-1));
  const empty = fileBytes(path);
  let cpuBefore = cpuUs();
  for (let number = 0; number < threads; number++) {
    await compiled.invoke({ n: 0 }, config(number));
  }
  const parkCpu = (cpuUs() - cpuBefore) / threads;
  checkpointer.db.pragma("wal_checkpoint(TRUNCATE)");
  const stored = (fileBytes(path) - empty) / threads;
  const took = [];
  cpuBefore = cpuUs();
  for (let number = 0; number < threads; number++) {
    const began = performance.now();
    await compiled.invoke(new Command({ resume: true }), config(number));
    took.push((performance.now() - began) * 1e3);
  }
  took.sort((a, b) => a - b);
  return {
    park_cpu_us: parkCpu,
    db_bytes: stored,
    resume_cpu_us: (cpuUs() - cpuBefore) / threads,
    resume_p50_us: took[Math.floor(took.length / 2)],
    resume_p99_us: took[Math.floor((took.length - 1) * 0.99)],
  };
}

async function withSaver(path, run_) {
  const saver = SqliteSaver.fromConnString(path);
  saver.setup?.();
  const found = await run_(saver);
  saver.db.pragma("wal_checkpoint(TRUNCATE)");
  if (found.items !== undefined) {
    found.db_bytes = fileBytes(path) / found.items;
  }
  saver.db.close();
  return found;
}

async function measure(name, scratch) {
  const path = join(scratch, "javascript.db");
  const cut = name.lastIndexOf("_");
  const graphs = {
    chain_100: [() => chain(100), { n: 0 }, 100, 5],
    loop_1000: [() => loop(1000), { n: 0 }, 1000, 1],
    fanout_100: [() => fanout(100), { out: [] }, 100, 10],
    fanout_1000: [() => fanout(1000), { out: [] }, 1000, 1],
    threads_1000x20: [() => loop(20), { n: 0 }, 20, 1000, true],
    state_100k_static: [() => loop(100), { n: 0, state: filler(100000) }, 100, 1],
    state_100k_rewritten: [() => loop(100, () => ({ state: filler(100000) })), { n: 0, state: "" }, 100, 1],
    state_growing_1k: [() => loop(100, () => ({ list: [filler(1000)] })), { n: 0, list: [] }, 100, 1],
  };
  if (name === "cold_start") {
    return withSaver(path, async (s) => loop(1).compile({ checkpointer: s }).invoke({ n: 0 }, config(0)));
  }
  if (name === "parked") {
    return withSaver(path, (s) => parked(s, path, 1000));
  }
  const [make, start, each, threads, together] = graphs[name.slice(0, cut)];
  if (name.slice(cut + 1) === "memory") {
    return run(make(), start, each, threads, undefined, together);
  }
  return withSaver(path, (s) => run(make(), start, each, threads, s, together));
}

const result = await measure(process.argv[2], process.argv[3]);
result.peak_rss_kib = process.resourceUsage().maxRSS;
console.log(JSON.stringify(result));
