/** Answers that are cut off, by a ledger that dies or a connection that is lost: each command says so, and what to do. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../support/command.js';
import { ADMIN_KEY, Ledger } from '../support/ledger.js';
import { OUTCOME, record, registerProgramme } from '../support/outcomes.js';

const dir = mkdtempSync(join(tmpdir(), 'ledger-cut-off-'));
let ledger: Ledger;
let outcome: string;
/** In front of the ledger: breaks off the answers to what is asked for there. */
let proxy: Server;
let cutOff: { readonly path: string; readonly when: 'before' | 'amid' } | null = null;

beforeAll(async () => {
  ledger = await Ledger.start();
  await registerProgramme(ledger);
  const { outcomes } = await record(ledger, 'asthma-care', { ...OUTCOME, note: 'to be erased' });
  outcome = outcomes[0]!.id;
  proxy = createServer((request, response) => {
    void (async () => {
      const body: Buffer[] = [];
      for await (const chunk of request) body.push(chunk as Buffer);
      const answer = await ledger.fetch(request.url!, {
        method: request.method!,
        headers: { 'content-type': request.headers['content-type'] ?? 'application/json' },
        ...(body.length > 0 && { body: Buffer.concat(body) }),
      });
      const whole = Buffer.from(await answer.arrayBuffer());
      const cut = request.url!.startsWith(cutOff?.path ?? '-') ? cutOff!.when : null;
      if (cut === 'before') return response.destroy();
      const headers = {
        'ledger-sequence': answer.headers.get('ledger-sequence')!,
        'content-length': whole.length,
      };
      response.writeHead(answer.status, headers);
      if (cut === null) return response.end(whole);
      response.write(whole.subarray(0, whole.length / 2), () => response.destroy());
    })();
  });
  await new Promise<void>((listens) => proxy.listen(0, '127.0.0.1', listens));
});
afterAll(async () => {
  proxy.close();
  await ledger.remove();
  rmSync(dir, { recursive: true });
});

const run = (...args: string[]) =>
  runCommand(args, {
    LEDGER_URL: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    LEDGER_KEY: ADMIN_KEY,
    DATA_DIR: ledger.dataDir,
  });

const ERASE = ['--reason', 'request 7', '--authorised-by', 'Data protection officer'];
const KEY = ['--name', 'a', '--role', 'auditor'];
const AGAIN = /; see whether the ledger runs, and run the command again\n$/;
const LOOK_FIRST = /; the ledger may have done it: see whether it has before you run the command again\n$/;

test.each([
  { args: ['totals'], path: '/v1/totals/annual', wayOut: AGAIN },
  { args: ['export', 'outcomes'], path: '/v1/outcomes', wayOut: AGAIN },
  { args: ['history'], path: '/v1/events', wayOut: AGAIN },
  { args: ['history', 'asthma-care'], path: '/v1/programmes/asthma-care', wayOut: AGAIN },
  { args: ['prove'], path: '/v1/audit/bundle', wayOut: AGAIN },
  { args: ['keys', 'list'], path: '/v1/keys', wayOut: AGAIN },
  { args: ['keys', 'create', ...KEY], path: '/v1/keys', wayOut: LOOK_FIRST },
  { args: ['rebuild'], path: '/v1/projections/rebuild', wayOut: AGAIN },
])('$args says which answer was cut off, and what to do', async ({ args, path, wayOut }) => {
  for (const when of ['amid', 'before'] as const) {
    cutOff = { path, when };
    const { code, stderr } = await run(...args);
    // The new key is announced only once it is there.
    expect([when, code, stderr.split('\n').length]).toEqual([when, 1, 2]);
    expect(stderr).toMatch(/^ledger: the answer of http:\S+ to (GET|POST) \S+ was cut off \(\w+\)/);
    expect(stderr).toContain(` ${path}`);
    expect(stderr).toMatch(wayOut);
  }
});

test('an erasure whose answer was cut off is asked for again', async () => {
  cutOff = { path: `/v1/outcomes/${outcome}/erasure`, when: 'amid' };
  expect((await run('erase', outcome, ...ERASE)).stderr).toMatch(AGAIN);
  cutOff = null;
  expect((await run('erase', outcome, ...ERASE)).code).toBe(0);
});

test.each([
  { args: ['export', 'outcomes'], path: '/v1/outcomes' },
  { args: ['prove'], path: '/v1/audit/bundle' },
])('$args leaves no file under the name of a whole one', async ({ args, path }) => {
  cutOff = { path, when: 'amid' };
  const out = join(dir, 'out');
  const { code, stderr } = await run(...args, '--out', out);
  expect([code, stderr.split('\n').length]).toEqual([1, 2]);
  expect(stderr).toContain('was cut off');
  expect([existsSync(out), readdirSync(dir)]).toEqual([false, []]);
});
