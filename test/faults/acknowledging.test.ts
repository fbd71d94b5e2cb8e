/**
 * First the flush, then the acknowledgement: seen where the process meets the system, by what strace shows of its
 * calls. For each submission, the write that has it in the log of events.db is over before a flush of that log
 * begins, and that flush is over before the answer is written.
 */
import { afterAll, beforeAll, expect } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ledger } from '../support/ledger.js';
import { OUTCOME, registerProgramme, submit } from '../support/outcomes.js';
import { needsTool } from '../support/tools.js';

/** A system call: the lines of the trace at which it began and was over. */
interface SystemCall {
  readonly name: string;
  readonly began: number;
  readonly over: number;
  /** Its arguments and its result, as strace writes them. */
  readonly text: string;
}

const dir = mkdtempSync(join(tmpdir(), 'ledger-trace-'));
let ledger: Ledger;
beforeAll(async () => {
  ledger = await Ledger.start();
  await registerProgramme(ledger);
});
afterAll(async () => {
  await ledger.remove();
  rmSync(dir, { recursive: true });
});

needsTool('strace')(
  'each submission is on disk before its answer is sent, alone or with others',
  async () => {
    const file = join(dir, 'trace');
    const calls = 'trace=read,write,writev,pwrite64,sendto,sendmsg,fsync,fdatasync';
    const traced = ['-f', '-y', '-s', '100000', '-e', calls, '-e', 'signal=none', '-o', file];
    const strace = spawn('strace', [...traced, '-p', String(ledger.pid)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await once(strace.stderr, 'data');

    const keys = Array.from({ length: 40 }, () => randomUUID());
    const send = async (key: string) =>
      expect((await submit(ledger, 'asthma-care', [OUTCOME], key)).status).toBe(201);
    for (const key of keys.slice(0, 10)) await send(key);
    await Promise.all(keys.slice(10).map(send));
    // One more answer: a client may have the last one before the call that wrote it is over, and strace leaves it out.
    await ledger.call('GET', '/v1/measures');

    const ended = once(strace, 'exit');
    strace.kill('SIGINT');
    await ended;
    const all = callsIn(readFileSync(file, 'utf8'));
    const flushes = all.filter(
      ({ name, text }) => /^f(data)?sync$/.test(name) && /events\.db-wal>\) += 0/.test(text),
    );
    const writes = all.filter(({ name, text }) => name === 'pwrite64' && /events\.db-wal>/.test(text));
    for (const key of keys) {
      const received = all.find(({ name, text }) => name === 'read' && text.includes(key));
      const answered = all.find(({ text }) => text.includes('HTTP/1.1 201') && text.includes(key));
      expect([key, received !== undefined, answered !== undefined]).toEqual([key, true, true]);
      // Pages are encrypted: a submission's write is one between its request and its answer, with a flush after it.
      const isDue = ({ began, over }: SystemCall) => began > received!.over && over < answered!.began;
      const written = writes.find(isDue);
      const flushed = flushes.filter((flush) => isDue(flush) && flush.began > (written?.over ?? Infinity));
      expect([key, written !== undefined, flushed.length > 0]).toEqual([key, true, true]);
    }
    // Those that came together shared them.
    expect(flushes.length).toBeLessThan(keys.length);
  },
);

/** What a thread began and another interrupted is put together again. */
function callsIn(trace: string): SystemCall[] {
  const calls: SystemCall[] = [];
  const unfinished = new Map<string, { readonly began: number; readonly text: string }>();
  for (const [line, whole] of trace.split('\n').entries()) {
    const [, thread, rest] = /^(\d+) +(.*)$/.exec(whole) ?? [];
    if (thread === undefined || rest === undefined) continue;
    const [, resumed] = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest) ?? [];
    const begun = resumed === undefined ? undefined : unfinished.get(thread);
    const text = begun ? begun.text + resumed! : rest;
    const began = begun?.began ?? line;
    if (rest.endsWith('<unfinished ...>'))
      unfinished.set(thread, { began, text: text.replace(/ <unfinished \.\.\.>$/, '') });
    else calls.push({ name: /^\w*/.exec(text)![0], began, over: line, text });
  }
  return calls;
}
