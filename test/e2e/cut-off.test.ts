/** Answers that are cut off, by a ledger that dies or a connection that is lost: each command says so, and what to do. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
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
  { args: ['history'], path: '/v1/events.ndjson', wayOut: AGAIN },
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

test('B2: a command whose output is taken slowly loses none of its last lines', async () => {
  const file = join(dir, 'uk-dates.csv');
  const rows = Array.from({ length: 3_000 }, () => 'patients-benefited,1,31/03/2024,counted');
  writeFileSync(file, ['measure,quantity,from,basis', ...rows, ''].join('\n'));
  const cli = resolve(__dirname, '../../dist/cli.js');
  const importing = `"${process.execPath}" "${cli}" import "${file}" --programme asthma-care 2>&1 | (sleep 1; cat)`;
  const env = { ...process.env, LEDGER_URL: ledger.url, LEDGER_KEY: ADMIN_KEY };
  const lines = execFileSync('sh', ['-c', importing], { env, encoding: 'utf8' }).trimEnd().split('\n');
  expect(lines.length).toBeGreaterThan(1_000);
  expect(lines.at(-1)).toMatch(/^ledger: \d+ of the first \d+ rows are wrong/);
});

test('B2: no code of the ledger ends its process by force', () => {
  const src = resolve(__dirname, '../../src');
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  expect(files.length).toBeGreaterThan(100);
  expect(files.filter((name) => readFileSync(join(src, name), 'utf8').includes('process.exit('))).toEqual([]);
});

test('B1: a CSV that was recorded is refused as NDJSON, as it is where it was not', async () => {
  const body = 'measure,quantity,from,basis\npatients-benefited,1,2023-04-01,counted\n';
  const send = (type: string, query = '') =>
    ledger.call('POST', `/v1/programmes/asthma-care/imports${query}`, {
      body,
      headers: { 'content-type': type },
    });
  expect((await send('text/csv')).status).toBe(201);
  expect((await send('application/x-ndjson', '?dryRun=true')).status).toBe(422);
  expect((await send('application/x-ndjson')).status).toBe(422);
});
