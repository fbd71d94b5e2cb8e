import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Database from 'better-sqlite3';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ViewsDirectory } from '../../src/projections/views-directory.js';
import { runCommand, startCommand } from '../support/command.js';

const dataDir = mkdtempSync(join(tmpdir(), 'ledger-example-'));
const env: NodeJS.ProcessEnv = { DATA_DIR: dataDir, PORT: '0', LOG_LEVEL: 'warn' };
let serving: ChildProcess;

/** Starts the example, and resolves with what it printed once it has printed its totals. */
async function serveExample(): Promise<string> {
  serving = startCommand(['serve', '--example'], env);
  let output = '';
  await new Promise<void>((ready, fails) => {
    serving.stdout!.setEncoding('utf8').on('data', (text: string) => {
      if ((output += text).includes('no total over years')) ready();
    });
    serving.once('exit', () => fails(new Error(`ended at its start: ${output}`)));
  });
  env['LEDGER_URL'] = /serves at (\S+)/.exec(output)![1]!;
  return output;
}

async function stopServing(): Promise<void> {
  const exited = once(serving, 'exit');
  serving.kill('SIGTERM');
  await exited;
}

let firstOutput: string;
beforeAll(async () => {
  firstOutput = await serveExample();
});
afterAll(async () => {
  if (serving.exitCode === null) await stopServing();
  rmSync(dataDir, { recursive: true, force: true });
});

const run = (...args: string[]) => runCommand(args, env);

/** The cells of a table's row that begins with a label. */
function row(output: string, label: string): string[] {
  const line = output.split('\n').find((each) => each.startsWith(`${label}  `));
  return line!.split(/ {2,}/).slice(2);
}

describe('the example', () => {
  test('prints the published annual totals and the totals since 2018-19', () => {
    expect(row(firstOutput, 'Patients benefited')).toEqual([
      '–',
      '–',
      '489,000',
      '–',
      '530,000',
      '1,228,000',
      '1,000,000',
      '3,247,000',
    ]);
    expect(row(firstOutput, 'Investment leveraged').at(-1)).toBe('£1,857,000,000');
    expect(row(firstOutput, 'Jobs created or safeguarded').at(-1)).toBe('4,992');
    expect(row(firstOutput, 'Jobs safeguarded').at(-1)).toBe('763');
    expect(row(firstOutput, 'Jobs created').at(-1)).toBe('700');
    expect(row(firstOutput, 'Trusts implementing')).toContain('92%, 96%, 99.3%');
  });

  test('answers in pence, with the other years missing and not zero', async () => {
    const { stdout } = await run('totals', '--measure', 'investment-leveraged', '--json');
    const { totals } = JSON.parse(stdout) as {
      totals: { since: { total: number; missingYears: string[] } }[];
    };
    expect(totals[0]!.since).toMatchObject({
      total: 185_700_000_000,
      missingYears: ['2018-19', '2019-20', '2021-22'],
    });
  });

  test('loaded again changes nothing', async () => {
    const before = (await run('history', '--json')).stdout;
    await stopServing();
    const again = await serveExample();
    expect(row(again, 'Patients benefited')).toEqual(row(firstOutput, 'Patients benefited'));
    expect((await run('history', '--json')).stdout).toBe(before);
  });
});

describe('ledger export', () => {
  test('writes outcomes that add up to the totals, as NDJSON', async () => {
    const { stdout } = await run('export', 'outcomes', '--format', 'ndjson', '--measure', 'jobs');
    const outcomes = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { quantity: number });
    expect(outcomes.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(4_992);
  });

  test('writes CSV in which no cell is taken for a formula', async () => {
    const post = (path: string, body: object, headers = {}) =>
      fetch(env['LEDGER_URL'] + path, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: {
          authorization: `Bearer ${readFileSync(join(dataDir, 'admin.key'), 'utf8').trim()}`,
          'content-type': 'application/json',
          ...headers,
        },
      });
    await post('/v1/programmes', { id: 'formulas', name: 'Formulas', startedOn: '2020-04-01' });
    const outcome = { measure: 'views', quantity: 1, effective: { from: '2020-04-01' }, basis: 'counted' };
    const key = { 'idempotency-key': '00000000-0000-4000-8000-00000000000f' };
    await post(
      '/v1/programmes/formulas/submissions',
      { outcomes: [{ ...outcome, note: '=HYPERLINK("x")' }] },
      key,
    );
    const out = join(dataDir, 'outcomes.csv');
    const { code } = await run('export', 'outcomes', '--programme', 'formulas', '--out', out);
    expect(code).toBe(0);
    expect(readFileSync(out, 'utf8')).toContain(`"'=HYPERLINK(""x"")"`);
  });
});

describe('ledger replay', () => {
  test('agrees with the read models, now and at any moment', async () => {
    expect(await run('replay')).toMatchObject({ code: 0, stdout: expect.stringContaining('agree') });
    const { stdout } = await run('replay', '--until', '60', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ agrees: true, sequence: 60, events: 61, differences: [] });
  });

  test('names the figure that was altered, and a rebuild puts it right', async () => {
    await stopServing();
    const views = new Database(new ViewsDirectory(dataDir).currentFile()!);
    views.exec(`UPDATE cells SET state = replace(state, '763', '764') WHERE measure = 'jobs-safeguarded'`);
    views.close();
    const altered = await run('replay');
    expect(altered.code).toBe(1);
    expect(altered.stdout).toMatch(/differs: jobs-safeguarded innovation-exchange .*764.*763/);
    expect((await run('rebuild', '--offline')).code).toBe(0);
    expect((await run('replay')).code).toBe(0);
    await serveExample();
    expect(await run('rebuild')).toMatchObject({ code: 0, stdout: expect.stringContaining('Rebuilt') });
  });
});

describe('the command line', () => {
  test.each([
    [['--help'], 0, /Usage: ledger/],
    [['totals', '--help'], 0, /--as-at/],
    [['no-such-command'], 2, /unknown command/],
    [['import', 'x.csv'], 2, /--programme/],
    [['import', 'no-such-file.csv', '--programme', 'formulas'], 2, /there is no file/],
    [['export', 'nonsense'], 2, /Allowed choices are outcomes, totals/],
    [['totals', '--measure', 'no-such-measure'], 1, /There is no such measure/],
    [['history', 'no-such-programme'], 1, /There is no such programme/],
    [['totals', '--as-at', '2999-01-01'], 1, /future/],
    [['totals', '--url', 'http://127.0.0.1:1'], 1, /no ledger answers .* ledger serve/],
    [['rebuild', '--offline'], 1, /another process has the data directory/],
  ])('%j ends with %i and says why', async (args, code, says) => {
    const result = await run(...args);
    expect(result.stdout + result.stderr).toMatch(says);
    expect(result.code).toBe(code);
    expect(result.stderr).not.toMatch(/ at .*\(.*:\d+:\d+\)/);
  });
});
