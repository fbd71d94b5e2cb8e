/**
 * Loaded into a process, and into each of its threads, before anything else: counts the steps that a thread takes
 * towards lasting effect, and kills the whole process in front of one of them.
 *
 * A step is what a power cut can come before or after with different consequences: a statement that changes a
 * database, a file that is written, a message to another thread. Reads are none. `CRASH_AT` says where, as
 * `writer1:17`: in front of the 18th step of the writer, the first thread. `CRASH_TRACE` names a directory that
 * gets the steps of each thread, one a line.
 */
'use strict';
const fs = require('node:fs');
const { join } = require('node:path');
const { isMainThread, MessagePort, threadId, Worker, workerData } = require('node:worker_threads');

const thread = isMainThread
  ? 'main'
  : workerData?.groupSizeMax
    ? `writer${threadId}`
    : workerData?.rebuild !== undefined
      ? `projector${threadId}`
      : null; // The self-check changes nothing.

const { CRASH_AT, CRASH_TRACE } = process.env;
const [crashThread, crashStep] = CRASH_AT?.split(':') ?? [];
const stepToCrashAt = crashThread === thread ? Number(crashStep) : -1;
const trace = CRASH_TRACE && thread ? fs.openSync(join(CRASH_TRACE, thread), 'a') : null;
let steps = 0;

function step(kind) {
  if (steps === stepToCrashAt) {
    // The other threads go on for a moment, so that whatever was told too early has its consequences.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
    process.kill(process.pid, 'SIGKILL');
  }
  steps += 1;
  if (trace !== null) fs.writeSync(trace, `${kind.replace(/\s+/g, ' ').trim().slice(0, 60)}\n`);
}

/** Makes each call of a method a step, unless its kind is null. */
function before(owner, method, kindOf) {
  const original = owner[method];
  owner[method] = function (...args) {
    const kind = kindOf(...args, this);
    if (kind !== null) step(kind);
    return original.apply(this, args);
  };
}

if (thread === 'main') {
  for (const method of ['writeFileSync', 'renameSync', 'rmSync']) before(fs, method, () => method);
  before(
    Worker.prototype,
    'postMessage',
    (message) => `send ${Array.isArray(message) ? 'appends' : message}`,
  );
} else if (thread !== null) {
  const Database = require('better-sqlite3-multiple-ciphers');
  const probe = new Database(':memory:');
  const statement = Object.getPrototypeOf(probe.prepare('SELECT 1'));
  probe.close();
  before(Database.prototype, 'exec', (sql) => `exec ${sql}`);
  before(Database.prototype, 'pragma', (sql) => (/[=(]/.test(sql) ? `pragma ${sql}` : null));
  before(Database.prototype, 'close', () => 'close');
  before(statement, 'run', (...args) => `run ${args.at(-1).source}`);
  // What is told to all threads is `null`.
  before(MessagePort.prototype, 'postMessage', (message) =>
    message === null ? 'tell all' : `tell ${message.kind ?? 'replies'}`,
  );
}
